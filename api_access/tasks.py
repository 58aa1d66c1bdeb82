from __future__ import annotations

from celery import shared_task

from api_access.models import IdempotencyRecord, OAuthGrant, PersonalToken


@shared_task(name="api_access.sweep")
def sweep() -> None:
    """Delete expired tokens, grants and idempotency records. Three DELETEs by index; safe to run at any time."""
    PersonalToken.objects.expired().delete()
    OAuthGrant.objects.expired().delete()
    IdempotencyRecord.objects.expired().delete()
