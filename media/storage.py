"""Where files are kept: originals in the storage "originals", renditions in "default".

Names are random and ours, so that no file name of a stranger reaches a path or a URL, and a URL cannot be guessed.
Neither storage is open to the world: who gets a file is asked each time (`media.views`, `posts.views.files`).
Choose a name with `new_key` and write it down with `common.files.storing_files` before its file is stored: else a
file whose process is killed before its row comes is found by `media_doctor` only.
Everything a storage raises becomes TransientMediaError: trouble of the storage is never the uploader's fault.
"""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage, storages

from media.errors import MediaError, TransientMediaError

log = logging.getLogger(__name__)

CONTENT_TYPES: Final = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/matroska",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".m4s": "video/iso.segment",
    ".vtt": "text/vtt; charset=utf-8",
    ".zip": "application/zip",
}

_RANDOM: Final = r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{28}"
_IN_FOLDER: Final = r"[a-z]+(?:-[a-z0-9]+)?"

OURS: Final = re.compile(rf"{_RANDOM}(?:/{_IN_FOLDER})?\.[a-z0-9]+|ready/[0-9a-f]{{16}}")
"""What we name files: `new_key`, `new_folder`, and the check of `instagram.health`.

Anything else in a storage is somebody else's.
"""
PUBLIC: Final = re.compile(rf"{_RANDOM}(?:\.(?:jpg|png|webp|mp4|vtt)|/{_IN_FOLDER}\.(?:m3u8|mp4|m4s))")
"""What we name files for the public."""


def new_key(extension: str) -> str:
    """A random key such as "3f/a0/9c….webp": 128 bits, in folders of at most 256 entries at the first two levels."""
    if extension and extension not in CONTENT_TYPES:
        raise ValueError(f"no such kind of file: {extension!r}")
    name = secrets.token_hex(16)
    return f"{name[:2]}/{name[2:4]}/{name[4:]}{extension}"


def new_folder(names: Iterable[str]) -> list[str]:
    """A key for each of `names`, all in one random folder: for files that name each other by these names."""
    folder = new_key("")
    keys = [f"{folder}/{name}" for name in names]
    if wrong := [key for key in keys if not PUBLIC.fullmatch(key)]:
        raise ValueError(f"no such names of public files: {wrong}")
    return keys


def store_original(file: BinaryIO, extension: str, key: str = "") -> str:
    """Keep a private copy of `file` and return its key, a new one unless it was chosen before.

    An upload that Django put on disk is moved, not copied.
    """
    file.seek(0)
    content = file if isinstance(file, File) else File(file)
    return _store(storages["originals"], content, extension, key)


def store_rendition(data: bytes, extension: str, key: str = "") -> str:
    """Keep `data` as a rendition and return its key, a new one unless it was chosen before."""
    return _store(storages["default"], ContentFile(data), extension, key)


def store_rendition_file(file: BinaryIO, extension: str, key: str = "") -> str:
    """`store_rendition` of an open file; it is copied in pieces, never read whole."""
    file.seek(0)
    return _store(storages["default"], File(file), extension, key)


def store_folder(files: Iterable[Path], keys: Iterable[str]) -> None:
    """Keep files of the system as renditions, each at its key of `new_folder`."""
    for path, key in zip(files, keys, strict=True):
        with path.open("rb") as file:
            store_rendition_file(file, path.suffix, key)


def open_original(key: str) -> File:
    """The original, open for reading; close it. Raises MediaError if it is gone."""
    try:
        return storages["originals"].open(key)
    except FileNotFoundError as error:
        raise MediaError("missing", "The original is gone. Share it again.") from error
    except Exception as error:
        raise transient_storage_error(error) from error


def private_url(key: str, *, name: str, seconds: int) -> str:
    """An address under which anybody can fetch this one private file, as `name`, for some seconds; "" if there is none.

    Amazon gives one out. A store of our own may not be reachable for browsers: the site hands the file on then.
    """
    storage: Any = storages["originals"]
    if isinstance(storage, FileSystemStorage) or storage.endpoint_url:
        return ""
    return str(storage.signed_url(key, seconds=seconds, download_as=name))


def signed_rendition_url(key: str, *, seconds: int) -> str:
    """A bucket's own address of one rendition, under which anybody can fetch it for some seconds. No request."""
    storage: Any = storages["default"]
    return str(storage.signed_url(key, seconds=seconds))


def delete_originals(keys: Iterable[str]) -> None:
    _delete(storages["originals"], keys)


def delete_renditions(keys: Iterable[str]) -> None:
    _delete(storages["default"], keys)


@dataclass(frozen=True)
class StoredFile:
    key: str
    bytes: int
    written_at: datetime


def stored_files(alias: str) -> Iterator[StoredFile]:
    """Every file of a storage, as its listing goes; nothing of a folder that was never written to.

    Cost: of a bucket, a request for a thousand files.
    """
    storage = storages[alias]
    if isinstance(storage, FileSystemStorage):
        return _files_below(storage, "")
    return (StoredFile(*found) for found in storage.walk())  # type: ignore[attr-defined]  # media.s3.Bucket


def abort_unfinished_uploads(alias: str, *, begun_before: datetime) -> int:
    """Abort multipart uploads whose writer died, which frees their space; return how many.

    A bucket keeps these where no listing of files shows them.
    """
    storage = storages[alias]
    if isinstance(storage, FileSystemStorage):
        return 0
    return int(storage.abort_unfinished(begun_before))  # type: ignore[attr-defined]


def _files_below(storage: FileSystemStorage, folder: str) -> Iterator[StoredFile]:
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    prefix = f"{folder}/" if folder else ""
    for name in files:
        with contextlib.suppress(FileNotFoundError):  # Deleted meanwhile.
            key = f"{prefix}{name}"
            yield StoredFile(key, storage.size(key), storage.get_modified_time(key))
    for name in folders:
        yield from _files_below(storage, f"{prefix}{name}")


def _store(storage: Storage, content: File, extension: str, key: str) -> str:
    key = key or new_key(extension)
    content.content_type = CONTENT_TYPES[extension]  # type: ignore[attr-defined]  # django-storages sends it to S3
    try:
        return storage.save(key, content)
    except Exception as error:
        # A full disk leaves half a file. Nobody knows its key yet, so nobody can have seen it.
        with contextlib.suppress(Exception):
            storage.delete(key)
        raise transient_storage_error(error) from error


def _delete(storage: Storage, keys: Iterable[str]) -> None:
    """Delete what is there of `keys`; what is gone already is fine. Tries all before it raises."""
    trouble: Exception | None = None
    for key in keys:
        try:
            if key:
                storage.delete(key)
        except Exception as error:
            trouble = error
    if trouble is not None:
        raise transient_storage_error(trouble) from trouble


def transient_storage_error(error: Exception) -> TransientMediaError:
    """Log an exception of a storage and return the TransientMediaError to raise instead."""
    log.error("storage failed", exc_info=error)
    return TransientMediaError("storage", "The file could not be stored just now. Try again in a few minutes.")
