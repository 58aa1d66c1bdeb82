from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import models
from django.utils import timezone

KEPT_HOURS: Final = 24
MAX_KEY_CHARS: Final = 255


class IdempotencyRecordQuerySet(models.QuerySet["IdempotencyRecord"]):
    def unexpired(self) -> IdempotencyRecordQuerySet:
        return self.filter(created_at__gt=timezone.now() - timedelta(hours=KEPT_HOURS))

    def expired(self) -> IdempotencyRecordQuerySet:
        return self.filter(created_at__lte=timezone.now() - timedelta(hours=KEPT_HOURS))


class IdempotencyRecord(models.Model):
    """The first response to a request with an `Idempotency-Key`, saved with the request's effects."""

    person_id = models.BigIntegerField()
    key = models.CharField(max_length=MAX_KEY_CHARS)
    address = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    """SHA-256 of the request's content: a different request with the same key is rejected."""
    status = models.SmallIntegerField()
    body = models.TextField()
    location = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = IdempotencyRecordQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person_id", "key"], name="idempotency_keys_are_unique")]
        # api_access.sweep deletes expired records.
        indexes = [models.Index(fields=["created_at"], name="idempotency_records_by_age")]

    def __str__(self) -> str:
        return f"{self.address} of {self.person_id}"
