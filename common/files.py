"""Files between a storage and the rows that name them: none is lost when a process is killed in between.

A file is stored before its row is committed, and deleted after. Whoever is killed in that gap leaves a file that
nothing names. So its key is written down first, as a `LooseFile`, and crossed out in the very transaction in which a
row takes it; `common.sweep_files` deletes what is still written down after LOOSE_SECONDS.
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

LOOSE_SECONDS = 3600
"""Longer than any file takes from its first byte to its row."""

SWEEP_BATCH = 100


class LooseFile(models.Model):
    """A file that no row names: on its way to one, let go by one, or left by a process that was killed.

    The table is all but empty at any moment, so it needs no index for the sweeper.
    """

    storage = models.CharField(max_length=20)
    """Alias in STORAGES."""
    key = models.CharField(max_length=200)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            # on_their_way and let_go: a file is loose once.
            models.UniqueConstraint(fields=["storage", "key"], name="loose_once"),
        ]

    def __str__(self) -> str:
        return f"{self.storage}:{self.key}"


class LostError(Exception):
    """The files were taken for abandoned, and deleted, before their row came."""


class FilesOnTheirWay:
    """What `on_their_way` hands out."""

    def __init__(self, storage: str, keys: Sequence[str]) -> None:
        self.storage, self.keys = storage, keys
        self.arrived = False

    def arrive(self) -> None:
        """Say that a row names them, within the transaction that writes it.

        Raises LostError, which undoes that transaction, when the sweeper was faster.
        """
        crossed_out, _ = LooseFile.objects.filter(storage=self.storage, key__in=self.keys).delete()
        if crossed_out != len(self.keys):
            raise LostError(f"{len(self.keys) - crossed_out} of {len(self.keys)} files took more than an hour")
        self.arrived = True


@contextmanager
def on_their_way(storage: str, keys: Iterable[str]) -> Iterator[FilesOnTheirWay]:
    """A block in which files are stored under `keys`, and handed to a row with `arrive`.

    Those that have not arrived at its end, whatever the reason, are deleted. Enter it outside a transaction: what it
    writes down must be committed before the first byte is stored.

    Cost: one INSERT and one DELETE, however many files.
    """
    files = FilesOnTheirWay(storage, list(keys))
    now = timezone.now()
    LooseFile.objects.bulk_create(LooseFile(storage=storage, key=key, since=now) for key in files.keys)
    try:
        yield files
    except BaseException:
        # Arrived or not: whether a commit that failed half-way took place, only the database knows.
        delete_loose(storage, files.keys)
        raise
    if not files.arrived:
        delete_loose(storage, files.keys)


def let_go(storage: str, keys: Iterable[str]) -> None:
    """Say that no row names these files any more, in the transaction that makes it so.

    Have `delete_loose` delete them once it has committed; the sweeper does it otherwise.
    """
    now = timezone.now()
    rows = (LooseFile(storage=storage, key=key, since=now) for key in keys)
    LooseFile.objects.bulk_create(rows, ignore_conflicts=True)


def delete_loose(storage: str, keys: Iterable[str]) -> None:
    """Delete those of the files that no row has taken. What cannot be deleted just now is left to the sweeper."""
    try:
        _delete(LooseFile.objects.filter(storage=storage, key__in=list(keys)))
    except DatabaseError as error:
        log.warning("files are left to the sweeper: %s", error)


def sweep(*, before: datetime | None = None) -> int:
    """Delete the files that have been loose since before `before` (by default, LOOSE_SECONDS ago); return how many."""
    before = before or timezone.now() - timedelta(seconds=LOOSE_SECONDS)
    return _delete(LooseFile.objects.filter(since__lt=before).order_by("since")[:SWEEP_BATCH])


def _delete(loose: models.QuerySet[LooseFile]) -> int:
    """Files first, then what was written down about them: a run that is killed in between is made good by the next.

    The rows are locked, so that a file is not deleted while `arrive` hands it over.
    """
    gone, kept = [], []
    with transaction.atomic():
        for file in loose.select_for_update(skip_locked=True):
            try:
                storages[file.storage].delete(file.key)
            except Exception as error:  # Whatever a storage raises: it is asked again an hour later, after all others.
                log.warning("%s could not be deleted: %s", file, error)
                kept.append(file.pk)
            else:
                gone.append(file.pk)
        LooseFile.objects.filter(pk__in=gone).delete()
        if kept:
            LooseFile.objects.filter(pk__in=kept).update(since=timezone.now())
    return len(gone)
