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
