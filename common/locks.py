from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def held_by_this_worker(name: int) -> Iterator[bool]:
    """Whether this worker alone works on the row with the id `name`, until the block ends.

    A session lock of PostgreSQL and not a lease: when the worker dies, its connection closes and the lock is free at
    once, however long the work may take. Workers connect to PostgreSQL itself, not through a transaction pooler.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [name])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [name])


def enter(name: int) -> None:
    """Be among those who work under the row with the id `name`, until the transaction ends; waits for `close_door`.

    Many may be inside at once. A lock of its own and not one of the row, so that folding counts into the row and
    writing under it never wait for one another. What is read after this is as whoever closed the door left it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [name])


def close_door(name: int) -> None:
    """Wait until all who `enter` have ended their transactions, and let nobody in until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [name])
