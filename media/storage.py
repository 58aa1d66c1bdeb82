"""Stored files: originals in the storage "originals", renditions in the storage "default".

Keys are random, so that no name chosen by a user reaches a path or URL, and URLs cannot be guessed. Neither storage is
public: permission is checked at every request (`media.views`, `posts.views.files`).

Choose a key with `new_key` and record it with `common.files.storing_files` before storing the file. Otherwise, if the
process is killed before it writes the row, only `media_doctor` finds the file.

Exceptions of a storage become TransientMediaError, because they are never the user's fault.
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
"""The names that `new_key`, `new_folder` and the check of `instagram.health` give to files.

Other files in a storage do not belong to the site.
"""
PUBLIC: Final = re.compile(rf"{_RANDOM}(?:\.(?:jpg|png|webp|mp4|vtt)|/{_IN_FOLDER}\.(?:m3u8|mp4|m4s))")
"""The names of renditions, the only files that `media.views` serves."""


def new_key(extension: str) -> str:
    """Return a random key such as "3f/a0/9c….webp", of 128 bits; "" as `extension` gives the name of a folder.

    The first two levels of folders have at most 256 entries. Raises ValueError for an extension not in CONTENT_TYPES.
    """
    if extension and extension not in CONTENT_TYPES:
        raise ValueError(f"unknown extension: {extension!r}")
    name = secrets.token_hex(16)
    return f"{name[:2]}/{name[2:4]}/{name[4:]}{extension}"


def new_folder(names: Iterable[str]) -> list[str]:
    """Return a key for each of `names` in one random folder, for files that refer to each other by relative names.

    Raises ValueError for a name that `media.views` would not serve.
    """
    folder = new_key("")
    keys = [f"{folder}/{name}" for name in names]
    if wrong := [key for key in keys if not PUBLIC.fullmatch(key)]:
        raise ValueError(f"not names of renditions: {wrong}")
    return keys


def store_original(file: BinaryIO, extension: str, key: str = "") -> str:
    """Store `file` as an original and return its key, by default a new one.

    An upload that Django wrote to disk is moved, not copied. Raises TransientMediaError.
    """
    file.seek(0)
    content = file if isinstance(file, File) else File(file)
    return _store(storages["originals"], content, extension, key)


def store_rendition(data: bytes, extension: str, key: str = "") -> str:
    """Store `data` as a rendition and return its key, by default a new one. Raises TransientMediaError."""
    return _store(storages["default"], ContentFile(data), extension, key)


def store_rendition_file(file: BinaryIO, extension: str, key: str = "") -> str:
    """Store an open file as a rendition, like `store_rendition`, without reading it into memory as a whole."""
    file.seek(0)
    return _store(storages["default"], File(file), extension, key)


def store_folder(files: Iterable[Path], keys: Iterable[str]) -> None:
    """Store local files as renditions at the keys that `new_folder` returned for them. Raises TransientMediaError."""
    for path, key in zip(files, keys, strict=True):
        with path.open("rb") as file:
            store_rendition_file(file, path.suffix, key)


def open_original(key: str) -> File:
    """Open an original for reading; the caller closes it.

    Raises MediaError "missing" if it does not exist, and TransientMediaError.
    """
    try:
        return storages["originals"].open(key)
    except FileNotFoundError as error:
        raise MediaError("missing", "The original file is missing. Share it again.") from error
    except Exception as error:
        raise transient_storage_error(error) from error


def private_url(key: str, *, name: str, seconds: int) -> str:
    """Return a signed URL at which anybody can download an original as `name` for `seconds`, or "" without one.

    Only Amazon S3 offers such URLs. Browsers may not be able to reach another store (`endpoint_url`), and local folders
    have no URLs; the site then sends the file itself. Sends no request.
    """
    storage: Any = storages["originals"]
    if isinstance(storage, FileSystemStorage) or storage.endpoint_url:
        return ""
    return str(storage.signed_url(key, seconds=seconds, download_as=name))


def signed_rendition_url(key: str, *, seconds: int) -> str:
    """Return a signed URL of a rendition in a bucket, valid for `seconds` for anybody. Sends no request."""
    storage: Any = storages["default"]
    return str(storage.signed_url(key, seconds=seconds))


def delete_originals(keys: Iterable[str]) -> None:
    """Delete originals; empty keys and missing files are ignored. Raises TransientMediaError after trying all."""
    _delete(storages["originals"], keys)


def delete_renditions(keys: Iterable[str]) -> None:
    """Delete renditions; empty keys and missing files are ignored. Raises TransientMediaError after trying all."""
    _delete(storages["default"], keys)


@dataclass(frozen=True)
class StoredFile:
    key: str
    bytes: int
    written_at: datetime


def stored_files(alias: str) -> Iterator[StoredFile]:
    """Yield all files of a storage in the order of its listing; none if its local folder does not exist yet.

    Cost: for a bucket, one request per thousand files.
    """
    storage: Any = storages[alias]  # a FileSystemStorage or a media.s3.Bucket
    if isinstance(storage, FileSystemStorage):
        return _files_below(storage, "")
    return (StoredFile(*found) for found in storage.walk())


def abort_unfinished_uploads(alias: str, *, begun_before: datetime) -> int:
    """Abort multipart uploads whose writer died, which frees their space; return how many.

    Buckets keep their data where no listing of files shows it. Returns 0 for local folders.
    """
    storage: Any = storages[alias]
    if isinstance(storage, FileSystemStorage):
        return 0
    return int(storage.abort_unfinished(begun_before))


def _files_below(storage: FileSystemStorage, folder: str) -> Iterator[StoredFile]:
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    prefix = f"{folder}/" if folder else ""
    for name in files:
        with contextlib.suppress(FileNotFoundError):  # deleted since it was listed
            key = f"{prefix}{name}"
            yield StoredFile(key, storage.size(key), storage.get_modified_time(key))
    for name in folders:
        yield from _files_below(storage, f"{prefix}{name}")


def _store(storage: Storage, content: Any, extension: str, key: str) -> str:
    """Save `content`, a django.core.files.base.File, at `key` or at a new key, and return it."""
    key = key or new_key(extension)
    # django-storages sends this attribute to S3.
    content.content_type = CONTENT_TYPES[extension]
    try:
        return storage.save(key, content)
    except Exception as error:
        # A full disk leaves half a file. Its key is not in use yet.
        with contextlib.suppress(Exception):
            storage.delete(key)
        raise transient_storage_error(error) from error


def _delete(storage: Storage, keys: Iterable[str]) -> None:
    first_error: Exception | None = None
    for key in keys:
        try:
            if key:
                storage.delete(key)
        except Exception as error:
            first_error = first_error or error
    if first_error is not None:
        raise transient_storage_error(first_error) from first_error


def transient_storage_error(error: Exception) -> TransientMediaError:
    """Log an exception of a storage and return the TransientMediaError to raise in its place."""
    log.error("storage failed", exc_info=error)
    return TransientMediaError("storage", "The file couldn’t be stored right now. Try again in a few minutes.")
