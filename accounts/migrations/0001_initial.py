import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("common", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "id",
                    models.BigIntegerField(
                        db_default=models.Func(function="snowflake_id", output_field=models.BigIntegerField()),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("username", models.CharField(max_length=30, unique=True)),
                ("email", models.EmailField(max_length=254, unique=True)),
                ("name", models.CharField(blank=True, max_length=512, verbose_name="display name")),
                ("bio", models.TextField(blank=True, max_length=1200)),
                ("link", models.URLField(blank=True)),
                ("avatar", models.JSONField(blank=True, default=dict, editable=False)),
                ("avatar_original", models.CharField(blank=True, editable=False, max_length=200)),
                (
                    "avatar_state",
                    models.CharField(
                        blank=True,
                        choices=[("", "none"), ("processing", "processing"), ("ready", "ready"), ("failed", "failed")],
                        default="",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("avatar_error", models.CharField(blank=True, default="", editable=False, max_length=300)),
                ("avatar_attempts", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("avatar_queued_at", models.DateTimeField(editable=False, null=True)),
                (
                    "is_staff",
                    models.BooleanField(default=False, help_text="May sign in to the admin.", verbose_name="moderator"),
                ),
                ("suspended_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("suspended_reason", models.CharField(blank=True, editable=False, max_length=500)),
                ("session_epoch", models.CharField(default="", editable=False, max_length=16)),
                ("is_private", models.BooleanField(default=False, editable=False)),
                ("accepts_requests_up_to", models.BigIntegerField(editable=False, null=True)),
                ("deactivated_at", models.DateTimeField(editable=False, null=True)),
                ("deletes_at", models.DateTimeField(editable=False, null=True)),
                (
                    "who_may_tag",
                    models.CharField(
                        choices=[("everyone", "Everyone"), ("following", "People I follow"), ("nobody", "Nobody")],
                        default="everyone",
                        editable=False,
                        max_length=9,
                    ),
                ),
                ("hide_like_counts", models.BooleanField(db_default=False, default=False, editable=False)),
                ("last_seen_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("follows_version", models.PositiveIntegerField(default=0, editable=False)),
                ("folded_followers", models.IntegerField(default=0, editable=False)),
                ("folded_following", models.IntegerField(default=0, editable=False)),
                ("folded_posts", models.IntegerField(default=0, editable=False)),
                (
                    "words",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(
                            "username",
                            "name",
                            arg_joiner=" || ' ' || ",
                            output_field=models.TextField(),
                            template="left(' ' || search_words(%(expressions)s), 600)",
                        ),
                        output_field=models.TextField(),
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "person",
                "verbose_name_plural": "people",
            },
        ),
        migrations.CreateModel(
            name="Mobile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sealed", models.TextField(editable=False)),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("confirmed_at", models.DateTimeField()),
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="mobile", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PendingMobile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sealed", models.TextField(editable=False)),
                ("digest", models.CharField(editable=False, max_length=64)),
                ("code_hash", models.CharField(editable=False, max_length=64)),
                ("attempts", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("expires_at", models.DateTimeField()),
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pending_mobile",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OldUsername",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("username", models.CharField(max_length=30, unique=True)),
                ("given_up_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="old_usernames",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SubmittedForm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person_id", models.BigIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("result", models.BigIntegerField(null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "indexes": [models.Index(fields=["created_at"], name="submitted_forms_by_age")],
                "constraints": [models.UniqueConstraint(fields=("person_id", "digest"), name="submit_form_once")],
            },
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                fields=["-folded_followers", "-id"], include=("username", "words"), name="people_by_followers"
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(models.F("words"), "gin_trgm_ops"),
                fastupdate=False,
                name="people_by_part_of_words",
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("accepts_requests_up_to__isnull", False)),
                fields=["accepts_requests_up_to"],
                name="people_accepting_requests",
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("deletes_at__isnull", False)), fields=["deletes_at"], name="people_to_delete"
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("avatar_state", "processing")),
                fields=["avatar_queued_at"],
                name="avatars_unfinished",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("username__regex", "^(?!\\.)(?!.*\\.\\.)[a-z0-9._]{1,30}(?<!\\.)$")),
                name="username_is_well_formed",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                name="email_is_lower_case",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("deletes_at__isnull", True), ("deactivated_at__isnull", False), _connector="OR"),
                name="deleting_users_are_deactivated",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("name", ""),
                    (
                        "name__regex",
                        "[^\\u0001-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\U0001bca0-\\U0001bca3\\U0001d159\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff]",
                    ),
                    _connector="OR",
                ),
                name="names_are_visible",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("bio", ""),
                    (
                        "bio__regex",
                        "[^\\u0001-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\U0001bca0-\\U0001bca3\\U0001d159\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff]",
                    ),
                    _connector="OR",
                ),
                name="bios_are_visible",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("who_may_tag__in", ["everyone", "following", "nobody"])),
                name="who_may_tag_is_known",
            ),
        ),
        migrations.AddIndex(
            model_name="pendingmobile",
            index=models.Index(fields=["expires_at"], name="pending_mobiles_by_expiry"),
        ),
        migrations.AddConstraint(
            model_name="pendingmobile",
            constraint=models.CheckConstraint(
                condition=models.Q(("attempts__lte", 5)), name="code_attempts_are_limited"
            ),
        ),
        migrations.AddIndex(
            model_name="oldusername",
            index=models.Index(fields=["given_up_at"], name="old_usernames_by_age"),
        ),
    ]
