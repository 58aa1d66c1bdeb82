"""Locks on relationships between people, held until the transaction ends.

To avoid deadlocks, take them in this order: a privacy lock, then pairs in the order of `sorted`, then rows of users by
id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection

from accounts.models import User


def lock_user_pair(one_id: int, other_id: int) -> None:
    """Lock the follows, requests, close friendships and blocks between two people, in both directions."""
    lock_user_pairs([(one_id, other_id)])


def lock_user_pairs(pairs: Iterable[tuple[int, int]]) -> None:
    """Lock several pairs like `lock_user_pair`, in one statement.

    Each pair takes an entry in PostgreSQL's lock table: lock a few hundred at most.
    """
    ordered = sorted({(min(pair), max(pair)) for pair in pairs})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT social_lock_pair(one, other) FROM unnest(%s::bigint[], %s::bigint[]) AS pair (one, other)",
            [[one for one, _ in ordered], [other for _, other in ordered]],
        )


def lock_privacy(person_id: int, *, shared: bool) -> None:
    """Lock `User.is_private`: shared to act on its value, exclusive to change it."""
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended(%s, 0))", [f"privacy {person_id}"])


def lock_people(ids: Sequence[int]) -> None:
    """Lock the rows of several users, in the order of their ids."""
    list(User.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True).values_list("pk"))
