"""Accept the follow requests that one transaction of "approve all" did not reach."""

from __future__ import annotations

from celery import shared_task
from django.db import OperationalError

from accounts.models import User
from common.events import publish
from social.actions.requests import accept_next_batch

SWEEP_BATCH = 100


@shared_task(
    name="social.accept_requests",
    autoretry_for=(OperationalError,),
    retry_backoff=2,
    retry_backoff_max=30,
    max_retries=5,
)
def accept_requests(target_id: int) -> int:
    """Accept the next ACCEPTED_AT_ONCE requests of a user who has approved all; return how many.

    Safe to run twice, because accepted requests are deleted. While more remain, the action emits an event that queues
    the next run; if that message is lost, `accepts_requests_up_to` stays set and the sweeper continues.
    """
    return accept_next_batch(target_id)


@shared_task(name="social.sweep")
def sweep() -> int:
    """Queue `accept_requests` for up to SWEEP_BATCH users with requests left to accept; return how many."""
    waiting = User.objects.filter(accepts_requests_up_to__isnull=False)
    return sum(publish(accept_requests, target_id=pk) for pk in waiting.values_list("pk", flat=True)[:SWEEP_BATCH])
