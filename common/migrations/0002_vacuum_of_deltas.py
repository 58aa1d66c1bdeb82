"""Have deltas of counters vacuumed by their number. Frozen.

The table is nearly empty after each fold, while its dead rows grow with every like. Autovacuum's default threshold is a
share of the rows, estimated at a time when there may be many. Sums of deltas read all dead rows that are left.
"""

from django.db import migrations

VACUUM = """
ALTER TABLE common_countdelta SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0
)
"""
DEFAULTS = """
ALTER TABLE common_countdelta RESET (
    autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_vacuum_cost_delay
)
"""


class Migration(migrations.Migration):
    dependencies = [("common", "0001_initial")]

    operations = [migrations.RunSQL(VACUUM, DEFAULTS)]
