import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("posts", "0001_initial"),
        ("social", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Preferences",
            fields=[
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="notification_preferences",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("read_up_to", models.BigIntegerField(default=0, editable=False)),
                ("allowed", models.JSONField(default=dict)),
            ],
            options={
                "verbose_name_plural": "preferences",
            },
        ),
        migrations.CreateModel(
            name="Watermark",
            fields=[
                ("cause", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("up_to", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        db_default=models.Func(function="snowflake_id", output_field=models.BigIntegerField()),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("follow", "New followers"),
                            ("request", "Follow requests"),
                            ("accepted", "Accepted follow requests"),
                            ("like", "Likes of your posts"),
                            ("comment", "Comments on your posts"),
                            ("reply", "Replies to your comments"),
                            ("comment_like", "Likes of your comments"),
                            ("mention", "Mentions of you"),
                            ("tag", "Photos in which you are tagged"),
                        ],
                        editable=False,
                        max_length=12,
                    ),
                ),
                ("day", models.DateField(editable=False, null=True)),
                ("latest", models.BigIntegerField(editable=False)),
                (
                    "comment",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="posts.comment",
                    ),
                ),
                (
                    "post",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="posts.post",
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Occurrence",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        db_default=models.Func(function="snowflake_id", output_field=models.BigIntegerField()),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("recipient_id", models.BigIntegerField(editable=False)),
                (
                    "actor",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "comment",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="posts.comment",
                    ),
                ),
                (
                    "comment_like",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="posts.commentlike",
                    ),
                ),
                (
                    "follow",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="social.follow",
                    ),
                ),
                (
                    "like",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="posts.like",
                    ),
                ),
                (
                    "mention",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="posts.mention",
                    ),
                ),
                (
                    "notification",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="occurrences",
                        to="notifications.notification",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="social.followrequest",
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="posts.persontag",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["recipient", "-latest"], name="notifications_newest_first"),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.UniqueConstraint(
                fields=("recipient", "kind", "post", "comment", "day"), name="one_row_a_thing", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        ["follow", "request", "accepted", "like", "comment", "reply", "comment_like", "mention", "tag"],
                    )
                ),
                name="notification_kind_is_known",
            ),
        ),
        migrations.AddIndex(
            model_name="occurrence",
            index=models.Index(fields=["notification", "-id"], include=("actor",), name="occurrences_newest_first"),
        ),
        migrations.AddConstraint(
            model_name="occurrence",
            constraint=models.UniqueConstraint(
                fields=(
                    "notification",
                    "actor",
                    "follow",
                    "request",
                    "like",
                    "comment",
                    "comment_like",
                    "mention",
                    "tag",
                ),
                name="one_occurrence_a_cause",
                nulls_distinct=False,
            ),
        ),
    ]
