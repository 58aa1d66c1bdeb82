"""Loading rows by COPY, and the indexes that are built after the rows instead of before."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED

ROWS_AT_ONCE = 2_000

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def text_of(value: Any) -> str:
    """Return a value in the text format of COPY."""
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict | list):
        value = json.dumps(value)
    return str(value).translate(_ESCAPES)


def copy_rows(
    model: type[models.Model], columns: list[str], rows: Iterable[str], *, told: Callable[[int], None]
) -> None:
    """Load rows into the table of `model`. Each is the values of `columns`, from `text_of`, joined by tabs.

    Other columns without a default in the database get the default of their field, the same in all rows. `told` is
    called with the number of rows that were sent since the last call.
    """
    others = _defaults(model, set(columns))
    ending = "".join(f"\t{value}" for value in others.values()) + "\n"
    names = ", ".join([*columns, *others])
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(f"COPY {model._meta.db_table} ({names}) FROM STDIN", _Stream(rows, ending, told))  # noqa: SLF001


def _defaults(model: type[models.Model], given: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for field in model._meta.concrete_fields:  # noqa: SLF001  (Django's own, documented)
        has_own = field.null or field.db_default is not NOT_PROVIDED or field.generated
        if field.column not in given and not has_own and not isinstance(field, models.AutoField):
            is_empty_array = isinstance(field, ArrayField) and not field.get_default()
            found[str(field.column)] = "{}" if is_empty_array else text_of(_default_of(field))
    return found


def _default_of(field: models.Field[Any, Any]) -> Any:
    if isinstance(field, models.DateTimeField) and not field.has_default():
        from django.utils import timezone

        return timezone.now()
    return field.get_default()


class _Stream(io.TextIOBase):
    """A file whose text is the rows, made while COPY reads it."""

    def __init__(self, rows: Iterable[str], ending: str, told: Callable[[int], None]) -> None:
        self._rows: Iterator[str] = iter(rows)
        self._ending, self._told = ending, told
        self._text, self._at = "", 0

    def read(self, size: int | None = -1) -> str:
        if self._at >= len(self._text):
            batch = list(islice(self._rows, ROWS_AT_ONCE))
            self._text, self._at = "".join(row + self._ending for row in batch), 0
            self._told(len(batch))
        end = len(self._text) if size is None or size < 0 else self._at + size
        found, self._at = self._text[self._at : end], min(end, len(self._text))
        return found


class Indexes:
    """The secondary indexes and unique constraints of tables: `drop` them before a load, and `create` them after it.

    Primary keys stay, as foreign keys refer to them. Both methods run in the caller's transaction.
    """

    def __init__(self, tables: Iterable[str]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT index.indrelid::regclass::text, index.indexrelid::regclass::text, owner.conname,
                    CASE WHEN owner.conname IS NULL THEN pg_get_indexdef(index.indexrelid)
                        ELSE format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', index.indrelid::regclass, owner.conname,
                            pg_get_constraintdef(owner.oid)) END
                FROM pg_index AS index LEFT JOIN pg_constraint AS owner
                    ON owner.conindid = index.indexrelid AND owner.contype = 'u'
                WHERE index.indrelid::regclass::text = ANY(%s) AND NOT index.indisprimary
                ORDER BY 1, 2
                """,
                [list(tables)],
            )
            self._found = cursor.fetchall()

    def __len__(self) -> int:
        return len(self._found)

    def drop(self) -> None:
        with connection.cursor() as cursor:
            for table, index, constraint, _ in self._found:
                name = connection.ops.quote_name(constraint) if constraint else ""
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}" if constraint else f"DROP INDEX {index}")

    def create(self) -> Iterator[str]:
        """Create them one by one; yield the name of each once it is complete."""
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
            for _, index, _, definition in self._found:
                cursor.execute(definition)
                yield index
