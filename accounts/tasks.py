"""What happens to a person's picture after the request."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import BinaryIO, cast

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.utils import timezone

from accounts.actions import avatar_keys
from accounts.models import AvatarState, User
from accounts.records import OldUsername
from common.events import publish
from common.files import delete_loose, let_go, on_their_way
from common.locks import held_by_this_worker
from media.avatars import render_avatar
from media.errors import MediaError, TransientMediaError
from media.photos import Rendition
from media.storage import new_key, open_original, store_rendition

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
    with held_by_this_worker(user_id) as is_ours:
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
    with on_their_way("default", avatar_keys(User(avatar=pictures))) as files:
        for one in rendered:
            store_rendition(one.webp, ".webp", pictures[str(one.width)]["webp"])
            store_rendition(one.jpeg, ".jpg", pictures[str(one.width)]["jpeg"])
        with transaction.atomic():
            taken = User.objects.filter(
                pk=user.pk, avatar_state=AvatarState.PROCESSING, avatar_original=user.avatar_original
            ).update(avatar=pictures, avatar_state=AvatarState.READY, avatar_queued_at=None)
            if taken:
                files.arrive()
                let_go("default", avatar_keys(user))
    if taken:
        delete_loose("default", avatar_keys(user))


def _fail(user: User, reason: str) -> None:
    User.objects.filter(pk=user.pk, avatar_original=user.avatar_original).update(
        avatar_state=AvatarState.FAILED, avatar_error=reason, avatar_queued_at=None
    )


@shared_task(name="accounts.sweep")
def sweep() -> int:
    """Ask again for pictures that a lost message left unfinished; return for how many. Old usernames become free."""
    OldUsername.objects.expired().delete()
    overdue = timezone.now() - timedelta(seconds=SWEEP_AFTER_SECONDS)
    waiting = User.objects.filter(avatar_state=AvatarState.PROCESSING, avatar_queued_at__lt=overdue)
    ids = list(waiting.values_list("pk", flat=True)[:SWEEP_BATCH])
    asked = [user_id for user_id in ids if publish(process_avatar, user_id=user_id)]
    User.objects.filter(pk__in=asked).update(avatar_queued_at=timezone.now())
    return len(asked)


@shared_task(name="accounts.forget_old_sessions")
def forget_old_sessions() -> None:
    """Delete the sessions that have expired: nobody can use them, and their table would only grow."""
    SessionStore.clear_expired()
