from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from common.ids import SnowflakeModel
from personal_data.registry import ErasureResult


class ExportState(models.TextChoices):
    WAITING = "waiting", "waiting for a worker"
    BUILDING = "building", "being built"
    READY = "ready", "ready"
    FAILED = "failed", "failed"


UNFINISHED = (ExportState.WAITING, ExportState.BUILDING)


class ExportQuerySet(models.QuerySet["Export"]):
    def owned_by(self, person: User) -> ExportQuerySet:
        return self.filter(person=person)

    def unfinished(self) -> ExportQuerySet:
        """Exports that wait for a worker or are being built."""
        return self.filter(state__in=UNFINISHED)


class Export(SnowflakeModel):
    """A ZIP file of a user's data. A user has at most one; a new request replaces it. Lives on the user's shard."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="export")
    state = models.CharField(max_length=10, choices=ExportState.choices, default=ExportState.WAITING)
    progress = models.PositiveSmallIntegerField(default=0)
    """In per cent."""
    attempts = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField(default=timezone.now)
    """When the task was last queued or made progress; the sweeper queues it again some time later."""
    key = models.CharField(max_length=200, blank=True)
    """Storage key in the private storage "originals"; empty until the file is ready."""
    size = models.BigIntegerField(default=0)
    """In bytes."""
    expires_at = models.DateTimeField(null=True)
    """When the file is deleted; null until it is ready."""

    objects = ExportQuerySet.as_manager()

    class Meta:
        indexes = [
            # personal_data.sweep: exports whose task was lost, and expired ones.
            models.Index(fields=["queued_at"], condition=Q(state__in=["waiting", "building"]), name="exports_to_build"),
            models.Index(fields=["expires_at"], condition=Q(expires_at__isnull=False), name="exports_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.state} for {self.person_id}"

    @property
    def is_under_way(self) -> bool:
        return self.state in UNFINISHED

    @property
    def is_ready(self) -> bool:
        """Return True if the file can be downloaded: it is built and has not expired, even if not deleted yet."""
        return self.state == ExportState.READY and self.expires_at is not None and self.expires_at > timezone.now()


class DeletionRecordQuerySet(models.QuerySet["DeletionRecord"]):
    def active_since(self, moment: datetime) -> DeletionRecordQuerySet:
        """Unfinished deletions that were queued or made progress after `moment`."""
        return self.filter(queued_at__gt=moment, person_id__isnull=False)


class DeletionRecord(models.Model):
    """Progress and totals of the deletion of an account. A finished record does not identify the user."""

    person_id = models.BigIntegerField(null=True, unique=True, editable=False)
    """The user's id until the deletion is finished, then null."""
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    queued_at = models.DateTimeField(null=True, editable=False)
    """When the task was last queued or made progress; the sweeper queues it again some time later."""
    finished_at = models.DateTimeField(null=True, editable=False)
    rows = models.JSONField(default=dict, editable=False)
    """{table: number of rows}."""
    files = models.PositiveIntegerField(default=0, editable=False)
    cache_keys = models.PositiveIntegerField(default=0, editable=False)

    objects = DeletionRecordQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(person_id__isnull=True),
                name="finished_deletions_are_anonymous",
            ),
        ]

    def __str__(self) -> str:
        return f"{sum(self.rows.values())} rows, {self.files} files, {self.cache_keys} cache keys"

    def add(self, removed: ErasureResult) -> None:
        """Add the counts of one step, in the transaction that removed the rows."""
        for table, count in removed.rows.items():
            self.rows[table] = self.rows.get(table, 0) + count
        self.files += removed.files
        self.cache_keys += removed.cache_keys
        self.queued_at = timezone.now()
        self.save(update_fields=["rows", "files", "cache_keys", "queued_at"])
