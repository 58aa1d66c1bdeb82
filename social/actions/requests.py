"""Cancel, approve and refuse follow requests."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from common.events import emit
from social.actions.follow_rows import insert_follows
from social.events import RequestsRemaining
from social.locks import lock_people, lock_user_pairs
from social.models import FollowRequest

ACCEPTED_AT_ONCE = 200
"""Maximum number of requests that one transaction accepts."""


@transaction.atomic
def cancel_request(requester: User, *, target: User) -> bool:
    """Delete a follow request; return True if it was still pending. A request that was approved stays a follow."""
    return FollowRequest.objects.filter(requester=requester, target=target).delete()[0] > 0


@transaction.atomic
def approve_request(target: User, *, requester: User) -> bool:
    """Turn a request into a follow; return True if this call did. Pages take `target` from the session."""
    return _accept(target.pk, [requester.pk]) > 0


@transaction.atomic
def refuse_request(target: User, *, requester: User) -> bool:
    """Delete a request without a notification; return True if it was pending. The requester can ask again."""
    return FollowRequest.objects.filter(requester=requester, target=target).delete()[0] > 0


@transaction.atomic
def approve_all(target: User) -> int:
    """Accept up to ACCEPTED_AT_ONCE of the pending requests; return how many. A task accepts the rest."""
    return _accept_up_to(target.pk, _newest_request(target))


@transaction.atomic
def accept_next_batch(target_id: int) -> int:
    """Accept the next batch of requests that the user has agreed to; return how many.

    `User.accepts_requests_up_to` has the id of the last one, null once nothing is left. Two concurrent runs share the
    work.
    """
    up_to = User.objects.filter(pk=target_id).values_list("accepts_requests_up_to", flat=True).first()
    return _accept_up_to(target_id, up_to)


@transaction.atomic
def refuse_all(target: User) -> int:
    """Delete all pending requests; return how many."""
    User.objects.filter(pk=target.pk).update(accepts_requests_up_to=None)
    return FollowRequest.objects.filter(target=target).delete()[0]


def _newest_request(target: User) -> int | None:
    newest: int | None = FollowRequest.objects.filter(target=target).aggregate(newest=Max("pk"))["newest"]
    return newest


def _accept_up_to(target_id: int, up_to: int | None) -> int:
    """Accept the first ACCEPTED_AT_ONCE requests up to this id, and record on the user's row whether more remain."""
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
    """Turn the pending requests of these people into follows; return how many. Locks the pairs, then the users."""
    lock_user_pairs((target_id, requester_id) for requester_id in requester_ids)
    # Read again under the locks: requests may have been answered or cancelled, or their senders blocked.
    requests = FollowRequest.objects.filter(target_id=target_id, requester__in=requester_ids)
    ids = list(requests.order_by("pk").values_list("requester_id", flat=True))
    if not ids:
        return 0
    requests.filter(requester__in=ids).delete()
    lock_people([*ids, target_id])
    insert_follows(ids, target_id, was_asked=True)
    return len(ids)
