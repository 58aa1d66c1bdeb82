"""Receive a file in parts, in any order and over broken connections, and turn it into a medium.

The row records the upload and the storage "incoming" holds the parts; abandoned uploads are swept (posts.tasks).
"""

from __future__ import annotations

import contextlib
from typing import BinaryIO, Final, cast

from django.core.files.base import File
from django.db import transaction

from accounts.models import User
from common.files import storing_files
from common.limits import MAX_FILE_NAME_CHARS, MAX_PHOTO_BYTES, MAX_VIDEO_BYTES
from common.text import clean_line
from media.errors import MediaError, TransientMediaError
from media.incoming import assemble, discard, new_prefix, open_parts, part_sizes, received_parts, store_part
from media.storage import new_key
from media.upload_probe import probe_upload
from posts.actions.media import add_medium, check_daily_bytes, check_quota
from posts.models import Media, UploadSession

MAX_FILE_BYTES: Final = max(MAX_PHOTO_BYTES, MAX_VIDEO_BYTES)


class IncompleteError(Exception):
    """Raised when parts of an upload are missing; `missing` lists their numbers, starting at 1."""

    def __init__(self, missing: list[int]) -> None:
        super().__init__(f"parts {missing} are missing")
        self.missing = missing


@transaction.atomic
def begin_upload(*, owner: User, name: str, size: int, kind: str = "") -> UploadSession:
    """Create an upload session for a file of `size` bytes.

    `kind` is the media type according to the browser; it is used only to reject oversized photos early. Raises
    MediaError with the code "empty", "too-large" or "quota".
    """
    limit = MAX_PHOTO_BYTES if kind.startswith("image/") else MAX_FILE_BYTES
    if size <= 0:
        raise MediaError("empty", "This file is empty. Choose it again, or choose another one.")
    if size > limit:
        raise MediaError(
            "too-large",
            f"This file is {size / 2**20:,.1f} MB. The limit is {MAX_PHOTO_BYTES // 2**20} MB for photos and "
            f"{MAX_VIDEO_BYTES // 2**20} MB for videos. Make it smaller and try again.",
        )
    check_quota(owner, size)
    check_daily_bytes(owner, size)
    return UploadSession.objects.create(
        owner_id=owner.pk, name=clean_line(name)[:MAX_FILE_NAME_CHARS], size=size, prefix=new_prefix()
    )


def receive_part(upload: UploadSession, number: int, file: File) -> None:
    """Store part `number`, starting at 1, of an upload that is sent through the site. Safe to repeat.

    Raises MediaError "wrong-size" if the part is shorter or longer than `part_sizes` says.
    """
    wanted = part_sizes(upload.size)[number - 1]
    if file.size != wanted:
        raise MediaError("wrong-size", f"Part {number} has {file.size:,} bytes instead of {wanted:,}. Send it again.")
    store_part(upload.prefix, number, cast("BinaryIO", file))
    if not UploadSession.objects.filter(pk=upload.pk, media__isnull=True).exists():
        # The upload was completed or deleted in the meantime, so this part would never be used.
        discard(upload.prefix)


def complete_upload(upload: UploadSession) -> tuple[Media, bool] | None:
    """Assemble the parts of an upload into a medium; return it and whether this call created it.

    Returns None if the upload no longer exists. Repeated calls return the same medium. Simultaneous calls each make a
    copy of the file; the first one wins and the other copies are deleted. Raises IncompleteError if parts are missing,
    MediaError after deleting the upload if the file is unusable, and TransientMediaError, leaving the upload as it
    is, if the storage fails.

    Cost: a probe and one copy of the file, streamed.
    """
    if upload.media is not None:
        return upload.media, False
    try:
        done = _make_medium(upload)
    except (IncompleteError, MediaError) as error:
        # A simultaneous call may have completed the upload first, and discarded the parts.
        if (medium := Media.objects.filter(upload_session=upload).first()) is not None:
            return medium, False
        if not UploadSession.objects.filter(pk=upload.pk).exists():
            return None
        if isinstance(error, MediaError) and not isinstance(error, TransientMediaError):
            cancel_upload(upload)
        raise
    if done is not None:
        # After the commit. If the process is killed before this, or the storage fails, the sweeper deletes the parts.
        with contextlib.suppress(TransientMediaError):
            discard(upload.prefix)
    return done


def _make_medium(upload: UploadSession) -> tuple[Media, bool] | None:
    sizes = part_sizes(upload.size)
    if missing := set(range(1, len(sizes) + 1)) - received_parts(upload.prefix, sizes):
        raise IncompleteError(sorted(missing))
    # A part that is replaced between the probe and the copy is not probed here; the worker probes before it decodes.
    with open_parts(upload.prefix, sizes) as whole:
        info = probe_upload(whole)
    with storing_files("originals", [new_key(info.extension)]) as files:
        assemble(upload.prefix, sizes, info.extension, files.keys[0])
        with transaction.atomic():
            row = UploadSession.objects.select_for_update().filter(pk=upload.pk).first()
            if row is None:
                return None
            if row.media is not None:
                return row.media, False
            row.media = add_medium(owner_id=row.owner_id, original=files.keys[0], info=info, name=row.name)
            row.save(update_fields=["media"])
            files.commit()
        return row.media, True


@transaction.atomic
def cancel_upload(upload: UploadSession) -> bool:
    """Delete an incomplete upload, first its parts and then its row. Return False if there is none."""
    row = UploadSession.objects.select_for_update().filter(pk=upload.pk, media__isnull=True).first()
    if row is None:
        return False
    discard(row.prefix)
    row.delete()
    return True


@transaction.atomic
def forget_upload(upload_id: int) -> bool:
    """Delete the parts and the row of an upload that was abandoned, or whose file has been shared.

    Returns False if the upload is neither, no longer exists, or is locked by another transaction.
    """
    done = UploadSession.objects.done_with().filter(pk=upload_id)
    row = done.select_for_update(of=("self",), skip_locked=True).first()
    if row is None:
        return False
    discard(row.prefix)
    row.delete()
    return True
