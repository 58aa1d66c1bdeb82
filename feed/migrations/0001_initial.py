import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("posts", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DismissedPerson",
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
                    "dismissed",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
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
            options={
                "constraints": [models.UniqueConstraint(fields=("person", "dismissed"), name="dismissed_once")],
            },
        ),
        migrations.CreateModel(
            name="NotInterested",
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
                    "person",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "post",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="posts.post",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("person", "post"), name="not_interested_once")],
            },
        ),
        migrations.CreateModel(
            name="TagFollow",
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
                    "hashtag",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="posts.hashtag"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tags_followed",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["person", "-id"], name="tags_followed_newest_first")],
                "constraints": [models.UniqueConstraint(fields=("person", "hashtag"), name="tag_follow_once")],
            },
        ),
        migrations.CreateModel(
            name="TagMute",
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
                    "hashtag",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="posts.hashtag"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tags_muted",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["person", "-id"], name="tags_muted_newest_first")],
                "constraints": [models.UniqueConstraint(fields=("person", "hashtag"), name="tag_mute_once")],
            },
        ),
    ]
