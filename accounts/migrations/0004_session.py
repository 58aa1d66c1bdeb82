"""Replace the table of django.contrib.sessions by one that names the person, and move the sessions that are valid."""

import django.db.models.deletion
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core import signing
from django.db import migrations, models
from django.utils import timezone

BATCH = 2000


def move_sessions(apps, schema_editor):
    """Copy the rows, so that nobody is signed out, and drop the old table. A new database has none."""
    connection = schema_editor.connection
    session_model = apps.get_model("accounts", "Session")
    if "django_session" not in connection.introspection.table_names():
        return
    last_key = ""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT session_key, session_data, expire_date FROM django_session "
                "WHERE session_key > %s AND expire_date > %s ORDER BY session_key LIMIT %s",
                [last_key, timezone.now(), BATCH],
            )
            rows = cursor.fetchall()
            if not rows:
                break
            session_model.objects.bulk_create(
                session_model(session_key=key, session_data=data, expire_date=expires, user_id=user_of(data))
                for key, data, expires in rows
            )
            last_key = rows[-1][0]
        cursor.execute("DROP TABLE django_session")


def user_of(data):
    """Return the id of the person who is signed in by the content of a session; None for visitors."""
    try:
        content = signing.loads(data, salt="django.contrib.sessions.SessionStore", serializer=SessionBase().serializer)
        return int(content["_auth_user_id"])
    except (signing.BadSignature, KeyError, ValueError):
        return None


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_card_version")]

    operations = [
        migrations.CreateModel(
            name="Session",
            fields=[
                (
                    "session_key",
                    models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name="session key"),
                ),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"verbose_name": "session", "verbose_name_plural": "sessions", "abstract": False},
        ),
        migrations.RunPython(move_sessions, migrations.RunPython.noop),
    ]
