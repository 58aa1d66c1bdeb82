"""What changes who follows whom."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from accounts.models import FOLLOWERS, FOLLOWING, User
from common.events import emit
from social.events import PersonFollowed, PersonUnfollowed
from social.models import Follow


class FollowsOneselfError(ValueError):
    """Raised before the database's own constraint would be."""


@transaction.atomic
def follow(follower: User, *, followee: User) -> bool:
    """Let `follower` see the posts of `followee` at home; return whether that is new.

    Following twice is following once: the unique constraint `follow_once` decides, and only the request that created
    the row moves the counts. `followee` comes from `User.objects.visible_to(follower)`.
    """
    if follower.pk == followee.pk:
        raise FollowsOneselfError("You cannot follow yourself.")
    _, created = Follow.objects.get_or_create(follower=follower, followee=followee)
    if created:
        _count(follower, followee, by=1)
        emit(PersonFollowed(follower_id=follower.pk, followee_id=followee.pk))
    return created


@transaction.atomic
def unfollow(follower: User, *, followee: User) -> bool:
    """Undo `follow`; return whether there was anything to undo."""
    deleted, _ = Follow.objects.filter(follower=follower, followee=followee).delete()
    if deleted:
        _count(follower, followee, by=-1)
        emit(PersonUnfollowed(follower_id=follower.pk, followee_id=followee.pk))
    return bool(deleted)


def _count(follower: User, followee: User, *, by: int) -> None:
    FOLLOWERS.add(followee.pk, by)
    FOLLOWING.add(follower.pk, by)
    # Moves the follower to a new home timeline, made from the database: no message can be lost on the way.
    User.objects.filter(pk=follower.pk).update(follows_version=F("follows_version") + 1)
