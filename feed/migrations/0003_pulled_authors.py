"""Create the table of authors whose posts are pulled by readers."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("feed", "0002_database_code"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="PulledAuthor",
            fields=[
                (
                    "author",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("since", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
        ),
        # Deleted with the author's row, without a query of Django's.
        migrations.RunSQL(
            "ALTER TABLE feed_pulledauthor ADD CONSTRAINT feed_pulledauthor_author_id_gone_with"
            " FOREIGN KEY (author_id) REFERENCES accounts_user (id) ON DELETE CASCADE",
            "ALTER TABLE feed_pulledauthor DROP CONSTRAINT feed_pulledauthor_author_id_gone_with",
        ),
    ]
