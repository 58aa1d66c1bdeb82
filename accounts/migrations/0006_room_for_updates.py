"""Leave room for new versions of rows on the pages of people. Frozen.

`last_seen_at`, `follows_version` and most counters change often and have no index, so a new version on the same page
changes no index.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_first_feed")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE accounts_user SET (fillfactor = 90)", "ALTER TABLE accounts_user RESET (fillfactor)"
        )
    ]
