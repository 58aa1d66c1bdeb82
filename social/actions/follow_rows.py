"""Insert and delete follows with their consequences. Callers hold the locks on the pairs."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F, Q

from accounts.models import FOLLOWERS, FOLLOWING, User
from common.events import emit
from social.events import PersonFollowed
from social.locks import lock_people
from social.models import Follow


def insert_follows(follower_ids: Sequence[int], followee_id: int, *, was_asked: bool = False) -> None:
    """Insert follows of `followee_id` that do not exist yet, and count and announce them."""
    Follow.objects.bulk_create(
        Follow(follower_id=pk, followee_id=followee_id, was_asked=was_asked) for pk in follower_ids
    )
    FOLLOWERS.add(followee_id, len(follower_ids))
    FOLLOWING.add_to_each(follower_ids)
    invalidate_timelines(follower_ids)
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
    invalidate_timelines([follower_id for _, follower_id, _ in ended])
    return len(ended)


def invalidate_timelines(reader_ids: Sequence[int]) -> None:
    """Increment `follows_version` of these readers, so that their timelines are rebuilt from the database."""
    if len(reader_ids) > 1:
        lock_people(reader_ids)
    User.objects.filter(pk__in=reader_ids).update(follows_version=F("follows_version") + 1)
