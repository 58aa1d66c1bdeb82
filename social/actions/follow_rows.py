"""Insert and delete follows with their consequences. Callers hold the locks on the pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection
from django.db.models import Q

from accounts.models import FOLLOWERS, FOLLOWING
from common.events import emit
from realtime.tell import check_people
from social.events import HomeSourceChanged, PersonFollowed
from social.locks import lock_people
from social.models import Follow


def insert_follows(follower_ids: Sequence[int], followee_id: int, *, was_asked: bool = False) -> None:
    """Insert follows of `followee_id` that do not exist yet, and count and announce them."""
    Follow.objects.bulk_create(
        Follow(follower_id=pk, followee_id=followee_id, was_asked=was_asked) for pk in follower_ids
    )
    FOLLOWERS.add(followee_id, len(follower_ids))
    FOLLOWING.add_to_each(follower_ids)
    change_home_sources((pk, followee_id) for pk in follower_ids)
    for pk in follower_ids:
        emit(PersonFollowed(follower_id=pk, followee_id=followee_id))


def end_follows(which: Q) -> int:
    """Delete the follows that match `which`, and update the counts; return how many."""
    ended = list(Follow.objects.filter(which).values_list("pk", "follower_id", "followee_id"))
    if not ended:
        return 0
    Follow.objects.filter(pk__in=[pk for pk, _, _ in ended]).delete()
    for _, follower_id, followee_id in ended:
        FOLLOWERS.add(followee_id, -1)
        FOLLOWING.add(follower_id, -1)
    change_home_sources((follower_id, followee_id) for _, follower_id, followee_id in ended)
    return len(ended)


def change_home_sources(pairs: Iterable[tuple[int, int]]) -> None:
    """Invalidate the timelines of readers, and announce what changed; `pairs` are ids of a reader and another person.

    Increments the `follows_version` of each reader once. If several of a reader's sources have changed, that is not
    announced, and the timeline is rebuilt from the database.
    """
    people_of: dict[int, list[int]] = {}
    for reader_id, person_id in pairs:
        people_of.setdefault(reader_id, []).append(person_id)
    if not people_of:
        return
    if len(people_of) > 1:
        lock_people(list(people_of))
    check_people(people_of)
    readers_of: dict[int, list[tuple[int, int]]] = {}
    for reader_id, version in _increment_versions(list(people_of)):
        if len(people_of[reader_id]) == 1:
            readers_of.setdefault(people_of[reader_id][0], []).append((reader_id, version))
    for person_id, readers in readers_of.items():
        emit(HomeSourceChanged(person_id=person_id, readers=readers))


def _increment_versions(reader_ids: list[int]) -> list[tuple[int, int]]:
    """Increment `follows_version` of these readers; return pairs of (id, new version)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_user SET follows_version = follows_version + 1 WHERE id = ANY(%s)"
            " RETURNING id, follows_version",
            [reader_ids],
        )
        return cursor.fetchall()  # type: ignore[no-any-return]
