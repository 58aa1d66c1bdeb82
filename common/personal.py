"""What is a person's, table by table: how a deleted account loses it, and what an export says of it.

Each app registers its own tables in `AppConfig.ready`, so that `accounts`, below them, can erase and export all without
importing any. A test holds the registry against the models: a table that points at people and is not entered, or is
entered without a word on its export, fails it.
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
class Removed:
    """What one step removed. False when there was nothing left."""

    rows: dict[str, int] = field(default_factory=dict)
    """{table: how many}."""
    files: int = 0
    cache_keys: int = 0

    def __bool__(self) -> bool:
        return bool(self.files or self.cache_keys or any(self.rows.values()))

    def add_deleted(self, by_label: Mapping[str, int]) -> None:
        """What `QuerySet.delete()` says."""
        for label, count in by_label.items():
            if count:
                table = apps.get_model(label)._meta.db_table  # noqa: SLF001  (Django's own, documented)
                self.rows[table] = self.rows.get(table, 0) + count


class Archive(Protocol):
    """An export that is being written (`accounts.archive`)."""

    def add_file(self, path: str, storage: str, key: str) -> bool:
        """A stored file as `path`; False if the storage does not have it any more."""
        ...

    def add_rows(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """`data/<name>.json`, row by row."""
        ...

    def add_html(self, html: str) -> None:
        """What comes next in `index.html`."""
        ...


@dataclass(frozen=True)
class Rows:
    """A table, and a column of it that is the id of a person.

    Either `file` says as what it is exported, or `why_not` why it is not.
    """

    model: str
    """Such as "posts.Like"."""
    column: str
    """Field that points at the person, or holds their id."""
    file: str = ""
    """Exported as `data/<file>.json`."""
    why_not: str = ""
    row: Callable[[Any], Mapping[str, Any]] | None = None
    """Returns the exported fields of a row, named one by one: a new column is not exported until it is named."""
    related: tuple[str, ...] = ()
    """To select with the rows, for `row`."""
    only: Callable[[Any, models.QuerySet[Any, Any]], models.QuerySet[Any, Any]] | None = None
    """(person, rows) -> the rows that they may see; by default all."""
    export: Callable[[Any, Archive], None] | None = None
    """Instead of `row`, for what is more than rows."""
    weigh: Callable[[Any], int] | None = None
    """How many files `export` adds for a person: what the progress is reckoned by."""
    erase: Callable[[int], Removed] | None = None
    """Removes some of it, within a transaction; called until nothing is left. By default the rows, in batches."""

    def rows_of(self, person_id: int) -> models.QuerySet[Any, Any]:
        rows: models.QuerySet[Any, Any] = apps.get_model(self.model)._default_manager.filter(  # noqa: SLF001  (documented)
            **{self.column: person_id}
        )
        return rows

    def erase_some(self, person_id: int) -> Removed:
        if self.erase is not None:
            return self.erase(person_id)
        removed = Removed()
        ids = list(self.rows_of(person_id).values_list("pk", flat=True)[:ERASED_AT_ONCE])
        if ids:
            removed.add_deleted(apps.get_model(self.model)._default_manager.filter(pk__in=ids).delete()[1])  # noqa: SLF001
        return removed

    def write(self, person: Any, archive: Archive) -> None:
        """Put it into an export."""
        if self.export is not None:
            self.export(person, archive)
        elif self.row is not None:
            archive.add_rows(self.file, self._written(person, self.row))

    def _written(self, person: Any, export_fields: Callable[[Any], Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        rows = self.rows_of(person.pk)
        if self.only is not None:
            rows = self.only(person, rows)
        for row in rows.select_related(*self.related).order_by("pk").iterator(READ_AT_ONCE):
            yield export_fields(row)


Eraser: TypeAlias = Callable[[int], Removed]
"""Removes some of what is a person's, within a transaction; called until nothing is left."""

_registered: dict[str, list[Rows | Eraser]] = {}
_when_back: list[Callable[[int], object]] = []


def register(app: str, *parts: Rows | Eraser) -> None:
    """The tables of an app, in the order in which they are erased, and whatever else is to be removed."""
    _registered[app] = list(parts)


def registered_apps() -> list[str]:
    return list(_registered)


def tables() -> list[Rows]:
    """All that is entered, apps from below first."""
    return [part for parts in _registered.values() for part in parts if isinstance(part, Rows)]


def erasers() -> list[Eraser]:
    """What removes all of a person but their row, apps from above first: what points at others goes before them."""
    return [
        part.erase_some if isinstance(part, Rows) else part
        for parts in reversed(_registered.values())
        for part in parts
    ]


def when_back(hook: Callable[[int], object]) -> None:
    """Have `hook` called with the id of whoever is there again after having been hidden, in that transaction."""
    _when_back.append(hook)


def is_back(person_id: int) -> None:
    for hook in _when_back:
        hook(person_id)


def forget_log(model: type[models.Model], ids: Iterable[int]) -> Removed:
    """Delete what the admin's log says of these rows: it quotes them."""
    from django.contrib.admin.models import LogEntry  # Models cannot be imported before all apps are there.
    from django.contrib.contenttypes.models import ContentType

    removed = Removed()
    about = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model))
    removed.add_deleted(about.filter(object_id__in=[str(pk) for pk in ids]).delete()[1])
    return removed


def pointing_at(model: type[models.Model]) -> Iterator[tuple[type[models.Model], str]]:
    """(model, field) of every reference to rows of `model`, those without a name for the way back too."""
    for relation in model._meta.get_fields(include_hidden=True):  # noqa: SLF001  (Django's own, documented)
        if isinstance(relation, models.ManyToOneRel):
            yield relation.related_model, relation.field.name
