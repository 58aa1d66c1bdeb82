import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="IdempotencyRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person_id", models.BigIntegerField()),
                ("key", models.CharField(max_length=255)),
                ("address", models.CharField(max_length=200)),
                ("digest", models.CharField(max_length=64)),
                ("status", models.SmallIntegerField()),
                ("body", models.TextField()),
                ("location", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "indexes": [models.Index(fields=["created_at"], name="idempotency_records_by_age")],
                "constraints": [
                    models.UniqueConstraint(fields=("person_id", "key"), name="idempotency_keys_are_unique")
                ],
            },
        ),
        migrations.CreateModel(
            name="OAuthApp",
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
                ("name", models.CharField(max_length=50)),
                ("client_id", models.CharField(editable=False, max_length=64, unique=True)),
                ("secret_digest", models.CharField(blank=True, editable=False, max_length=64)),
                (
                    "redirect_uris",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=500), size=None),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="apps", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "app",
            },
        ),
        migrations.CreateModel(
            name="OAuthGrant",
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
                ("may_write", models.BooleanField()),
                ("session_hash", models.CharField(editable=False, max_length=64)),
                ("code_digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("code_expires_at", models.DateTimeField(editable=False)),
                ("redirect_uri", models.CharField(editable=False, max_length=500)),
                ("code_challenge", models.CharField(editable=False, max_length=128)),
                ("access_digest", models.CharField(editable=False, max_length=64, null=True, unique=True)),
                ("access_may_write", models.BooleanField(default=False, editable=False)),
                ("access_expires_at", models.DateTimeField(editable=False, null=True)),
                ("refresh_digest", models.CharField(editable=False, max_length=64, null=True, unique=True)),
                ("used_refresh_digest", models.CharField(db_index=True, editable=False, max_length=64, null=True)),
                ("expires_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(editable=False, null=True)),
                (
                    "app",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="grants", to="api_access.oauthapp"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "authorized app",
            },
        ),
        migrations.CreateModel(
            name="PersonalToken",
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
                ("name", models.CharField(max_length=50)),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("may_write", models.BooleanField(default=False)),
                ("session_hash", models.CharField(editable=False, max_length=64)),
                ("expires_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(editable=False, null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tokens", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "personal access token",
            },
        ),
        migrations.AddConstraint(
            model_name="oauthapp",
            constraint=models.UniqueConstraint(fields=("owner", "name"), name="app_names_are_unique"),
        ),
        migrations.AddIndex(
            model_name="oauthgrant",
            index=models.Index(fields=["expires_at"], name="grants_by_expiry"),
        ),
        migrations.AddIndex(
            model_name="personaltoken",
            index=models.Index(fields=["expires_at"], name="tokens_by_expiry"),
        ),
        migrations.AddConstraint(
            model_name="personaltoken",
            constraint=models.UniqueConstraint(fields=("person", "name"), name="token_names_are_unique"),
        ),
    ]
