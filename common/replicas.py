"""Read pages from streaming replicas of PostgreSQL that have everything that was committed before the request.

READ_DATABASE_URLS names the replicas; without it, nothing of this is installed. A view of `REPLICA_NAMESPACES` that
answers a GET or HEAD reads from a replica. At its first query the primary is asked for its position in the write-ahead
log, and a replica is used only if it has replayed everything up to there. So no reader ever sees an older state than
the primary had at that moment: their own changes are there, also from another device, and a block, a private account or
a deleted post takes effect at once (docs/decisions/0022-read-from-replicas.md).

The primary answers everything else: other methods, whatever runs in a transaction, tasks, commands, sign-in, sessions
and tokens. A replica that is down or behind is left out for a while; the reader gets the page from the primary.

Queries of the ORM choose by `ReplicaRouter`. SQL that the code writes itself runs on `read_connection()` if it only
reads, and on `django.db.connection`, the primary, otherwise.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from common.databases import REPLICA_PREFIX

log = logging.getLogger(__name__)

WAIT_SECONDS = 0.02
"""The most a request waits for a replica to catch up. Streaming usually takes less than a millisecond."""

LATE_SECONDS = 1.0
"""A replica that has not caught up within WAIT_SECONDS is left out for so long, so lag costs few requests a wait."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
"""A replica that fails is left out for the first, and for twice as long after each further failure, up to the last."""

PRIMARY_APPS: Final = frozenset({"sessions", "api_access", "admin", "account"})
"""Apps whose models are always read from the primary: sessions and tokens."""

# Acknowledged transactions are flushed, unless synchronous_commit is off; then only the log's end includes them.
_POSITION = """
SELECT (CASE current_setting('synchronous_commit')
    WHEN 'off' THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END - '0/0'::pg_lsn)::bigint
"""
_REPLAYED = "SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint END"


@dataclass
class Replica:
    """The state of a replica as this process knows it."""

    alias: str
    replayed: int = -1
    """The highest position in the log (bytes) that it is known to have replayed."""
    left_out_until: float = 0.0
    failures: int = 0

    def has_replayed(self, position: int) -> bool:
        """Return whether the replica has replayed `position`, after waiting for up to WAIT_SECONDS.

        Cost: nothing if it is known to have; else a query or a few.
        """
        deadline, pause = time.monotonic() + WAIT_SECONDS, 0.001
        while self.replayed < position:
            try:
                found = _scalar(connections[self.alias], _REPLAYED)
            except (DatabaseError, InterfaceError) as error:
                self.leave_out_after(error)
                return False
            if found is None:
                self.leave_out_after(RuntimeError("it is not a replica"))
                return False
            self.failures, self.replayed = 0, max(self.replayed, found)
            if self.replayed < position:
                if time.monotonic() + pause > deadline:
                    self.left_out_until = time.monotonic() + LATE_SECONDS
                    return False
                time.sleep(pause)
                pause *= 2
        return True

    def leave_out_after(self, error: Exception) -> None:
        """Leave the replica out for a while, and forget its connection."""
        pause = min(FIRST_PAUSE_SECONDS * 2**self.failures, LONGEST_PAUSE_SECONDS)
        log.warning("%s is left out for %g s: %s", self.alias, pause, error)
        self.failures, self.replayed, self.left_out_until = self.failures + 1, -1, time.monotonic() + pause
        connections[self.alias].close()


@dataclass
class _Reads:
    """Where one request reads: nothing is chosen before its first query."""

    may_use_replica: bool = False
    alias: str = ""


_current: ContextVar[_Reads | None] = ContextVar("reads", default=None)


def read_alias() -> str:
    """Return the alias of the database that a query which only reads should use now."""
    reads = _current.get()
    if reads is None or not reads.may_use_replica or connection.in_atomic_block:
        return DEFAULT_DB_ALIAS
    if not reads.alias:
        reads.alias = _choose()
    return reads.alias


def read_connection() -> BaseDatabaseWrapper:
    """Return the connection for handwritten SQL that only reads."""
    return connections[read_alias()]


@contextmanager
def reading_from_replicas() -> Iterator[None]:
    """Context manager: queries inside may use a replica that has everything that is committed before the first one."""
    token = _current.set(_Reads(may_use_replica=bool(replicas())))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def reading_from_primary() -> Iterator[None]:
    """Context manager: all queries inside use the primary."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


@cache
def replicas() -> tuple[Replica, ...]:
    """Return the replicas of the settings, as this process knows them."""
    return tuple(Replica(alias) for alias in connections.settings if alias.startswith(REPLICA_PREFIX))


def _choose() -> str:
    """Return the alias of a replica that has everything committed so far, or that of the primary."""
    now = time.monotonic()
    candidates = [replica for replica in replicas() if replica.left_out_until <= now]
    if candidates:
        try:
            position = _scalar(connection, _POSITION)
        except (DatabaseError, InterfaceError):
            return DEFAULT_DB_ALIAS  # The next query of the request has the same error, and reports it.
        random.shuffle(candidates)
        for replica in candidates:
            if replica.has_replayed(position):
                return replica.alias
    return DEFAULT_DB_ALIAS


def _scalar(database: Any, sql: str) -> Any:
    with database.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


class ReplicaRouter:
    """Django's database router: reads go where the request reads, writes to the primary."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return DEFAULT_DB_ALIAS if model._meta.app_label in PRIMARY_APPS else read_alias()  # noqa: SLF001  (Django documents _meta)

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        """Return the primary, from which the rest of the request then reads too."""
        if reads := _current.get():
            reads.alias = DEFAULT_DB_ALIAS
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return None if db == DEFAULT_DB_ALIAS else False


class ReplicaMiddleware:
    """Let views read from replicas if the method is safe. Install it last, so that it contains the view only.

    If a replica fails in the middle of a request, or cancels a query that conflicts with its replay, the view is called
    again and reads from the primary.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _current.set(_Reads())
        try:
            return self.get_response(request)
        finally:
            _current.reset(token)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        reads, match = _current.get(), request.resolver_match
        if reads is None or match is None or request.method not in {"GET", "HEAD"}:
            return
        reads.may_use_replica = (
            not settings.REPLICA_NAMESPACES.isdisjoint(match.namespaces)
            and match.view_name not in settings.PRIMARY_VIEWS
        )

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        reads, match = _current.get(), request.resolver_match
        if match is None or reads is None or not reads.alias.startswith(REPLICA_PREFIX):
            return None
        # psycopg2 raises the base class itself if the server dies during a query.
        if not isinstance(error, OperationalError | InterfaceError) and type(error) is not DatabaseError:
            return None
        next(replica for replica in replicas() if replica.alias == reads.alias).leave_out_after(error)
        reads.alias = DEFAULT_DB_ALIAS
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        return response
