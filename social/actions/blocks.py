"""Block and unblock people."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from common.refusals import Refusal
from realtime.tell import check_people
from social.actions.follow_rows import end_follows
from social.locks import lock_user_pair
from social.models import Block, CloseFriend, FollowRequest


class BlockedError(Exception):
    """Raised when one of two people has blocked the other. Views answer 404, as for an unknown person."""


@transaction.atomic
def block(blocker: User, *, blocked: User) -> bool:
    """Hide two people from each other; return True if the block is new. The blocked person is not notified.

    Ends follows, requests and close friendships in both directions. Likes and comments stay as rows that `visible_to`
    hides (docs/decisions/0010), so unblocking restores them, and no count changes. Locks the pair.
    """
    if blocker.pk == blocked.pk:
        raise Refusal("You can’t block yourself.")
    lock_user_pair(blocker.pk, blocked.pk)
    FollowRequest.objects.filter(_pair_q("requester", "target", blocker, blocked)).delete()
    CloseFriend.objects.filter(_pair_q("owner", "friend", blocker, blocked)).delete()
    end_follows(_pair_q("follower", "followee", blocker, blocked))
    check_people([blocker.pk, blocked.pk])
    return Block.objects.get_or_create(blocker=blocker, blocked=blocked)[1]


@transaction.atomic
def unblock(blocker: User, *, blocked: User) -> bool:
    """Delete the block; return True if there was one. Follows and close friendships are not restored."""
    lock_user_pair(blocker.pk, blocked.pk)
    return Block.objects.filter(blocker=blocker, blocked=blocked).delete()[0] > 0


def lock_pair_unless_blocked(one: User, other: User) -> None:
    """Lock the pair until the transaction ends. Raises BlockedError if there is a block in either direction."""
    lock_user_pair(one.pk, other.pk)
    if Block.objects.filter(_pair_q("blocker", "blocked", one, other)).exists():
        raise BlockedError


def _pair_q(first: str, second: str, one: User, other: User) -> Q:
    """Q matching rows between two users, in either direction."""
    return Q(**{first: one, second: other}) | Q(**{first: other, second: one})
