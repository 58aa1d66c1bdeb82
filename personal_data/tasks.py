"""Build exports and delete accounts."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from typing import BinaryIO, cast

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, transaction
from django.utils import timezone

from accounts.emails import send_email
from accounts.models import User
from common import valkey
from common.events import publish
from common.files import storing_files
from common.limits import EXPORT_KEPT_DAYS
from common.locks import try_advisory_lock
from media.errors import TransientMediaError
from media.storage import new_key, store_original
from personal_data.actions.erasure import erase_account
from personal_data.actions.export import delete_export
from personal_data.export_zip import build_export_zip
from personal_data.models import DeletionRecord, Export, ExportState

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
SWEEP_BATCH = 200
EXPORT_SOFT_SECONDS = 1800
EXPORT_SWEPT_AFTER = timedelta(seconds=60)
SECONDS_BETWEEN_PROGRESS = 1.0
DELETION_SLICE_SECONDS = 20.0
"""How long one run of a deletion occupies its worker, so that other tasks are not delayed."""
DELETION_SWEPT_AFTER = timedelta(seconds=30)


@shared_task(
    name="personal_data.build_export", soft_time_limit=EXPORT_SOFT_SECONDS, time_limit=EXPORT_SOFT_SECONDS + 30
)
def build_export(export_id: int) -> None:
    """Build an export, record the progress on its row, and e-mail the user.

    Safe to run twice or to be killed: a lock admits one worker, an unclaimed file is deleted, and the sweeper queues
    the task again, up to MAX_ATTEMPTS times. Does nothing if the export is finished or deleted.

    Cost: reads each of the user's files once and writes it twice, to a temporary file and to the storage.
    """
    with try_advisory_lock(export_id) as has_lock:
        export = _start_export(export_id) if has_lock else None
        if export is None:
            return
        try:
            with tempfile.TemporaryFile() as file:
                build_export_zip(export.person, cast("BinaryIO", file), _progress_reporter(export))
                taken = _finish_export(export, cast("BinaryIO", file))
        except TransientMediaError as error:
            log.warning("export %s, attempt %s: %s", export_id, export.attempts, error)
            if export.attempts >= MAX_ATTEMPTS:
                _fail_export(export)
            return
        except SoftTimeLimitExceeded:
            _fail_export(export)
            return
    if taken:
        send_email("export_ready", export.person, expires_at=export.expires_at)


def _start_export(export_id: int) -> Export | None:
    """Count an attempt before building, so that a killed worker counts too; return None if the export is done."""
    export = Export.objects.select_related("person").filter(pk=export_id).first()
    if export is None or not export.is_under_way:
        return None
    if export.attempts >= MAX_ATTEMPTS:
        _fail_export(export)
        return None
    export.state, export.attempts, export.queued_at = ExportState.BUILDING, export.attempts + 1, timezone.now()
    started = Export.objects.unfinished().filter(pk=export_id)
    return export if started.update(state=export.state, attempts=export.attempts, queued_at=export.queued_at) else None


def _progress_reporter(export: Export) -> Callable[[int], None]:
    reported_at = 0.0

    def report(percent: int) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at >= SECONDS_BETWEEN_PROGRESS:
            reported_at = time.monotonic()
            Export.objects.filter(pk=export.pk).update(progress=percent, queued_at=timezone.now())

    return report


def _finish_export(export: Export, file: BinaryIO) -> bool:
    """Store the file and record it on the row; return False if the row is gone or no longer being built."""
    export.size = file.seek(0, 2)
    export.expires_at = timezone.now() + timedelta(days=EXPORT_KEPT_DAYS)
    with storing_files("originals", [new_key(".zip")]) as files:
        store_original(file, ".zip", files.keys[0])
        with transaction.atomic():
            taken = Export.objects.filter(pk=export.pk, state=ExportState.BUILDING).update(
                state=ExportState.READY,
                progress=100,
                key=files.keys[0],
                size=export.size,
                expires_at=export.expires_at,
            )
            if taken:
                files.commit()
    return bool(taken)


def _fail_export(export: Export) -> None:
    Export.objects.filter(pk=export.pk, key="").update(state=ExportState.FAILED)


def _sweep_exports() -> None:
    """Queue exports whose task was lost or killed; delete expired exports."""
    now = timezone.now()
    stalled = Export.objects.unfinished().filter(queued_at__lt=now - EXPORT_SWEPT_AFTER)
    ids = list(stalled.values_list("pk", flat=True)[:SWEEP_BATCH])
    queued = [export_id for export_id in ids if publish(build_export, export_id=export_id)]
    Export.objects.filter(pk__in=queued).update(queued_at=now)
    for export in Export.objects.filter(expires_at__lte=now)[:SWEEP_BATCH]:
        delete_export(export)


@shared_task(
    name="personal_data.delete_account",
    autoretry_for=(OperationalError, TransientMediaError, *valkey.ERRORS),
    retry_backoff=5,
    max_retries=3,
)
def delete_account(user_id: int) -> None:
    """Erase part of an account whose deletion is due, and queue the next run until nothing is left.

    Safe to run twice and to be killed: a lock admits one worker, and the remaining rows are the remaining work. Does
    nothing if the account is gone or its deletion was cancelled. Retried if a storage or Valkey is unavailable, then
    queued again by the sweeper, without limit.
    """
    with try_advisory_lock(user_id) as has_lock:
        done = not has_lock or erase_account(user_id, seconds=DELETION_SLICE_SECONDS)
    if not done:
        publish(delete_account, user_id=user_id)


def _sweep_deletions() -> None:
    """Queue due deletions and resume stalled ones."""
    now = timezone.now()
    active = DeletionRecord.objects.active_since(now - DELETION_SWEPT_AFTER)
    due = User.objects.filter(deletes_at__lte=now).exclude(pk__in=active.values("person_id"))
    for user_id in due.order_by("deletes_at").values_list("pk", flat=True)[:SWEEP_BATCH]:
        with transaction.atomic():
            # Locked, so that no record is created for a user who is already gone.
            exists = User.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=user_id).exists()
            if exists and publish(delete_account, user_id=user_id):
                DeletionRecord.objects.update_or_create(person_id=user_id, defaults={"queued_at": now})


@shared_task(name="personal_data.sweep")
def sweep() -> None:
    """Queue stalled exports and due deletions, and delete expired exports. Safe to run at any time."""
    _sweep_exports()
    _sweep_deletions()
