"""Where files are kept: originals in the private storage "originals", renditions in the public "default".

Names are random and ours, so that no file name of a stranger reaches a path or a URL, and a URL cannot be guessed.
Everything a storage raises becomes TransientMediaError: trouble of the storage is never the uploader's fault.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Iterable
from typing import BinaryIO, Final

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
}


def new_key(extension: str) -> str:
    """A random key such as "3f/a0/9c….webp": 128 bits, in folders of at most 256 entries at the first two levels."""
    if extension not in CONTENT_TYPES:
        raise ValueError(f"no such kind of file: {extension!r}")
    name = secrets.token_hex(16)
    return f"{name[:2]}/{name[2:4]}/{name[4:]}{extension}"


def store_original(file: BinaryIO, extension: str) -> str:
    """Keep a private copy of `file` and return its key. An upload that Django put on disk is moved, not copied."""
    file.seek(0)
    content = file if isinstance(file, File) else File(file)
    return _store(storages["originals"], content, extension)


def store_rendition(data: bytes, extension: str) -> str:
    """Keep `data` as a public file and return its key."""
    return _store(storages["default"], ContentFile(data), extension)


def store_rendition_file(file: BinaryIO, extension: str) -> str:
    """Keep an open file as a public one and return its key; it is copied in pieces, never read whole."""
    file.seek(0)
    return _store(storages["default"], File(file), extension)


def open_original(key: str) -> File:
    """The original, open for reading; close it. Raises MediaError if it is gone."""
    try:
        return storages["originals"].open(key)
    except FileNotFoundError as error:
        raise MediaError("missing", "The original is gone. Share it again.") from error
    except Exception as error:
        raise storage_trouble(error) from error


def rendition_url(key: str) -> str:
    """The address of a public file."""
    storage = storages["default"]
    if isinstance(storage, FileSystemStorage):
        # Our keys need no quoting; the storage's own way quotes and joins, which a page of posts would do 300 times.
        return f"{storage.base_url}{key}"
    return storage.url(key)


def delete_originals(keys: Iterable[str]) -> None:
    _delete(storages["originals"], keys)


def delete_renditions(keys: Iterable[str]) -> None:
    _delete(storages["default"], keys)


def _store(storage: Storage, content: File, extension: str) -> str:
    key = new_key(extension)
    content.content_type = CONTENT_TYPES[extension]  # type: ignore[attr-defined]  # django-storages sends it to S3
    try:
        return storage.save(key, content)
    except Exception as error:
        # A full disk leaves half a file. Nobody knows its key yet, so nobody can have seen it.
        with contextlib.suppress(Exception):
            storage.delete(key)
        raise storage_trouble(error) from error


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
        raise storage_trouble(trouble) from trouble


def storage_trouble(error: Exception) -> TransientMediaError:
    """What to raise from anything that a storage raises; logs it."""
    log.error("storage failed", exc_info=error)
    return TransientMediaError("storage", "The file could not be stored just now. Try again in a few minutes.")
