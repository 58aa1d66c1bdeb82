"""References whose rows the database itself takes along, for tables that no app below knows of."""

from django.db.migrations.operations import RunSQL


def gone_with(table: str, column: str, target: str) -> RunSQL:
    """A migration step: a row of `table` is deleted with the row of `target` that its `column` names.

    For a ForeignKey with DO_NOTHING and `db_constraint=False`. Whoever deletes the target need not know of `table`,
    and pays no query. Checked at once and not at the commit, so that the one who inserts hears of it.
    """
    name = f"{table}_{column}_gone_with"
    return RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({column}) REFERENCES {target} (id) ON DELETE CASCADE",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )
