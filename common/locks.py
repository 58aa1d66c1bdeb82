from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connection, connections

from common.databases import DIRECT


@contextmanager
def try_advisory_lock(name: int) -> Iterator[bool]:
    """Context manager: try to take an exclusive session lock on `name`, a row's id; yield whether it was free.

    A session lock of PostgreSQL and not a lease: when the worker dies, its connection closes and the lock is free at
    once, however long the work may take. Behind a pooler in transaction mode, which may give each statement another
    session, it is taken on a connection to PostgreSQL itself.
    """
    session = connections[DIRECT if DIRECT in connections.settings else DEFAULT_DB_ALIAS]
    with session.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [name])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with session.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [name])


def shared_advisory_lock(name: int) -> None:
    """Take a shared advisory lock on `name`, a row's id, until the transaction ends.

    Waits for `exclusive_advisory_lock`; any number of transactions can share it. It does not lock the row itself, so
    folding counts into the row and writing its children never wait for each other. Later reads see everything that the
    last holder of the exclusive lock committed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [name])


def exclusive_advisory_lock(name: int) -> None:
    """Take the exclusive advisory lock on `name` until the transaction ends; waits for all shared holders."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [name])
