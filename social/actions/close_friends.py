"""Add and remove close friends."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from common.refusals import Refusal
from realtime.tell import check_people
from social.actions.blocks import lock_pair_unless_blocked
from social.models import CloseFriend


@transaction.atomic
def add_close_friend(owner: User, *, friend: User) -> bool:
    """Let `friend` see the posts that `owner` shares with close friends; return True if that is new.

    The friend is not notified. Raises BlockedError if there is a block in either direction.
    """
    if owner.pk == friend.pk:
        raise Refusal("You can’t add yourself to your close friends.")
    lock_pair_unless_blocked(owner, friend)
    return CloseFriend.objects.get_or_create(owner=owner, friend=friend)[1]


@transaction.atomic
def remove_close_friend(owner: User, *, friend: User) -> bool:
    """Remove `friend` from the close friends of `owner`; return True if they were one."""
    check_people([friend.pk])
    return CloseFriend.objects.filter(owner=owner, friend=friend).delete()[0] > 0
