"""Render avatars, and delete expired rows of accounts."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import BinaryIO, cast

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from accounts.models import AvatarState, OldUsername, PendingMobile, SubmittedForm, User
from accounts.sessions import SessionStore
from common.events import publish
from common.files import delete_pending, schedule_delete, storing_files
from common.locks import try_advisory_lock
from media.errors import MediaError, TransientMediaError
from media.photo.avatar import render_avatar
from media.photo.render import Rendition
from media.storage import new_key, open_original, store_rendition

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
SWEEP_AFTER_SECONDS = 30
SWEEP_BATCH = 200
GAVE_UP = "Something went wrong while we processed this photo. Choose it again."


@shared_task(name="accounts.process_avatar")
def process_avatar(user_id: int) -> None:
    """Render a user's avatar from the original uploaded last.

    Safe to run twice: a lock admits one worker, and the result is discarded if another original was uploaded meanwhile.
    An unusable photo sets `avatar_error`, and the old avatar stays; other failures are retried up to MAX_ATTEMPTS.
    """
    with try_advisory_lock(user_id) as has_lock:
        user = _start(user_id) if has_lock else None
        if user is None:
            return
        try:
            with open_original(user.avatar_original) as original:
                rendered = render_avatar(cast("BinaryIO", original), crop=user.avatar_crop)
            _finish(user, rendered)
        except TransientMediaError as error:
            log.warning("avatar of %s, attempt %s: %s", user_id, user.avatar_attempts, error)
            if user.avatar_attempts >= MAX_ATTEMPTS:
                _fail(user, str(error))
        except MediaError as error:
            _fail(user, str(error))
    # The task of an original that was uploaded meanwhile could not take the lock.
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
    """Store the renditions and record them on the row; delete the replaced files, or the new ones if outdated."""
    avatar = {str(one.width): {"webp": new_key(".webp"), "jpeg": new_key(".jpg")} for one in rendered}
    with storing_files("default", User(avatar=avatar).avatar_keys) as files:
        for one in rendered:
            store_rendition(one.webp, ".webp", avatar[str(one.width)]["webp"])
            store_rendition(one.jpeg, ".jpg", avatar[str(one.width)]["jpeg"])
        with transaction.atomic():
            is_current = User.objects.filter(
                pk=user.pk, avatar_state=AvatarState.PROCESSING, avatar_original=user.avatar_original
            ).update(avatar=avatar, avatar_state=AvatarState.READY, avatar_queued_at=None)
            if is_current:
                files.commit()
                schedule_delete("default", user.avatar_keys)
    if is_current:
        delete_pending("default", user.avatar_keys)


def _fail(user: User, reason: str) -> None:
    User.objects.filter(pk=user.pk, avatar_original=user.avatar_original).update(
        avatar_state=AvatarState.FAILED, avatar_error=reason, avatar_queued_at=None
    )


@shared_task(name="accounts.sweep")
def sweep() -> int:
    """Queue avatars whose task was lost, and return their number; delete expired rows."""
    OldUsername.objects.expired().delete()
    PendingMobile.objects.expired().delete()
    SubmittedForm.objects.expired().delete()
    overdue = timezone.now() - timedelta(seconds=SWEEP_AFTER_SECONDS)
    stalled = User.objects.filter(avatar_state=AvatarState.PROCESSING, avatar_queued_at__lt=overdue)
    ids = list(stalled.values_list("pk", flat=True)[:SWEEP_BATCH])
    queued = [user_id for user_id in ids if publish(process_avatar, user_id=user_id)]
    User.objects.filter(pk__in=queued).update(avatar_queued_at=timezone.now())
    return len(queued)


@shared_task(name="accounts.delete_expired_sessions")
def delete_expired_sessions() -> None:
    """Delete expired sessions, which are unusable, so that their table does not grow."""
    SessionStore.clear_expired()
