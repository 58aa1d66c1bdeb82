"""Change and remove avatars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, Final

from django.db import transaction
from django.utils import timezone

from accounts.events import AvatarSubmitted
from accounts.models import AvatarState, User
from common.events import emit
from common.files import delete_pending, schedule_delete, storing_files
from media.storage import new_key, store_original
from media.upload_probe import probe_avatar

_AVATAR_FIELDS: Final = [
    "avatar_crop",
    "avatar_original",
    "avatar_state",
    "avatar_error",
    "avatar_attempts",
    "avatar_queued_at",
]


def change_avatar(user: User, file: BinaryIO, *, crop: Mapping[str, int] | None = None) -> None:
    """Store `file` as the original of a new avatar. A worker renders it; the present avatar stays until then.

    `crop` is the square to show, with the keys of `media.edit.square`; by default the largest one in the middle.

    Raises media.errors.MediaError, with a message for the user, if the file is not a usable photo.
    """
    extension = probe_avatar(file).extension
    original = new_key(extension)
    with storing_files("originals", [original]) as files:
        store_original(file, extension, original)
        with transaction.atomic():
            present = User.objects.lock(user.pk)
            replaced = [present.avatar_original] if present.avatar_original else []
            user.avatar_original, user.avatar_state = original, AvatarState.PROCESSING
            user.avatar_crop = dict(crop) if crop else None
            user.avatar_error, user.avatar_attempts, user.avatar_queued_at = "", 0, timezone.now()
            user.save(update_fields=_AVATAR_FIELDS)
            files.commit()
            schedule_delete("originals", replaced)
            emit(AvatarSubmitted(user_id=user.pk))
            transaction.on_commit(lambda: delete_pending("originals", replaced), robust=True)


def remove_avatar(user: User) -> None:
    """Remove the avatar and delete its files; the default picture is shown instead."""
    with transaction.atomic():
        present = User.objects.lock(user.pk)
        public = present.avatar_keys
        originals = [present.avatar_original] if present.avatar_original else []
        user.avatar, user.avatar_original, user.avatar_state = {}, "", AvatarState.NONE
        user.avatar_crop, user.avatar_error, user.avatar_attempts, user.avatar_queued_at = None, "", 0, None
        user.save(update_fields=[*_AVATAR_FIELDS, "avatar"])
        schedule_delete("default", public)
        schedule_delete("originals", originals)
        transaction.on_commit(lambda: delete_pending("default", public), robust=True)
        transaction.on_commit(lambda: delete_pending("originals", originals), robust=True)
