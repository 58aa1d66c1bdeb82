"""What changes who relates to whom. Pages, the demo and tasks call these.

All are idempotent. What is between two people (follows, requests, close friends, blocks) changes only under the lock
on the pair, and triggers of the database refuse what must not stand beside each other: a block wins every race.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models, transaction
from django.db.models import F, Max, Q

from accounts.models import FOLLOWERS, FOLLOWING, User
from common.events import emit
from social.events import (
    FollowAccepted,
    FollowRequested,
    PersonBlocked,
    PersonFollowed,
    PersonUnfollowed,
    RequestsRemaining,
)
from social.locks import lock_privacy, lock_user_pair, lock_user_pairs
from social.models import Block, CloseFriend, Follow, FollowRequest, Mute, Restrict

ACCEPTED_AT_ONCE = 200
"""Requests that one transaction accepts."""


class FollowsOneselfError(ValueError):
    """Raised before the database's own constraint would be."""


class BlockedError(Exception):
    """One of the two has blocked the other, perhaps a moment ago: answer as for somebody who is not there."""


class FollowState(models.TextChoices):
    """What somebody is to the one they want to follow."""

    FOLLOWING = "following"
    REQUESTED = "requested"


# --- Follows -----------------------------------------------------------------------------------------------------


@transaction.atomic
def follow(follower: User, *, followee: User) -> FollowState:
    """Let `follower` see the posts of `followee` at home, or ask to be let, if the account is private.

    Following twice is following once, and so with asking: only the call that created the row moves the counts.
    `followee` comes from `User.objects.visible_to(follower)`; raises BlockedError if that has just changed.

    Cost: some eight short queries, no lock that another pair waits for.
    """
    if follower.pk == followee.pk:
        raise FollowsOneselfError("You cannot follow yourself.")
    lock_privacy(followee.pk, shared=True)
    _lock_pair_unless_blocked(follower, followee)
    if Follow.objects.filter(follower=follower, followee=followee).exists():
        return FollowState.FOLLOWING
    if User.objects.filter(pk=followee.pk, is_private=True).exists():
        _, asked = FollowRequest.objects.get_or_create(requester=follower, target=followee)
        if asked:
            emit(FollowRequested(requester_id=follower.pk, target_id=followee.pk))
        return FollowState.REQUESTED
    FollowRequest.objects.filter(requester=follower, target=followee).delete()
    _insert_follows([follower.pk], followee.pk)
    return FollowState.FOLLOWING


@transaction.atomic
def unfollow(follower: User, *, followee: User) -> bool:
    """Undo `follow`, whatever came of it; return whether there was anything to undo."""
    lock_user_pair(follower.pk, followee.pk)
    asked, _ = FollowRequest.objects.filter(requester=follower, target=followee).delete()
    return _end_follows(Q(follower=follower, followee=followee)) > 0 or asked > 0


@transaction.atomic
def cancel_request(requester: User, *, target: User) -> bool:
    """Take a request back; return whether it was still there. Once accepted it is a follow, which stays."""
    return FollowRequest.objects.filter(requester=requester, target=target).delete()[0] > 0


@transaction.atomic
def remove_follower(person: User, *, follower: User) -> bool:
    """End that `follower` follows `person`, who asks for it; return whether they did. They are not told."""
    lock_user_pair(person.pk, follower.pk)
    return _end_follows(Q(follower=follower, followee=person)) > 0


# --- Requests ----------------------------------------------------------------------------------------------------


@transaction.atomic
def approve_request(target: User, *, requester: User) -> bool:
    """Let somebody who asked `target` follow them; return whether this call did.

    Only the one who was asked calls it: a page takes `target` from the session.
    """
    return _accept(target.pk, [requester.pk]) > 0


@transaction.atomic
def refuse_request(target: User, *, requester: User) -> bool:
    """Let the request of `requester` go unanswered; return whether it was still there. They may ask again."""
    return FollowRequest.objects.filter(requester=requester, target=target).delete()[0] > 0


@transaction.atomic
def approve_all(target: User) -> int:
    """Accept all requests that are there now; return how many at once. The rest of very many follow in a task."""
    return _accept_up_to(target.pk, _newest_request(target))


@transaction.atomic
def accept_next_batch(target_id: int) -> int:
    """Accept the next batch of requests that the user has agreed to; return how many.

    What is to be done is `User.accepts_requests_up_to`: null once nothing is left. Two runs at once share the work.
    """
    up_to = User.objects.filter(pk=target_id).values_list("accepts_requests_up_to", flat=True).first()
    return _accept_up_to(target_id, up_to)


@transaction.atomic
def refuse_all(target: User) -> int:
    """Refuse all requests; return how many there were."""
    User.objects.filter(pk=target.pk).update(accepts_requests_up_to=None)
    return FollowRequest.objects.filter(target=target).delete()[0]


@transaction.atomic
def change_privacy(user: User, *, is_private: bool) -> int:
    """Make the account private or public; return how many requests were accepted by that.

    What they shared before follows at once: `visible_to` asks at every look. Followers stay. A public account has no
    requests, so those that wait are accepted (the page says so before).
    """
    # Nobody is between reading that the account is private and writing a request meanwhile.
    lock_privacy(user.pk, shared=False)
    accepted = 0 if is_private else approve_all(user)
    user.is_private = is_private
    User.objects.filter(pk=user.pk).update(is_private=is_private)
    if is_private:
        User.objects.filter(pk=user.pk).update(accepts_requests_up_to=None)
    return accepted


# --- Blocks ------------------------------------------------------------------------------------------------------


@transaction.atomic
def block(blocker: User, *, blocked: User) -> bool:
    """Let the two not exist for each other; return whether that is new. The other is not told.

    Ends follows, requests and close friends in both directions. Likes and comments stay as rows, hidden by
    `visible_to` (docs/decisions/0010): unblocking brings them back, and no count moves.
    """
    if blocker.pk == blocked.pk:
        raise ValueError("You cannot block yourself.")
    lock_user_pair(blocker.pk, blocked.pk)
    FollowRequest.objects.filter(_pair_q("requester", "target", blocker, blocked)).delete()
    CloseFriend.objects.filter(_pair_q("owner", "friend", blocker, blocked)).delete()
    _end_follows(_pair_q("follower", "followee", blocker, blocked))
    _, created = Block.objects.get_or_create(blocker=blocker, blocked=blocked)
    if created:
        emit(PersonBlocked(blocker_id=blocker.pk, blocked_id=blocked.pk))
    return created


@transaction.atomic
def unblock(blocker: User, *, blocked: User) -> bool:
    """Undo `block`; return whether there was anything to undo. What it ended stays ended."""
    lock_user_pair(blocker.pk, blocked.pk)
    return Block.objects.filter(blocker=blocker, blocked=blocked).delete()[0] > 0


# --- Mutes, restrictions, close friends --------------------------------------------------------------------------


@transaction.atomic
def mute(muter: User, *, muted: User, posts: bool = True, stories: bool = True) -> bool:
    """Show `muter` no posts or no stories of `muted` unasked; return whether there was no mute before.

    Says what is muted from now on, both off is `unmute`.
    """
    if muter.pk == muted.pk:
        raise ValueError("You cannot mute yourself.")
    if not posts and not stories:
        unmute(muter, muted=muted)
        return False
    _, created = Mute.objects.update_or_create(muter=muter, muted=muted, defaults={"posts": posts, "stories": stories})
    # A timeline that is made without the muted person's posts is a fuller one.
    _invalidate_timelines([muter.pk])
    return created


@transaction.atomic
def unmute(muter: User, *, muted: User) -> bool:
    """Undo `mute`; return whether there was anything to undo."""
    deleted, _ = Mute.objects.filter(muter=muter, muted=muted).delete()
    if deleted:
        _invalidate_timelines([muter.pk])
    return bool(deleted)


@transaction.atomic
def restrict(restricter: User, *, restricted: User) -> bool:
    """Have what `restricted` comments from now on wait for approval; return whether that is new."""
    if restricter.pk == restricted.pk:
        raise ValueError("You cannot restrict yourself.")
    return Restrict.objects.get_or_create(restricter=restricter, restricted=restricted)[1]


@transaction.atomic
def unrestrict(restricter: User, *, restricted: User) -> bool:
    """Undo `restrict`; return whether there was anything to undo. Comments that wait go on waiting."""
    return Restrict.objects.filter(restricter=restricter, restricted=restricted).delete()[0] > 0


@transaction.atomic
def add_close_friend(owner: User, *, friend: User) -> bool:
    """Let `friend` see what `owner` shares with close friends; return whether that is new. They are not told.

    Raises BlockedError if one has just blocked the other.
    """
    if owner.pk == friend.pk:
        raise ValueError("You are no close friend of yourself.")
    _lock_pair_unless_blocked(owner, friend)
    return CloseFriend.objects.get_or_create(owner=owner, friend=friend)[1]


@transaction.atomic
def remove_close_friend(owner: User, *, friend: User) -> bool:
    """Undo `add_close_friend`; return whether there was anything to undo."""
    return CloseFriend.objects.filter(owner=owner, friend=friend).delete()[0] > 0


# --- Parts -------------------------------------------------------------------------------------------------------


def _pair_q(first: str, second: str, one: User, other: User) -> Q:
    """Q matching rows between two users, in either direction."""
    return Q(**{first: one, second: other}) | Q(**{first: other, second: one})


def _lock_pair_unless_blocked(one: User, other: User) -> None:
    lock_user_pair(one.pk, other.pk)
    if Block.objects.filter(_pair_q("blocker", "blocked", one, other)).exists():
        raise BlockedError


def _newest_request(target: User) -> int | None:
    newest: int | None = FollowRequest.objects.filter(target=target).aggregate(newest=Max("pk"))["newest"]
    return newest


def _accept_up_to(target_id: int, up_to: int | None) -> int:
    """Accept the first ACCEPTED_AT_ONCE requests up to this id, and remember on the row whether there are more."""
    if up_to is None:
        return 0
    waiting = FollowRequest.objects.filter(target_id=target_id, pk__lte=up_to)
    ids = list(waiting.order_by("pk").values_list("requester_id", flat=True)[: ACCEPTED_AT_ONCE + 1])
    accepted = _accept(target_id, ids[:ACCEPTED_AT_ONCE])
    has_more = len(ids) > ACCEPTED_AT_ONCE
    User.objects.filter(pk=target_id).update(accepts_requests_up_to=up_to if has_more else None)
    if has_more:
        emit(RequestsRemaining(target_id=target_id))
    return accepted


def _accept(target_id: int, requester_ids: Sequence[int]) -> int:
    """Turn the requests of these people that are still there into follows; return how many."""
    lock_user_pairs((target_id, requester_id) for requester_id in requester_ids)
    # Read again, now that nobody else can answer, take back or block.
    requests = FollowRequest.objects.filter(target_id=target_id, requester__in=requester_ids)
    ids = list(requests.order_by("pk").values_list("requester_id", flat=True))
    if not ids:
        return 0
    requests.filter(requester__in=ids).delete()
    _lock_people([*ids, target_id])
    _insert_follows(ids, target_id, was_asked=True)
    for requester_id in ids:
        emit(FollowAccepted(follower_id=requester_id, followee_id=target_id))
    return len(ids)


def _insert_follows(follower_ids: Sequence[int], followee_id: int, *, was_asked: bool = False) -> None:
    """Follows that are not there yet, with the pairs locked."""
    Follow.objects.bulk_create(
        Follow(follower_id=pk, followee_id=followee_id, was_asked=was_asked) for pk in follower_ids
    )
    FOLLOWERS.add(followee_id, len(follower_ids))
    FOLLOWING.add_to_each(follower_ids)
    _invalidate_timelines(follower_ids)
    for pk in follower_ids:
        emit(PersonFollowed(follower_id=pk, followee_id=followee_id))


def _end_follows(which: Q) -> int:
    """Delete these follows, with the pairs locked; return how many there were."""
    ended = list(Follow.objects.filter(which).values_list("pk", "follower_id", "followee_id"))
    if not ended:
        return 0
    Follow.objects.filter(pk__in=[pk for pk, _, _ in ended]).delete()
    for _, follower_id, followee_id in ended:
        FOLLOWERS.add(followee_id, -1)
        FOLLOWING.add(follower_id, -1)
        emit(PersonUnfollowed(follower_id=follower_id, followee_id=followee_id))
    _invalidate_timelines([follower_id for _, follower_id, _ in ended])
    return len(ended)


def _invalidate_timelines(reader_ids: Sequence[int]) -> None:
    """Move readers to a new `follows_version`; their timelines are rebuilt from the database."""
    if len(reader_ids) > 1:
        _lock_people(reader_ids)
    User.objects.filter(pk__in=reader_ids).update(follows_version=F("follows_version") + 1)


def _lock_people(ids: Sequence[int]) -> None:
    """In the order in which all lock several rows of people."""
    list(User.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True).values_list("pk"))


FOLLOWS_DELETED_AT_ONCE = 100


@transaction.atomic
def delete_follows_batch(which: Q) -> int:
    """Delete up to FOLLOWS_DELETED_AT_ONCE of these follows, for an account in deletion; return how many."""
    some = list(Follow.objects.filter(which).values_list("pk", "follower_id", "followee_id")[:FOLLOWS_DELETED_AT_ONCE])
    lock_user_pairs((follower_id, followee_id) for _, follower_id, followee_id in some)
    return _end_follows(Q(pk__in=[pk for pk, _, _ in some]))
