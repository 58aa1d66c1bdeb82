"""Parts of queries that Django compiles to SQL once per process. For whole queries, see `common.statements`.

Django takes several times longer to build the SQL of a long condition such as visibility than the database takes to run
it. The SQL depends only on the code, so it is compiled at first use with sentinels for the values, and each call only
inserts its values.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.db import connection, models
from django.db.models.expressions import Expression, F, RawSQL

_FIRST_SENTINEL: Final = -7_000_000_000_000_000_001
"""Negative sentinels mark parameters; real ids are never negative."""

_ALIAS = re.compile(r"'(?:[^']|'')*'|(?<![\w\"%])[A-Z]{1,2}\d+(?![\w\"])")
"""Matches a string literal, or a table alias as Django generates them: T3, U0, AB12."""

_HOLE = re.compile(r"\{\{(\d+)\}\}")


@dataclass(frozen=True)
class Fragment:
    """Part of a handwritten query: SQL with placeholders, and their values in order."""

    sql: str
    values: list[Any]

    def named(self, prefix: str) -> tuple[str, dict[str, Any]]:
        """Return the SQL with named placeholders, for a query that uses it twice or has named values."""
        names = {f"{prefix}{number}": value for number, value in enumerate(self.values)}
        return self.sql % tuple(f"%({name})s" for name in names), names


class PreparedFragment:
    """The SQL of a queryset for handwritten queries: `PreparedFragment(build, "viewer")(viewer=2)`."""

    def __init__(self, build: Callable[..., models.QuerySet[Any, Any]], *names: str) -> None:
        self._build = build
        self._sentinels = _sentinels(names)

    @cached_property
    def _compiled(self) -> tuple[str, list[Any]]:
        return _compile(self._build(**self._sentinels), self._sentinels)

    def __call__(self, **values: int) -> Fragment:
        sql, params = self._compiled
        return Fragment(sql, _bind(params, self._sentinels, values))


class CompiledSubquery:
    """A correlated subquery as an annotation or a condition, compiled once per process.

    `CompiledSubquery(build, outer=["post"], output_field=…)(post="pk", viewer=3)` is equivalent to
    `Subquery(build(post=OuterRef("pk"), viewer=3))` at a tenth of its cost. `build` is called once, with an expression
    for each name in `outer` and a sentinel for each other argument, so it must not depend on their values.
    """

    form = "({})"

    def __init__(
        self,
        build: Callable[..., models.QuerySet[Any, Any]],
        *,
        outer: Sequence[str],
        output_field: models.Field[Any, Any],
    ) -> None:
        self._build = build
        self._outer = tuple(outer)
        self._sentinels = _sentinels([name for name in inspect.signature(build).parameters if name not in outer])
        self.output_field = output_field

    @cached_property
    def compiled(self) -> tuple[list[str], list[Any]]:
        """Return (parts, values): pieces of SQL alternating with the numbers of outer columns, and the values."""
        holes = {name: RawSQL(f"{{{{{at}}}}}", ()) for at, name in enumerate(self._outer)}  # noqa: S611  (a number)
        rows = self._build(**holes, **self._sentinels)
        query = self._query_of(rows.query.chain())
        # Rename all table aliases, so that no enclosing query has the same.
        query.bump_prefix(query.chain())
        query.subquery = True
        sql, params = query.get_compiler(connection=connection).as_sql()
        _check(params, self._sentinels)
        # The same in every process, because the names of statements contain a hash of the whole text.
        prefix = f"q{hashlib.sha256(sql.encode()).hexdigest()[:8]}_"
        sql = _ALIAS.sub(lambda found: found[0] if found[0][0] == "'" else prefix + found[0], sql)
        return _HOLE.split(self.form.replace("{}", sql, 1)), list(params)

    def _query_of(self, query: Any) -> Any:
        return query

    def __call__(self, **arguments: Any) -> Expression:
        outer = tuple(F(name) if isinstance(name := arguments[key], str) else name for key in self._outer)
        values = tuple(arguments[key] for key in self._sentinels)
        return _CompiledExpression(self, outer, values)

    def values_for(self, values: Sequence[Any]) -> list[Any]:
        """Return the values of the placeholders; `values` are in the order of the names."""
        return _bind(self.compiled[1], self._sentinels, dict(zip(self._sentinels, values, strict=True)))


class CompiledExists(CompiledSubquery):
    """An `Exists` condition compiled once per process. See CompiledSubquery."""

    form = "EXISTS({})"

    def __init__(self, build: Callable[..., models.QuerySet[Any, Any]], *, outer: Sequence[str]) -> None:
        super().__init__(build, outer=outer, output_field=models.BooleanField())

    def _query_of(self, query: Any) -> Any:
        return query.exists()


class CompiledArray(CompiledSubquery):
    """An `ArraySubquery` compiled once per process. See CompiledSubquery."""

    form = "ARRAY({})"


class _CompiledExpression(Expression):
    def __init__(self, subquery: CompiledSubquery, outer: tuple[Any, ...], values: tuple[Any, ...]) -> None:
        super().__init__(output_field=subquery.output_field)
        self.subquery, self.outer, self.values = subquery, outer, values

    def get_source_expressions(self) -> list[Any]:
        return list(self.outer)

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        self.outer = tuple(expressions)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        parts, _ = self.subquery.compiled
        columns = []
        for expression in self.outer:
            sql, params = compiler.compile(expression)
            if params:
                raise TypeError(f"an outer column of a compiled subquery must be a column: {sql}")
            columns.append(sql)
        # `re.split` puts the numbers of the columns at odd indexes.
        sql = "".join(columns[int(part)] if at % 2 else part for at, part in enumerate(parts))
        return sql, tuple(self.subquery.values_for(self.values))


def _sentinels(names: Sequence[str]) -> dict[str, int]:
    return {name: _FIRST_SENTINEL - at for at, name in enumerate(names)}


def _bind(params: Sequence[Any], sentinels: Mapping[str, int], values: Mapping[str, Any]) -> list[Any]:
    given = {number: values[name] for name, number in sentinels.items()}
    return [given.get(param, param) for param in params]


def _compile(rows: models.QuerySet[Any, Any], sentinels: Mapping[str, int]) -> tuple[str, list[Any]]:
    """Return the SQL of `rows` and its values, including the sentinels."""
    sql, params = rows.query.sql_with_params()
    _check(params, sentinels)
    return sql, list(params)


def _check(params: Sequence[Any], sentinels: Mapping[str, int]) -> None:
    """Raise TypeError if a sentinel is missing, or a value would be frozen that should differ between calls."""
    # A time or a list of ids would stay that of the first call.
    if frozen := [value for value in params if not isinstance(value, int | str | None)]:
        raise TypeError(f"a query with {frozen} in it cannot be prepared")
    if missing := set(sentinels.values()) - set(params):
        raise TypeError(f"the query does not ask for {missing}")
