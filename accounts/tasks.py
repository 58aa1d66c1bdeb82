"""What happens to people after the request: their picture is made, their archive built, their account deleted."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import BinaryIO, cast

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError, transaction
from django.utils import timezone

from accounts.actions import avatar_keys
from accounts.deletion import erase_account
from accounts.emails import send_email
from accounts.export_zip import build_export_zip
from accounts.exports import delete_export
from accounts.form_keys import delete_old_submissions
from accounts.mobile import PendingMobile
from accounts.models import AvatarState, User
from accounts.records import DeletionRecord, Export, ExportState, OldUsername
from common import valkey
from common.events import publish
from common.files import delete_pending, schedule_delete, storing_files
from common.limits import EXPORT_KEPT_DAYS
from common.locks import try_advisory_lock
from media.errors import MediaError, TransientMediaError
from media.photo.avatar import render_avatar
from media.photo.render import Rendition
from media.storage import new_key, open_original, store_original, store_rendition

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
SWEEP_AFTER_SECONDS = 30
SWEEP_BATCH = 200
GAVE_UP = "Something went wrong on our side while we processed this photo. Choose it again."


@shared_task(name="accounts.process_avatar")
def process_avatar(user_id: int) -> None:
    """Make the square pictures of a person from the original they chose last.

    Safe to run twice: a lock lets one worker in, and a result counts only while its original is still the chosen one.
    A photo at fault fails with its sentence and the old picture stays; trouble of ours is tried MAX_ATTEMPTS times.
    """
    with try_advisory_lock(user_id) as is_ours:
        user = _start(user_id) if is_ours else None
        if user is None:
            return
        try:
            with open_original(user.avatar_original) as original:
                rendered = render_avatar(cast("BinaryIO", original))
            _finish(user, rendered)
        except TransientMediaError as error:
            log.warning("picture of %s, attempt %s: %s", user_id, user.avatar_attempts, error)
            if user.avatar_attempts >= MAX_ATTEMPTS:
                _fail(user, str(error))
        except MediaError as error:
            _fail(user, str(error))
    # The message of a picture that was chosen meanwhile found the lock taken.
    if (
        User.objects.filter(pk=user_id, avatar_state=AvatarState.PROCESSING)
        .exclude(avatar_original=user.avatar_original)
        .exists()
    ):
        publish(process_avatar, user_id=user_id)


def _start(user_id: int) -> User | None:
    user: User | None = User.objects.filter(pk=user_id, avatar_state=AvatarState.PROCESSING).first()
    if user is None:
        return None
    if user.avatar_attempts >= MAX_ATTEMPTS:
        _fail(user, GAVE_UP)
        return None
    user.avatar_attempts += 1
    chosen = User.objects.filter(pk=user_id, avatar_original=user.avatar_original)
    return user if chosen.update(avatar_attempts=user.avatar_attempts) else None


def _finish(user: User, rendered: Sequence[Rendition]) -> None:
    """Store the pictures and hand them to the row; of old and new, the files that nobody has are deleted."""
    pictures = {str(one.width): {"webp": new_key(".webp"), "jpeg": new_key(".jpg")} for one in rendered}
    with storing_files("default", avatar_keys(User(avatar=pictures))) as files:
        for one in rendered:
            store_rendition(one.webp, ".webp", pictures[str(one.width)]["webp"])
            store_rendition(one.jpeg, ".jpg", pictures[str(one.width)]["jpeg"])
        with transaction.atomic():
            taken = User.objects.filter(
                pk=user.pk, avatar_state=AvatarState.PROCESSING, avatar_original=user.avatar_original
            ).update(avatar=pictures, avatar_state=AvatarState.READY, avatar_queued_at=None)
            if taken:
                files.commit()
                schedule_delete("default", avatar_keys(user))
    if taken:
        delete_pending("default", avatar_keys(user))


def _fail(user: User, reason: str) -> None:
    User.objects.filter(pk=user.pk, avatar_original=user.avatar_original).update(
        avatar_state=AvatarState.FAILED, avatar_error=reason, avatar_queued_at=None
    )


@shared_task(name="accounts.sweep")
def sweep() -> int:
    """Ask again for pictures that a lost message left unfinished; return for how many.

    Old usernames become free.
    """
    OldUsername.objects.expired().delete()
    PendingMobile.objects.filter(expires_at__lte=timezone.now()).delete()
    delete_old_submissions()
    _sweep_exports()
    _sweep_deletions()
    overdue = timezone.now() - timedelta(seconds=SWEEP_AFTER_SECONDS)
    waiting = User.objects.filter(avatar_state=AvatarState.PROCESSING, avatar_queued_at__lt=overdue)
    ids = list(waiting.values_list("pk", flat=True)[:SWEEP_BATCH])
    asked = [user_id for user_id in ids if publish(process_avatar, user_id=user_id)]
    User.objects.filter(pk__in=asked).update(avatar_queued_at=timezone.now())
    return len(asked)


# --- Exports ---------------------------------------------------------------------------------------------------------

EXPORT_SOFT_SECONDS = 1800
EXPORT_SWEPT_AFTER = timedelta(seconds=60)
SECONDS_BETWEEN_PROGRESS = 1.0


@shared_task(name="accounts.build_export", soft_time_limit=EXPORT_SOFT_SECONDS, time_limit=EXPORT_SOFT_SECONDS + 30)
def build_export(export_id: int) -> None:
    """Build the archive that somebody asked for, saying on its row how far it is, and mail them.

    Safe to run twice or to be killed: a lock lets one worker in, the file is taken by the row or taken back, and the
    sweeper asks again, MAX_ATTEMPTS times. Does nothing if it is done, or its person has gone.

    Cost: reads every file of the person once and writes it twice, to a temporary file and to the storage.
    """
    with try_advisory_lock(export_id) as is_ours:
        export = _start_export(export_id) if is_ours else None
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
    """Count an attempt before the work: one that kills its worker is counted too."""
    export = Export.objects.select_related("person").filter(pk=export_id).first()
    if export is None or not export.is_under_way:
        return None
    if export.attempts >= MAX_ATTEMPTS:
        _fail_export(export)
        return None
    export.state, export.attempts, export.queued_at = ExportState.BUILDING, export.attempts + 1, timezone.now()
    started = Export.objects.filter(pk=export_id, state__in=[ExportState.WAITING, ExportState.BUILDING])
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
    """Store the archive and hand it to the row; return whether the row was still there to take it."""
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
    """Ask again for those that a lost message or a killed worker left; delete those that have had their time."""
    now = timezone.now()
    waiting = Export.objects.filter(
        state__in=[ExportState.WAITING, ExportState.BUILDING], queued_at__lt=now - EXPORT_SWEPT_AFTER
    )
    ids = list(waiting.values_list("pk", flat=True)[:SWEEP_BATCH])
    asked = [export_id for export_id in ids if publish(build_export, export_id=export_id)]
    Export.objects.filter(pk__in=asked).update(queued_at=now)
    for export in Export.objects.filter(expires_at__lte=now)[:SWEEP_BATCH]:
        delete_export(export)


# --- Deletions -------------------------------------------------------------------------------------------------------

DELETION_SLICE_SECONDS = 20.0
"""So long a deletion keeps its worker; other tasks come in between."""
DELETION_SWEPT_AFTER = timedelta(seconds=30)


@shared_task(
    name="accounts.delete_account",
    autoretry_for=(OperationalError, TransientMediaError, *valkey.ERRORS),
    retry_backoff=5,
    max_retries=3,
)
def delete_account(user_id: int) -> None:
    """Delete some of an account whose time has come, and ask for the next run while something is left.

    Safe to run twice and to be killed: a lock lets one worker in, and what is left says what is to be done. Does
    nothing if the account has gone, or its owner kept it in time. Retried when a storage or Valkey is away, and then
    by the sweeper, for as long as it takes.
    """
    with try_advisory_lock(user_id) as is_ours:
        done = not is_ours or erase_account(user_id, seconds=DELETION_SLICE_SECONDS)
    if not done:
        publish(delete_account, user_id=user_id)


def _sweep_deletions() -> None:
    """Delete the accounts whose time has come, and go on with those where it stopped."""
    now = timezone.now()
    busy = DeletionRecord.objects.filter(queued_at__gt=now - DELETION_SWEPT_AFTER, person_id__isnull=False)
    due = User.objects.filter(deletes_at__lte=now).exclude(pk__in=busy.values("person_id"))
    for user_id in due.order_by("deletes_at").values_list("pk", flat=True)[:SWEEP_BATCH]:
        with transaction.atomic():
            # Locked: a record made after the person has gone would be a trace of them.
            there = User.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=user_id).exists()
            if there and publish(delete_account, user_id=user_id):
                DeletionRecord.objects.update_or_create(person_id=user_id, defaults={"queued_at": now})


@shared_task(name="accounts.delete_expired_sessions")
def delete_expired_sessions() -> None:
    """Delete the sessions that have expired: nobody can use them, and their table would only grow."""
    SessionStore.clear_expired()
