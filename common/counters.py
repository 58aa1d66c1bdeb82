"""Exact counters without contention on the counted row.

A change inserts one row into `CountDelta`, so a thousand concurrent likes of one post do not wait for each other.
Every two seconds `fold` moves the deltas into the column of the counted row. A count is read as column plus deltas,
both from one snapshot, so it equals COUNT(*) at all times.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connection, models, transaction
from django.db.models.functions import Coalesce

from common.compiled_queries import CompiledSubquery

FOLD_BATCH = 20_000


@dataclass(frozen=True)
class Counter:
    """A count for each row of `table`: the folded part in `column`, the rest in deltas with the name `name`."""

    name: str
    table: str
    column: str

    def add(self, object_id: int, by: int = 1) -> None:
        """Change the count of one row, in the caller's transaction. Cost: one INSERT, no lock on the counted row."""
        CountDelta.objects.create(counter=self.name, object_id=object_id, delta=by)

    def add_to_each(self, object_ids: Iterable[int], by: int = 1) -> None:
        """Change the counts of several rows, in one INSERT."""
        CountDelta.objects.bulk_create(
            CountDelta(counter=self.name, object_id=object_id, delta=by) for object_id in object_ids
        )

    def value(self, row: str = "pk") -> models.expressions.Combinable:
        """Return the exact count as an annotation; `row` is the path to the counted row, such as "author"."""
        prefix = "" if row == "pk" else f"{row}__"
        return models.F(f"{prefix}{self.column}") + Coalesce(self._deltas(row=row), 0)

    @cached_property
    def _deltas(self) -> CompiledSubquery:
        def build(row: models.expressions.Combinable) -> models.QuerySet[Any, Any]:
            deltas = CountDelta.objects.filter(counter=self.name, object_id=row).order_by().values("object_id")
            return deltas.annotate(total=models.Sum("delta")).values("total")

        return CompiledSubquery(build, outer=["row"], output_field=models.BigIntegerField())

    def fold(self) -> int:
        """Move up to FOLD_BATCH deltas into their column; return how many.

        It is one statement, so a reader sees a change either as a delta or in the column, never in both or neither.
        Concurrent folds share the work: each skips the rows that the other has locked.
        """
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"""
                WITH gone AS (
                    DELETE FROM common_countdelta WHERE id IN (
                        SELECT id FROM common_countdelta WHERE counter = %s
                        ORDER BY object_id, id LIMIT {FOLD_BATCH} FOR UPDATE SKIP LOCKED)
                    RETURNING object_id, delta
                ), sums AS (
                    SELECT object_id, sum(delta) AS delta, count(*) AS rows FROM gone GROUP BY object_id
                ), locked AS (
                    -- Ordered by id, like all locks on several rows.
                    SELECT id FROM {self.table}
                    WHERE id IN (SELECT object_id FROM sums WHERE sums.delta <> 0) ORDER BY id FOR NO KEY UPDATE
                ), folded AS (
                    UPDATE {self.table} SET {self.column} = {self.column} + sums.delta
                    FROM sums JOIN locked ON locked.id = sums.object_id WHERE {self.table}.id = sums.object_id
                )
                SELECT coalesce(sum(rows), 0) FROM sums
                """,  # noqa: S608  (names from our own code, no input)
                [self.name],
            )
            return int(cursor.fetchone()[0])


class CountDelta(models.Model):
    """A change of a count that is not folded into its column yet."""

    counter = models.CharField(max_length=24)
    object_id = models.BigIntegerField()
    delta = models.SmallIntegerField()

    class Meta:
        indexes = [
            # Counter.value: an index-only scan for the sum of one row's deltas.
            models.Index(fields=["counter", "object_id"], include=["delta"], name="deltas_of_a_row"),
        ]
