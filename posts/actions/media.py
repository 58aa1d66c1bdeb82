"""Receive, delete and retry the files of photos and videos that are not in a post yet."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone

from accounts.models import User
from common.events import emit
from common.files import delete_pending, schedule_delete, storing_files
from common.limits import MAX_FILE_NAME_CHARS, MAX_UNSHARED, MAX_UNSHARED_BYTES, MAX_UPLOADED_BYTES_PER_DAY
from common.ratelimit import UPLOADED_MEBIBYTES, seconds_to_wait
from common.text import clean_line
from media.errors import MediaError, TransientMediaError
from media.incoming import discard, new_prefix
from media.probe import PhotoInfo
from media.probe.video import VideoInfo
from media.storage import new_key, store_original
from media.upload_probe import probe_upload
from posts.events import MediaSubmitted, VideoSubmitted
from posts.models import Media, UploadSession
from posts.models.media import MediaKind, MediaState


@dataclass(frozen=True)
class Upload:
    """A photo or video as it was sent."""

    file: BinaryIO
    name: str = ""
    """The file's name on its owner's device."""
    alt: str = ""
    size: int = 0
    """Bytes; 0 if unknown."""


def receive_file(*, owner: User, file: BinaryIO, name: str = "", within_quota: bool = True) -> Media:
    """Store an unshared photo or video of `owner`, and queue its rendering.

    Raises MediaError, and stores nothing, if the file is unusable or `owner` has reached the quota of unshared files.
    `within_quota=False` skips the check of the quota, for files that are shared in the same request.

    Cost: a probe (header only), one copy of the file, three INSERTs and one DELETE, one message.
    """
    info = probe_upload(file)
    check_daily_bytes(owner, info.bytes)
    with storing_files("originals", [new_key(info.extension)]) as files:
        store_original(file, info.extension, files.keys[0])
        with transaction.atomic():
            if within_quota:
                check_quota(owner, info.bytes)
            medium = add_medium(owner_id=owner.pk, original=files.keys[0], info=info, name=name)
            # A file that arrived in one piece gets a session too, because the quota sums the sizes of sessions.
            UploadSession.objects.create(
                owner_id=owner.pk, name=medium.original_name, size=info.bytes, prefix=new_prefix(), media=medium
            )
            files.commit()
        return medium


def receive_files(*, owner: User, uploads: Sequence[Upload]) -> list[Media]:
    """Store all of the files, or none if one fails, without checking the quota.

    Meant for files that are shared in the same request. Raises the MediaError of the first file that fails.
    """
    stored: list[Media] = []
    try:
        for upload in uploads:
            stored.append(receive_file(owner=owner, file=upload.file, name=upload.name, within_quota=False))  # noqa: PERF401  (on an error, the files before it are deleted)
    except BaseException:
        delete_media(stored)
        raise
    return stored


def check_quota(owner: User, size: int) -> None:
    """Raise MediaError "quota" if `owner` has no room for another unshared file of `size` bytes.

    Locks the row of `owner` until the transaction ends, so two simultaneous uploads cannot both take the last place.
    """
    User.objects.lock(owner.pk)
    used = UploadSession.objects.unshared_of(owner).aggregate(files=Count("pk"), bytes=Sum("size", default=0))
    if used["files"] >= MAX_UNSHARED:
        raise MediaError(
            "quota",
            f"You have {used['files']} unshared files. The limit is {MAX_UNSHARED}. Share or remove some first.",
        )
    if used["bytes"] + size > MAX_UNSHARED_BYTES:
        raise MediaError(
            "quota",
            f"Your unshared files take up {used['bytes'] // 2**20:,} MB. The limit is "
            f"{MAX_UNSHARED_BYTES // 2**20:,} MB. Share or remove some first.",
        )


def check_daily_bytes(owner: User, size: int) -> None:
    """Count an upload of `size` bytes; raise MediaError "quota" if `owner` has uploaded too much in the last day."""
    if seconds := seconds_to_wait(UPLOADED_MEBIBYTES, f"person:{owner.pk}", hits=-(-size // 2**20)):
        hours = -(-seconds // 3600)
        raise MediaError(
            "quota",
            f"You can upload at most {MAX_UPLOADED_BYTES_PER_DAY // 2**30} GB a day. "
            f"Try again in {hours} hour{'' if hours == 1 else 's'}.",
        )


def add_medium(*, owner_id: int, original: str, info: PhotoInfo | VideoInfo, name: str) -> Media:
    """Create the row of a stored original without a post, and queue its rendering, in the caller's transaction."""
    medium = Media.objects.create(
        owner_id=owner_id,
        kind=MediaKind.VIDEO if info.is_animated else MediaKind.PHOTO,
        duration_ms=info.duration_ms,
        original=original,
        original_name=clean_line(name)[:MAX_FILE_NAME_CHARS],
        width=info.width,
        height=info.height,
    )
    _submit(medium)
    return medium


def delete_medium(medium: Media) -> bool:
    """Delete an unshared medium and its files. Return False if it no longer exists or has been shared.

    Files that the storage cannot delete now are deleted later by the sweeper of `common.files`.
    """
    with transaction.atomic():
        # The lock makes a worker that finishes rendering now find the row gone, and delete its renditions.
        row = Media.objects.select_for_update().filter(pk=medium.pk, post__isnull=True).first()
        if row is None:
            return False
        for prefix in UploadSession.objects.filter(media=row).values_list("prefix", flat=True):
            # Parts remain only if a process was killed, or its storage failed, right after it assembled them.
            with contextlib.suppress(TransientMediaError):
                discard(prefix)
        schedule_delete("default", row.keys)
        schedule_delete("originals", [row.original])
        row.delete()
    delete_pending("default", row.keys)
    delete_pending("originals", [row.original])
    return True


def delete_media(media: Iterable[Media]) -> None:
    """Delete the unshared ones among `media`, with their files."""
    for medium in media:
        delete_medium(medium)


@transaction.atomic
def retry_medium(medium: Media) -> bool:
    """Queue the rendering of a failed, unshared medium again. Return False if it is not failed and unshared."""
    failed = Media.objects.select_for_update().filter(pk=medium.pk, post__isnull=True, state=MediaState.FAILED).first()
    if failed is not None:
        requeue_rendering([failed])
    return failed is not None


def requeue_rendering(media: Sequence[Media]) -> None:
    """Queue the rendering of media whose rows are locked, and reset their attempts."""
    for medium in media:
        medium.state, medium.error, medium.attempts, medium.progress = MediaState.PENDING, "", 0, 0
        medium.queued_at = timezone.now()
        _submit(medium)
    Media.objects.bulk_update(media, ["state", "error", "attempts", "progress", "queued_at"])


def _submit(medium: Media) -> None:
    emit(VideoSubmitted(media_id=medium.pk) if medium.is_video else MediaSubmitted(media_id=medium.pk))
