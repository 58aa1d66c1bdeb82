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
    """Parts are missing: their numbers."""

    def __init__(self, missing: list[int]) -> None:
        super().__init__(f"parts {missing} are missing")
        self.missing = missing


@transaction.atomic
def begin_upload(*, owner: User, name: str, size: int, kind: str = "") -> UploadSession:
    """Open an upload of `size` bytes. `kind` is the browser's guess at the media type: only ever used to refuse early.

    Raises MediaError empty, too-large or quota.
    """
    limit = MAX_PHOTO_BYTES if kind.startswith("image/") else MAX_FILE_BYTES
    if size <= 0:
        raise MediaError("empty", "This file is empty. Choose it again, or choose another one.")
    if size > limit:
        raise MediaError(
            "too-large",
            f"This file has {size / 2**20:,.1f} MB; photos can have at most {MAX_PHOTO_BYTES // 2**20} MB and videos "
            f"{MAX_VIDEO_BYTES // 2**20} MB. Save it smaller and try again.",
        )
    check_quota(owner, size)
    check_daily_bytes(owner, size)
    return UploadSession.objects.create(
        owner_id=owner.pk, name=clean_line(name)[:MAX_FILE_NAME_CHARS], size=size, prefix=new_prefix()
    )


def receive_part(upload: UploadSession, number: int, file: File) -> None:
    """Store part `number` that comes through the site. Safe to repeat.

    Raises MediaError "wrong-size" if it has not exactly the bytes that it must have.
    """
    wanted = part_sizes(upload.size)[number - 1]
    if file.size != wanted:
        raise MediaError(
            "wrong-size", f"Part {number} has {file.size:,} bytes and must have {wanted:,}. Send it again."
        )
    store_part(upload.prefix, number, cast("BinaryIO", file))
    if not UploadSession.objects.filter(pk=upload.pk, media__isnull=True).exists():
        # Completed or deleted meanwhile: nobody would come for it.
        discard(upload.prefix)


def complete_upload(upload: UploadSession) -> tuple[Media, bool] | None:
    """Make the medium of an upload whose parts are all there; (medium, whether that is new), None if it has gone.

    Asking again gives the same medium, also at once: then each makes a copy, and all but the first are deleted. Raises
    IncompleteError with what is missing, and MediaError when the file cannot be used, which deletes the upload;
    trouble of the storage leaves it as it is.

    Cost: a probe and one copy of the file, streamed.
    """
    if upload.media is not None:
        return upload.media, False
    try:
        done = _make_medium(upload)
    except (IncompleteError, MediaError) as error:
        # Somebody who asked at the same time may have been faster, and has discarded the parts.
        if (medium := Media.objects.filter(upload_session=upload).first()) is not None:
            return medium, False
        if not UploadSession.objects.filter(pk=upload.pk).exists():
            return None
        if isinstance(error, MediaError) and not isinstance(error, TransientMediaError):
            cancel_upload(upload)
        raise
    if done is not None:
        # After the commit: killed before, or while the storage is away, the parts stay and are swept.
        with contextlib.suppress(TransientMediaError):
            discard(upload.prefix)
    return done


def _make_medium(upload: UploadSession) -> tuple[Media, bool] | None:
    sizes = part_sizes(upload.size)
    if missing := set(range(1, len(sizes) + 1)) - received_parts(upload.prefix, sizes):
        raise IncompleteError(sorted(missing))
    # What is sent between the probe and the copy is not probed here; the worker probes again before it decodes.
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
    """Delete an upload that is not complete, parts before the row; return whether it was there."""
    row = UploadSession.objects.select_for_update().filter(pk=upload.pk, media__isnull=True).first()
    if row is None:
        return False
    discard(row.prefix)
    row.delete()
    return True


@transaction.atomic
def forget_upload(upload_id: int) -> bool:
    """Delete what is left of an upload that is broken off, or shared by now; return whether there was anything."""
    done = UploadSession.objects.done_with().filter(pk=upload_id)
    row = done.select_for_update(of=("self",), skip_locked=True).first()
    if row is None:
        return False
    discard(row.prefix)
    row.delete()
    return True
