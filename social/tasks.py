"""The rest of "accept all", where there were very many requests."""

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
    """Accept the next ACCEPTED_AT_ONCE requests of somebody who said yes to all; return how many.

    Safe to run twice: what is accepted is gone from the list. While there are more, the action asks for the next run;
    should that get lost, `accepts_requests_up_to` stays and the sweeper goes on.
    """
    return accept_next_batch(target_id)


@shared_task(name="social.sweep")
def sweep() -> int:
    """Go on wherever requests are still to be accepted; return for how many people."""
    waiting = User.objects.filter(accepts_requests_up_to__isnull=False)
    return sum(publish(accept_requests, target_id=pk) for pk in waiting.values_list("pk", flat=True)[:SWEEP_BATCH])
