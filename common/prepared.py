"""Queries that Django builds once a process: for an address that is asked for every picture of a page.

Building the SQL of a rule as long as that of visibility takes Python several times what the database needs for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)

_FIRST_PLACEHOLDER: Final = -7_000_000_000_000_000_001
"""No id is negative, so that what stands for a value is told from all that the query itself has."""


class Prepared(Generic[Row]):
    """`Prepared(build, "media", "viewer").first(media=1, viewer=2)`: the first row of `build(media, viewer)`.

    `build` is called once, with numbers that stand for those which come later: it must treat all numbers alike.
    """

    def __init__(self, build: Callable[..., models.QuerySet[Row]], *names: str) -> None:
        self._build = build
        self._names = {name: _FIRST_PLACEHOLDER - at for at, name in enumerate(names)}

    @cached_property
    def _compiled(self) -> tuple[type[Row], str, list[Any]]:
        rows = self._build(**self._names)[:1]
        return rows.model, *_compile(rows, self._names)

    def first(self, **values: int) -> Row | None:
        model, sql, params = self._compiled
        given: Mapping[Any, int] = {number: values[name] for name, number in self._names.items()}
        found = model._default_manager.raw(  # noqa: SLF001  (Django's own, documented)
            sql, [given.get(value, value) for value in params]
        )
        return next(iter(found), None)


@dataclass(frozen=True)
class Fragment:
    """A part of hand-written SQL, and the values of its placeholders in order."""

    sql: str
    values: list[Any]

    def named(self, prefix: str) -> tuple[str, dict[str, Any]]:
        """Return it with a name for each value, for a query that uses it twice or has named values."""
        names = {f"{prefix}{number}": value for number, value in enumerate(self.values)}
        return self.sql % tuple(f"%({name})s" for name in names), names


class PreparedFragment:
    """`PreparedFragment(build, "viewer")(viewer=2)`: the SQL of `build(viewer)`, for a query written by hand."""

    def __init__(self, build: Callable[..., models.QuerySet[Any, Any]], *names: str) -> None:
        self._build = build
        self._names = {name: _FIRST_PLACEHOLDER - at for at, name in enumerate(names)}

    @cached_property
    def _compiled(self) -> tuple[str, list[Any]]:
        return _compile(self._build(**self._names), self._names)

    def __call__(self, **values: int) -> Fragment:
        sql, params = self._compiled
        given: Mapping[Any, int] = {number: values[name] for name, number in self._names.items()}
        return Fragment(sql, [given.get(value, value) for value in params])


def _compile(rows: models.QuerySet[Any, Any], names: Mapping[str, int]) -> tuple[str, list[Any]]:
    """Return the SQL of `rows` and its values, among which the numbers in `names` stand for later ones."""
    sql, params = rows.query.sql_with_params()
    # A time would stand still from now on, and a list of ids is none that the next call has.
    if strange := [value for value in params if not isinstance(value, int | str | None)]:
        raise TypeError(f"a query with {strange} in it cannot be prepared")
    if missing := set(names.values()) - set(params):
        raise TypeError(f"the query does not ask for {missing}")
    return sql, list(params)
