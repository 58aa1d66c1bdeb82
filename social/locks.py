"""Locks on what is between people. Each is held until the transaction ends.

Order, so that no two transactions wait for each other: a privacy lock, then pairs in the order of `sorted`, then rows
of people by id.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection


def lock_user_pair(one_id: int, other_id: int) -> None:
    """Hold what is between two people: follows, requests, close friends and blocks, in both directions."""
    lock_user_pairs([(one_id, other_id)])


def lock_user_pairs(pairs: Iterable[tuple[int, int]]) -> None:
    """`lock_user_pair` for many, in one statement.

    Each takes a place in PostgreSQL's table of locks: some hundreds at once, no more.
    """
    ordered = sorted({(min(pair), max(pair)) for pair in pairs})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT social_lock_pair(one, other) FROM unnest(%s::bigint[], %s::bigint[]) AS pair (one, other)",
            [[one for one, _ in ordered], [other for _, other in ordered]],
        )


def lock_privacy(person_id: int, *, shared: bool) -> None:
    """Hold whether an account is private: shared to act on it, which many do at once; alone to change it."""
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended(%s, 0))", [f"privacy {person_id}"])
