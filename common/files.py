"""Keep storages and database rows consistent: a killed process leaves no orphaned file.

A file is stored before its row is committed, and deleted after. A process killed in between would leave a file without
a row. So the key is recorded first as a `PendingFile`, which is deleted in the transaction that writes the row;
`common.sweep_files` deletes files that are still pending after PENDING_SECONDS.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.core.files.storage import storages
from django.db import DatabaseError, models, transaction
from django.utils import timezone

log = logging.getLogger(__name__)

PENDING_SECONDS = 3600
"""Longer than any file takes from its first byte to its row."""

SWEEP_BATCH = 100


class PendingFile(models.Model):
    """A file without a row: being stored, scheduled for deletion, or left by a killed process.

    The table is nearly empty at any time, so the sweeper needs no index.
    """

    storage = models.CharField(max_length=20)
    """Alias in STORAGES."""
    key = models.CharField(max_length=200)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            # storing_files and schedule_delete: one row per file.
            models.UniqueConstraint(fields=["storage", "key"], name="pending_files_are_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.storage}:{self.key}"


class FilesExpiredError(Exception):
    """Raised when the sweeper deleted the files before their row was committed."""


class PendingFiles:
    """The files of a `storing_files` block."""

    def __init__(self, storage: str, keys: Sequence[str]) -> None:
        self.storage, self.keys = storage, keys
        self.is_committed = False

    def commit(self) -> None:
        """Hand the files over to a row, within the transaction that writes it.

        Raises FilesExpiredError, which rolls that transaction back, if the sweeper has deleted them.
        """
        committed, _ = PendingFile.objects.filter(storage=self.storage, key__in=self.keys).delete()
        if committed != len(self.keys):
            raise FilesExpiredError(f"{len(self.keys) - committed} of {len(self.keys)} files took more than an hour")
        self.is_committed = True


@contextmanager
def storing_files(storage: str, keys: Iterable[str]) -> Iterator[PendingFiles]:
    """Context manager: store files under `keys` within the block, and hand them to a row with `commit`.

    Files that are not committed at its end are deleted. Enter it outside a transaction: its records must be committed
    before the first byte is stored.

    Cost: one INSERT and one DELETE, however many files.
    """
    files = PendingFiles(storage, list(keys))
    now = timezone.now()
    PendingFile.objects.bulk_create(PendingFile(storage=storage, key=key, since=now) for key in files.keys)
    try:
        yield files
    except BaseException:
        # Only the database knows whether a commit that failed half-way took place.
        delete_pending(storage, files.keys)
        raise
    if not files.is_committed:
        delete_pending(storage, files.keys)


def schedule_delete(storage: str, keys: Iterable[str]) -> None:
    """Record that no row refers to these files any more, in the transaction that removes the reference.

    Call `delete_pending` after the commit; otherwise the sweeper deletes them.
    """
    now = timezone.now()
    rows = (PendingFile(storage=storage, key=key, since=now) for key in keys)
    PendingFile.objects.bulk_create(rows, ignore_conflicts=True)


def delete_pending(storage: str, keys: Iterable[str]) -> None:
    """Delete the files that are still pending. Failures are left to the sweeper."""
    try:
        _delete(PendingFile.objects.filter(storage=storage, key__in=list(keys)))
    except DatabaseError as error:
        log.warning("files are left to the sweeper: %s", error)


def sweep(*, before: datetime | None = None) -> int:
    """Delete files pending since before `before` (PENDING_SECONDS ago by default); return how many."""
    before = before or timezone.now() - timedelta(seconds=PENDING_SECONDS)
    return _delete(PendingFile.objects.filter(since__lt=before).order_by("since")[:SWEEP_BATCH])


def _delete(pending: models.QuerySet[PendingFile]) -> int:
    """Delete the files, then their records: if this is killed in between, the next run deletes the records.

    The rows are locked, so that a file is not deleted while `commit` hands it over.
    """
    gone, kept = [], []
    with transaction.atomic():
        for file in pending.select_for_update(skip_locked=True):
            try:
                storages[file.storage].delete(file.key)
            except Exception as error:  # Any error of the storage: try again an hour later, after all others.
                log.warning("%s could not be deleted: %s", file, error)
                kept.append(file.pk)
            else:
                gone.append(file.pk)
        PendingFile.objects.filter(pk__in=gone).delete()
        if kept:
            PendingFile.objects.filter(pk__in=kept).update(since=timezone.now())
    return len(gone)
