"""Rows beside an account: the names it had, its export, and what a deletion removed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from common.ids import SnowflakeModel
from common.limits import OLD_USERNAME_DAYS
from common.personal_data import ErasureResult


class OldUsernameQuerySet(models.QuerySet["OldUsername"]):
    def held(self) -> OldUsernameQuerySet:
        """Names that nobody but their former owner may have, and that lead on to them."""
        return self.filter(given_up_at__gt=held_since())

    def expired(self) -> OldUsernameQuerySet:
        return self.filter(given_up_at__lte=held_since())


class OldUsername(models.Model):
    """A name that `person` had. While it is held the database gives it to nobody else (migration 0003).

    One row a change: how many there are says how often somebody has changed lately, so a name that was taken back
    keeps its row too.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="old_usernames")
    username = models.CharField(max_length=30, unique=True)
    given_up_at = models.DateTimeField(default=timezone.now)

    objects = OldUsernameQuerySet.as_manager()

    class Meta:
        # accounts.sweep: names that are free again.
        indexes = [models.Index(fields=["given_up_at"], name="old_usernames_by_age")]

    def __str__(self) -> str:
        return self.username

    @property
    def free_at(self) -> datetime:
        return self.given_up_at + timedelta(days=OLD_USERNAME_DAYS)


def held_since() -> datetime:
    """A name given up before this is free."""
    return timezone.now() - timedelta(days=OLD_USERNAME_DAYS)


class ExportState(models.TextChoices):
    WAITING = "waiting", "waiting for a worker"
    BUILDING = "building", "being built"
    READY = "ready", "ready"
    FAILED = "failed", "failed"


class Export(SnowflakeModel):
    """An archive of all that is a person's. One a person: asking anew replaces it. Lives on the person's shard."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="export")
    state = models.CharField(max_length=10, choices=ExportState.choices, default=ExportState.WAITING)
    progress = models.PositiveSmallIntegerField(default=0)
    """In per cent."""
    attempts = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField(default=timezone.now)
    """When a worker was last asked: the sweeper asks again some time after."""
    key = models.CharField(max_length=200, blank=True)
    """Of the archive in the private storage "originals", once it is ready."""
    size = models.BigIntegerField(default=0)
    """In bytes."""
    expires_at = models.DateTimeField(null=True)
    """When the archive is deleted; null until it is ready."""

    class Meta:
        indexes = [
            # accounts.sweep: what a lost message left undone, and what has had its time.
            models.Index(fields=["queued_at"], condition=Q(state__in=["waiting", "building"]), name="exports_to_build"),
            models.Index(fields=["expires_at"], condition=Q(expires_at__isnull=False), name="exports_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.state} for {self.person_id}"

    @property
    def is_under_way(self) -> bool:
        return self.state in {ExportState.WAITING, ExportState.BUILDING}

    @property
    def is_ready(self) -> bool:
        """Whether its file may be fetched: not from the moment on that the page said."""
        return self.state == ExportState.READY and self.expires_at is not None and self.expires_at > timezone.now()


class DeletionRecord(models.Model):
    """What the deletion of an account removed. Once it is finished nothing here says whose."""

    person_id = models.BigIntegerField(null=True, unique=True, editable=False)
    """While it is under way: whose."""
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    queued_at = models.DateTimeField(null=True, editable=False)
    """When a worker was last asked, or last did something: the sweeper asks again some time after."""
    finished_at = models.DateTimeField(null=True, editable=False)
    rows = models.JSONField(default=dict, editable=False)
    """{table: how many}."""
    files = models.PositiveIntegerField(default=0, editable=False)
    cache_keys = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(person_id__isnull=True), name="finished_says_nothing_of_whom"
            ),
        ]

    def __str__(self) -> str:
        return f"{sum(self.rows.values())} rows, {self.files} files, {self.cache_keys} cache keys"

    def add(self, removed: ErasureResult) -> None:
        """Count what one step removed, in the transaction that removed it."""
        for table, count in removed.rows.items():
            self.rows[table] = self.rows.get(table, 0) + count
        self.files += removed.files
        self.cache_keys += removed.cache_keys
        self.queued_at = timezone.now()
        self.save(update_fields=["rows", "files", "cache_keys", "queued_at"])
