"""What changes uploads: a file comes in parts, in any order and over broken connections, and becomes a medium.

The row is the record and the storage "incoming" holds the parts; what nobody comes back for is swept (posts.tasks).
"""

from __future__ import annotations

import contextlib
from typing import BinaryIO, Final, cast

from django.core.files.base import File
from django.db import transaction

from accounts.models import User
from common.limits import MAX_FILE_NAME_CHARS, MAX_PHOTO_BYTES, MAX_VIDEO_BYTES
from common.text import clean_line
from media.errors import MediaError, TransientMediaError
from media.incoming import assemble, discard, new_prefix, open_parts, part_sizes, received, store_part
from media.intake import probe_upload
from media.storage import delete_originals
from posts.actions import add_medium, check_quota
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
    return UploadSession.objects.create(
        owner_id=owner.pk, name=clean_line(name)[:MAX_FILE_NAME_CHARS], size=size, prefix=new_prefix()
    )


def take_part(upload: UploadSession, number: int, file: File) -> None:
    """Keep part `number`, which comes through the site; again is harmless.

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

    Asking again, also at once, gives the same medium: the row is locked. Raises IncompleteError with what is missing,
    and MediaError when the file cannot be used, which deletes the upload; trouble of the storage leaves it as it is.

    Cost: a probe and one copy of the file, streamed.
    """
    stored: list[str] = []
    try:
        medium, is_new = _complete(upload, stored)
    except UploadSession.DoesNotExist:
        return None
    except BaseException as error:
        delete_originals(stored)
        if isinstance(error, MediaError) and not isinstance(error, TransientMediaError):
            cancel_upload(upload)
        raise
    # After the commit: killed before, or while the storage is away, the parts stay and are swept.
    with contextlib.suppress(TransientMediaError):
        discard(upload.prefix)
    return medium, is_new


@transaction.atomic
def _complete(upload: UploadSession, stored: list[str]) -> tuple[Media, bool]:
    # The medium in a second query: joined, one that came while this waited for the lock would read as none.
    row = UploadSession.objects.select_for_update().get(pk=upload.pk)
    if row.media is not None:
        return row.media, False
    sizes = part_sizes(row.size)
    if missing := set(range(1, len(sizes) + 1)) - received(row.prefix, sizes):
        raise IncompleteError(sorted(missing))
    # What is sent between the probe and the copy is not probed here; the worker probes again before it decodes.
    with open_parts(row.prefix, sizes) as whole:
        info = probe_upload(whole)
    stored.append(assemble(row.prefix, sizes, info.extension))
    row.media = add_medium(owner_id=row.owner_id, original=stored[0], info=info, name=row.name)
    row.save(update_fields=["media"])
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
