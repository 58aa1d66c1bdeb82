"""The registry of personal data: how each table is erased with an account, and how an export represents it.

Each app above this one registers its tables in `AppConfig.ready`, so erasure and export need not import those apps.
`personal_data.tables` registers the tables of this app and of `accounts`. A test compares the registry with the models:
it fails if a table that refers to users is not registered, or has neither an export nor a reason for having none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from django.apps import apps
from django.db import models

ERASED_AT_ONCE = 500
"""Rows that one transaction deletes."""
READ_AT_ONCE = 500


@dataclass
class ErasureResult:
    """Counts of the rows and files that one step erased; false if it found nothing to erase."""

    rows: dict[str, int] = field(default_factory=dict)
    """{table: number of rows}."""
    files: int = 0
    cache_keys: int = 0

    def __bool__(self) -> bool:
        return bool(self.files or self.cache_keys or any(self.rows.values()))

    def add_deleted(self, by_label: Mapping[str, int]) -> None:
        """Add the counts that `QuerySet.delete()` returned."""
        for label, count in by_label.items():
            if count:
                table = apps.get_model(label)._meta.db_table  # noqa: SLF001  (Django's own, documented)
                self.rows[table] = self.rows.get(table, 0) + count


class ExportWriter(Protocol):
    """Interface to an export in progress (implemented by `personal_data.export_zip`)."""

    def add_file(self, path: str, storage: str, key: str) -> bool:
        """Add a stored file as `path`; return False if the storage no longer has it."""
        ...

    def add_rows(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write `data/<name>.json`, row by row."""
        ...

    def add_html(self, html: str) -> None:
        """Append to `index.html`."""
        ...


@dataclass(frozen=True)
class PersonalTable:
    """A table of personal data, with the column that holds the id of the user.

    `export_name` is set if the table is exported, `export_excluded_because` if it is not.
    """

    model: str
    """Such as "posts.Like"."""
    column: str
    """Field that refers to the user, or holds their id."""
    export_name: str = ""
    """Exported as `data/<export_name>.json`."""
    export_excluded_because: str = ""
    export_row: Callable[[Any], Mapping[str, Any]] | None = None
    """Returns the exported fields of a row, named one by one: a new column is not exported until it is named."""
    related: tuple[str, ...] = ()
    """Relations that `export_row` reads, for `select_related`."""
    visible_rows: Callable[[Any, models.QuerySet[Any, Any]], models.QuerySet[Any, Any]] | None = None
    """(user, rows) -> the rows that the user may see; all by default."""
    export: Callable[[Any, ExportWriter], None] | None = None
    """Replaces `export_row` if the export contains more than rows."""
    file_count: Callable[[Any], int] | None = None
    """Number of files that `export` adds for a user; the progress is computed from it."""
    erase: Callable[[int], ErasureResult] | None = None
    """Removes a part, within a transaction; called until nothing is left. By default deletes the rows in batches."""

    def rows_of(self, person_id: int) -> models.QuerySet[Any, Any]:
        rows: models.QuerySet[Any, Any] = apps.get_model(self.model)._default_manager.filter(  # noqa: SLF001  (documented)
            **{self.column: person_id}
        )
        return rows

    def erase_batch(self, person_id: int) -> ErasureResult:
        """Delete the next rows of the user, within a transaction."""
        if self.erase is not None:
            return self.erase(person_id)
        removed = ErasureResult()
        ids = list(self.rows_of(person_id).values_list("pk", flat=True)[:ERASED_AT_ONCE])
        if ids:
            removed.add_deleted(apps.get_model(self.model)._default_manager.filter(pk__in=ids).delete()[1])  # noqa: SLF001
        return removed

    def write_to(self, writer: ExportWriter, person: Any) -> None:
        """Write the table into an export."""
        if self.export is not None:
            self.export(person, writer)
        elif self.export_row is not None:
            writer.add_rows(self.export_name, self._exported_rows(person, self.export_row))

    def _exported_rows(
        self, person: Any, export_row: Callable[[Any], Mapping[str, Any]]
    ) -> Iterator[Mapping[str, Any]]:
        rows = self.rows_of(person.pk)
        if self.visible_rows is not None:
            rows = self.visible_rows(person, rows)
        for row in rows.select_related(*self.related).order_by("pk").iterator(READ_AT_ONCE):
            yield export_row(row)


def only_fields(*names: str) -> Callable[[Any], dict[str, Any]]:
    """Return an `export_row` that exports these fields of a row."""
    return lambda row: {name: getattr(row, name) for name in names}


Eraser: TypeAlias = Callable[[int], ErasureResult]
"""Erases a part of a user's data, within a transaction; called until nothing is left."""

_registered: dict[str, list[PersonalTable | Eraser]] = {}


def register(app: str, *parts: PersonalTable | Eraser) -> None:
    """Register the tables of an app in the order in which they are erased, and other erasers."""
    _registered[app] = list(parts)


def registered_apps() -> list[str]:
    return list(_registered)


def tables() -> list[PersonalTable]:
    """Return the registered tables in the order of their apps, lower apps first."""
    return [part for parts in _registered.values() for part in parts if isinstance(part, PersonalTable)]


def erasers() -> list[Eraser]:
    """Return the erasers of everything but the user's row, higher apps first: references go before their targets."""
    return [
        part.erase_batch if isinstance(part, PersonalTable) else part
        for parts in reversed(_registered.values())
        for part in parts
    ]


def delete_admin_log(model: type[models.Model], ids: Iterable[int]) -> ErasureResult:
    """Delete the admin log entries about these rows, because the entries quote them."""
    from django.contrib.admin.models import LogEntry  # not importable before all apps are loaded
    from django.contrib.contenttypes.models import ContentType

    removed = ErasureResult()
    about = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model))
    removed.add_deleted(about.filter(object_id__in=[str(pk) for pk in ids]).delete()[1])
    return removed


def references_to(model: type[models.Model]) -> Iterator[tuple[type[models.Model], str]]:
    """Yield (model, field) of every reference to `model`, including those without a reverse name."""
    for relation in model._meta.get_fields(include_hidden=True):  # noqa: SLF001  (Django's own, documented)
        if isinstance(relation, models.ManyToOneRel):
            yield relation.related_model, relation.field.name
