"""A follower's choices for the home page: favourites, and how many posts of a followee it shows.

They are columns of the follow, so they end with it: unfollowing, blocking and deleting need no further steps.
"""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from common.limits import MAX_FAVOURITES
from common.refusals import Refusal
from social.locks import lock_user_pair
from social.models import Follow, Volume


@transaction.atomic
def add_favourite(follower: User, *, followee: User) -> bool:
    """Add `followee` to the favourites of `follower`; return True if that is new. The followee is not told.

    Raises Refusal if `follower` does not follow them, or has MAX_FAVOURITES.
    """
    # In this order, as `follow` takes them: the lock of the pair, and then that of the follower's row, which keeps
    # simultaneous requests from exceeding the limit.
    lock_user_pair(follower.pk, followee.pk)
    User.objects.lock(follower.pk)
    if _follow_of(follower, followee).is_favourite:
        return False
    if Follow.objects.filter(follower=follower, is_favourite=True).count() >= MAX_FAVOURITES:
        raise Refusal(f"You have {MAX_FAVOURITES} favourites, which is the limit. Remove one of them first.")
    Follow.objects.filter(follower=follower, followee=followee).update(is_favourite=True)
    return True


def remove_favourite(follower: User, *, followee: User) -> bool:
    """Remove `followee` from the favourites of `follower`; return True if they were one."""
    favourite = Follow.objects.filter(follower=follower, followee=followee, is_favourite=True)
    return favourite.update(is_favourite=False) > 0


@transaction.atomic
def change_volume(follower: User, *, followee: User, volume: Volume) -> None:
    """Choose which posts of `followee` the home page of `follower` shows. The followee is not told.

    Raises Refusal if `follower` does not follow them.
    """
    lock_user_pair(follower.pk, followee.pk)
    _follow_of(follower, followee)
    Follow.objects.filter(follower=follower, followee=followee).update(volume=volume)


def _follow_of(follower: User, followee: User) -> Follow:
    follow = Follow.objects.filter(follower=follower, followee=followee).first()
    if follow is None:
        raise Refusal(f"You don’t follow {followee.username}. Follow them first.")
    return follow
