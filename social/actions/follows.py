"""Follow, unfollow and remove followers.

All actions of this package are idempotent. Follows, requests, close friends and blocks change only under the lock on
the pair, and database triggers reject contradictions: a block wins every race.
"""

from __future__ import annotations

from django.db import models, transaction
from django.db.models import Q

from accounts.models import User
from common.events import emit
from common.refusals import Refusal
from social.actions.blocks import lock_pair_unless_blocked
from social.actions.follow_rows import end_follows, insert_follows
from social.events import FollowRequested
from social.locks import lock_privacy, lock_user_pair, lock_user_pairs
from social.models import Follow, FollowRequest

FOLLOWS_DELETED_AT_ONCE = 100


class FollowState(models.TextChoices):
    """The result of `follow`."""

    FOLLOWING = "following"
    REQUESTED = "requested"


@transaction.atomic
def follow(follower: User, *, followee: User) -> FollowState:
    """Follow `followee`, or send a follow request if the account is private; return which.

    Following twice has the same effect as following once: only the call that creates the row changes the counts.
    `followee` comes from `User.objects.visible_to(follower)`; raises BlockedError if that has changed since, and
    Refusal if both are the same person.

    Cost: about eight short queries, and no lock that other pairs wait for.
    """
    if follower.pk == followee.pk:
        raise Refusal("You can’t follow yourself.", "id")
    lock_privacy(followee.pk, shared=True)
    lock_pair_unless_blocked(follower, followee)
    if Follow.objects.filter(follower=follower, followee=followee).exists():
        return FollowState.FOLLOWING
    if User.objects.filter(pk=followee.pk, is_private=True).exists():
        _, asked = FollowRequest.objects.get_or_create(requester=follower, target=followee)
        if asked:
            emit(FollowRequested(requester_id=follower.pk, target_id=followee.pk))
        return FollowState.REQUESTED
    FollowRequest.objects.filter(requester=follower, target=followee).delete()
    insert_follows([follower.pk], followee.pk)
    return FollowState.FOLLOWING


@transaction.atomic
def unfollow(follower: User, *, followee: User) -> bool:
    """Delete the follow and any follow request; return True if there was one."""
    lock_user_pair(follower.pk, followee.pk)
    asked, _ = FollowRequest.objects.filter(requester=follower, target=followee).delete()
    return end_follows(Q(follower=follower, followee=followee)) > 0 or asked > 0


@transaction.atomic
def remove_follower(person: User, *, follower: User) -> bool:
    """Delete the follow of `person` by `follower`; return True if there was one. The follower is not notified."""
    lock_user_pair(person.pk, follower.pk)
    return end_follows(Q(follower=follower, followee=person)) > 0


@transaction.atomic
def delete_follows_batch(which: Q) -> int:
    """Delete up to FOLLOWS_DELETED_AT_ONCE of these follows, during account deletion; return how many."""
    some = list(Follow.objects.filter(which).values_list("pk", "follower_id", "followee_id")[:FOLLOWS_DELETED_AT_ONCE])
    lock_user_pairs((follower_id, followee_id) for _, follower_id, followee_id in some)
    return end_follows(Q(pk__in=[pk for pk, _, _ in some]))
