"""Queries that are built once per process and planned once per connection.

Building the SQL of a page's main query takes Django 3 to 12 ms, and PostgreSQL needs 2 to 17 ms to plan it, while
running it takes 0.2 ms. A `Statement` is compiled from its queryset at first use, and its SQL is in the database as a
PL/pgSQL function, whose plan each connection keeps. Unlike `PREPARE`, a function also works behind a pooler that may
give every transaction another connection.

The functions are named by a hash of their text, so old and new code work side by side. `manage.py migrate` creates
them (`create_all`). Where one is missing, the same SQL runs without it and is planned each time.

A cached plan is generic: made for any value of the parameters. That suits queries that look rows up by key, which is
what statements are for. Do not use one where the best plan depends on the values.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar, Final, Generic, TypeVar, cast

from django.conf import settings
from django.db import (
    InterfaceError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    connection,
    models,
    transaction,
)
from django.db.models.query import ModelIterable, get_related_populators
from django.urls import get_resolver
from django.utils import timezone
from psycopg2.extensions import AsIs

from common.replicas import read_connection

Row = TypeVar("Row")

PREFIX: Final = "prepared_"
_FIRST_SENTINEL: Final = -7_100_000_000_000_000_001
"""Sentinels mark parameters: negative integers, which no id is, and improbable texts."""
_TEXT_SENTINEL: Final = "sentinel-4f1c9a72-"

LIMIT: Final = "limit"
"""The type of a parameter that limits the number of rows."""

KEPT_DAYS: Final = 7
"""`create_all` drops functions this long after a release without them was installed."""

_RECHECK_SECONDS: Final = 60.0
_logger = logging.getLogger(__name__)


@models.ForeignKey.register_lookup
@models.Field.register_lookup
class AnyOf(models.Lookup):
    """`pk__any_of=[1, 2]`: the same as `pk__in=[1, 2]`, but as one parameter, whatever the length of the list."""

    lookup_name = "any_of"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: Any) -> Any:
        return "%s", (list(value),)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} = ANY({right})", (*left_params, *right_params)


class Statement(Generic[Row]):
    """A queryset that is compiled once: `Statement("home_posts", build, viewer="bigint", ids="bigint[]")`.

    `build` gets a keyword argument for each parameter and returns a queryset of model instances or of `values_list`
    tuples. It is called once, with sentinels (negative ids, and lists of one of them), so it must treat all values
    alike, must not look anything up, and filters by lists with `any_of`. The types of parameters are those of
    PostgreSQL: bigint, text, and arrays of them.

    A parameter of the type LIMIT is the number of rows to return. `build` does not get it, but slices its queryset by
    the largest number: the plan is made for that, whatever is asked for.

    Cost of a call with 12 ids: about 0.05 ms of CPU for the driver and 0.2 ms in PostgreSQL.
    """

    registered: ClassVar[dict[str, Statement[Any]]] = {}

    def __init__(self, name: str, build: Callable[..., models.QuerySet[Any, Row]], **parameters: str) -> None:
        if name in self.registered:
            raise ValueError(f"there are two statements named {name}")
        self.name = name
        self._build = build
        self._types = parameters
        self._sentinels: dict[str, Any] = {
            key: _sentinel(at, kind) for at, (key, kind) in enumerate(parameters.items())
        }
        self.registered[name] = self

    def rows(self, **values: Any) -> list[Row]:
        """Return the rows for these values. One query."""
        make = self._compiled[2]
        rows = self._fetch(values)
        # Rows of the driver are tuples already.
        return cast("list[Row]", rows) if make is tuple else [make(row) for row in rows]

    def first(self, **values: Any) -> Row | None:
        """Return the first row, or None. One query, without a limit of its own."""
        rows = self.rows(**values)
        return rows[0] if rows else None

    # --- Compiling ---------------------------------------------------------------------------------------------------

    @cached_property
    def _compiled(self) -> tuple[str, list[Any], Callable[[Sequence[Any]], Row]]:
        """Return the SQL, its parameters (sentinels among them), and the function that makes a row of a record."""
        limits = [mark for key, mark in self._sentinels.items() if self._types[key] == LIMIT]
        rows = self._build(**{key: mark for key, mark in self._sentinels.items() if mark not in limits})
        compiler = rows.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        if limits:
            # An outer limit: for a parameter in place of the queryset's own one, PostgreSQL would plan to read a tenth
            # of all rows.
            sql = f"SELECT * FROM ({sql}) AS rows LIMIT %s"  # noqa: S608  (compiled by Django)
        params = [*params, *limits]
        self._check(params)
        return sql, params, _row_maker(rows, compiler)

    def _check(self, params: Sequence[Any]) -> None:
        """Raise TypeError if a value would be frozen that should differ between calls, or a sentinel is missing."""
        marks = list(self._sentinels.values())
        if frozen := [value for value in params if value not in marks and not _is_constant(value)]:
            raise TypeError(f"the statement {self.name} cannot be compiled with the values {frozen}")
        if missing := [key for key, mark in self._sentinels.items() if mark not in params]:
            raise TypeError(f"the statement {self.name} does not use {', '.join(missing)}")

    @cached_property
    def body(self) -> str:
        """The SQL with `$1`, `$2` … for the parameters, and with its constants as literals."""
        sql, params, _ = self._compiled
        marks = list(self._sentinels.values())
        bound = [AsIs(f"${marks.index(value) + 1}") if value in marks else value for value in params]
        with connection.cursor() as cursor:
            return str(cursor.cursor.mogrify(sql, bound).decode())

    @cached_property
    def function(self) -> str:
        """The name of the database function: PREFIX, the name, and a hash of types and text."""
        text = repr(sorted(self._types.items())) + self.body
        return f"{PREFIX}{self.name}_{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    @cached_property
    def _call(self) -> str:
        arguments = ", ".join(f"%s::{_sql_type(kind)}" for kind in self._types.values())
        return f"SELECT * FROM {self.function}({arguments})"  # noqa: S608  (names of our own)

    # --- Running -----------------------------------------------------------------------------------------------------

    def _fetch(self, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        if self._exists():
            try:
                return _execute(self._call, [_argument(values[key], kind) for key, kind in self._types.items()])
            except (ProgrammingError, NotSupportedError) as error:
                # The function was dropped, or a migration has changed a column that it uses. Inside a transaction
                # nothing more can run.
                if connection.in_atomic_block:
                    raise
                self._report_missing(error)
        return self.planned(**values)

    def planned(self, **values: Any) -> list[tuple[Any, ...]]:
        """Return the records of the same SQL without the function, so that it is planned again."""
        sql, params, _ = self._compiled
        given = [(mark, _checked(values[key], self._types[key])) for key, mark in self._sentinels.items()]
        return _execute(sql, [next((value for mark, value in given if mark == param), param) for param in params])

    def _exists(self) -> bool:
        """Return whether the function exists, as of the last `find_functions`."""
        known = _Functions.names
        if self.function in known:
            return True
        if time.monotonic() < _Functions.looked_at + _RECHECK_SECONDS:
            return False
        if self.function in find_functions():
            return True
        self._report_missing("run manage.py migrate")
        return False

    def _report_missing(self, reason: object) -> None:
        _logger.warning("The database function %s is missing: %s", self.function, reason)
        _Functions.names = _Functions.names - {self.function}
        _Functions.looked_at = time.monotonic()

    # --- Creating ----------------------------------------------------------------------------------------------------

    def definition(self) -> str:
        """Return the SQL that creates the function. One query, for the types of its columns."""
        sql, params, _ = self._compiled
        with connection.cursor() as cursor:
            # The sentinels are valid values, so the query itself tells its types.
            cursor.execute(f"SELECT * FROM ({sql}) AS rows LIMIT 0", params)  # noqa: S608  (compiled by Django)
            codes = [column.type_code for column in cursor.description]
            cursor.execute(
                "SELECT array_agg(format_type(code, NULL) ORDER BY at) "
                "FROM unnest(%s::oid[]) WITH ORDINALITY AS types(code, at)",
                [codes],
            )
            [types] = cursor.fetchone()
        columns = ", ".join(f"{PREFIX}{at} {kind}" for at, kind in enumerate(types))
        arguments = ", ".join(map(_sql_type, self._types.values()))
        return (
            f"CREATE OR REPLACE FUNCTION {self.function}({arguments}) RETURNS TABLE ({columns}) "
            # Names in the query mean its columns, not variables of PL/pgSQL such as FOUND.
            "LANGUAGE plpgsql STABLE AS $statement$ #variable_conflict use_column\n"
            f"BEGIN RETURN QUERY {self.body}; END $statement$"
        )


class _Functions:
    """The functions that exist, as this process knows."""

    names: frozenset[str] = frozenset()
    looked_at = -_RECHECK_SECONDS


def find_functions() -> frozenset[str]:
    """Read which functions exist.

    One query: at the first statement of a process, and then each minute while a function is missing.
    """
    _Functions.names = frozenset(
        name for (name,) in _execute("SELECT proname FROM pg_proc WHERE starts_with(proname, %s)", [PREFIX])
    )
    _Functions.looked_at = time.monotonic()
    return _Functions.names


def create_all() -> list[str]:
    """Create the missing functions of all statements, drop those long unused, and return the names of the dropped.

    Idempotent; `manage.py migrate` calls it at its end. The functions of the previous release are kept for KEPT_DAYS,
    because its processes still run while the next one starts. A statement whose tables do not exist yet, in the middle
    of a history of migrations, is skipped.
    """
    # Statements are registered where they are used, and the URLs import all of these modules.
    get_resolver().url_patterns  # noqa: B018
    existing = {
        name: (signature, unused_since)
        for name, signature, unused_since in _execute(
            "SELECT proname, oid::regprocedure::text, obj_description(oid, 'pg_proc')::date FROM pg_proc "
            "WHERE pronamespace = current_schema()::regnamespace AND starts_with(proname, %s)",
            [PREFIX],
        )
    }
    for statement in Statement.registered.values():
        if existing.pop(statement.function, ("", ""))[1] is not None:
            _create(statement)
    dropped = []
    today = timezone.now().date()
    with connection.cursor() as cursor:
        for name, (signature, unused_since) in existing.items():
            if unused_since is None:
                cursor.execute(f"COMMENT ON FUNCTION {signature} IS %s", [today.isoformat()])
            elif unused_since < today - timedelta(days=KEPT_DAYS):
                cursor.execute(f"DROP FUNCTION {signature}")
                dropped.append(name)
    find_functions()
    return dropped


def _create(statement: Statement[Any]) -> None:
    """Create the function, without a comment, which marks unused ones."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement.definition())
            cursor.execute(f"COMMENT ON FUNCTION {statement.function} IS NULL")
    except ProgrammingError as error:
        _logger.warning("The database function of the statement %s is not created: %s", statement.name, error)


def _is_constant(value: Any) -> bool:
    """Return True for values that are the same at each call, such as the path of a key in JSON."""
    return isinstance(value, int | str | None) or (
        isinstance(value, list) and all(isinstance(key, str) for key in value)
    )


def _sentinel(at: int, kind: str) -> Any:
    """Return the sentinel of the parameter number `at`."""
    value: Any = f"{_TEXT_SENTINEL}{at}" if kind.startswith("text") else _FIRST_SENTINEL - at
    if kind == LIMIT:
        # PostgreSQL refuses negative limits.
        return -value
    return [value] if kind.endswith("[]") else value


def _sql_type(kind: str) -> str:
    return "bigint" if kind == LIMIT else kind


def _checked(value: Any, kind: str) -> Any:
    """Return the value of a parameter as plain integers or texts; raise TypeError or ValueError for anything else."""
    convert: type[str] | type[int] = str if kind.startswith("text") else int
    return [convert(item) for item in value] if kind.endswith("[]") else convert(value)


def _argument(value: Any, kind: str) -> Any:
    """Return the value of a parameter of a function. Ids are one literal: the driver would quote each of a list."""
    checked = _checked(value, kind)
    return "{" + ",".join(map(str, checked)) + "}" if kind == "bigint[]" else checked


def _execute(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run a reading statement. As the first one of a request it also tests the connection, instead of `SELECT 1`.

    If the connection turns out to be lost, the statement runs again on a new one: it only reads, and outside of a
    transaction nothing else was lost.
    """
    used: Any = read_connection()
    if used.in_atomic_block or not used.health_check_enabled or used.health_check_done:
        return _run(used, sql, params)
    used.health_check_done = True
    try:
        return _run(used, sql, params)
    except (OperationalError, InterfaceError):
        if used.is_usable():
            raise
        used.close()
    return _run(used, sql, params)


def _run(used: Any, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    if used.connection is None or used.execute_wrappers or used.queries_logged or settings.SENTRY_DSN:
        with used.cursor() as cursor:
            cursor.execute(sql, params)
            return cast("list[tuple[Any, ...]]", cursor.fetchall())
    # Queries are neither counted nor logged here, so the driver's own cursor is enough. Django's doubles the time.
    used.validate_no_broken_transaction()
    with used.wrap_database_errors, used.connection.cursor() as cursor:
        cursor.tzinfo_factory = used.tzinfo_factory
        cursor.execute(sql, params)
        return cast("list[tuple[Any, ...]]", cursor.fetchall())


def _row_maker(rows: models.QuerySet[Any, Any], compiler: Any) -> Callable[[Sequence[Any]], Any]:
    """Return the function that makes of a record what iterating over `rows` would: an instance, or a tuple."""
    converters = compiler.get_converters([expression for expression, _, _ in compiler.select])
    is_tuples = rows._iterable_class is not ModelIterable  # noqa: SLF001  (there is no public way to ask)
    if is_tuples and not converters:
        return tuple

    def convert(record: Sequence[Any]) -> Sequence[Any]:
        values = list(record)
        for at, (functions, expression) in converters.items():
            for function in functions:
                values[at] = function(values[at], expression, connection)
        return values

    if is_tuples:
        return lambda record: tuple(convert(record))
    info = compiler.klass_info
    select, start, end = compiler.select, info["select_fields"][0], info["select_fields"][-1] + 1
    model = info["model"]
    names = [expression.target.attname for expression, _, _ in select[start:end]]
    populators = cast("Any", get_related_populators)(info, select, connection.alias)
    annotations = list(compiler.annotation_col_map.items())

    def make(record: Sequence[Any]) -> Any:
        record = convert(record)
        instance = model.from_db(connection.alias, names, record[start:end])
        for populator in populators:
            populator.populate(record, instance)
        for name, at in annotations:
            setattr(instance, name, record[at])
        return instance

    return make
