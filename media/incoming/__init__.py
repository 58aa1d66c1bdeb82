"""Uploads in parts: the private storage "incoming", and how parts become an original.

A file of `size` bytes is sent as the parts 1, 2, … of `part_sizes(size)` bytes each, below a random `prefix`. Parts may
arrive in any order and repeatedly. With local folders they come through the site (`store_part`); an object store
receives them from the browser itself (`direct_target`). Record a prefix in a database row before parts arrive, and
discard it in the end.

All functions raise TransientMediaError for any failure of the storage, as in `media.storage`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import BinaryIO, cast

from django.core.files.storage import storages

from common.limits import PART_BYTES
from media.incoming.local import LocalParts
from media.incoming.protocol import IncomingStorage, Target

__all__ = [
    "Target",
    "assemble",
    "direct_target",
    "discard",
    "is_direct",
    "new_prefix",
    "open_parts",
    "part_sizes",
    "received_parts",
    "store_part",
]


def new_prefix() -> str:
    """Return a random prefix of 128 bits."""
    return secrets.token_hex(16)


def part_sizes(size: int) -> list[int]:
    """Return the sizes in bytes of the parts of a file of `size` bytes, in order."""
    whole, rest = divmod(size, PART_BYTES)
    return [PART_BYTES] * whole + ([rest] if rest else [])


def is_direct() -> bool:
    """Return True if browsers send parts to the storage itself, to the addresses that `direct_target` returns."""
    return _incoming().is_direct


def direct_target(prefix: str, number: int, size: int) -> Target:
    """Return where the browser sends part `number` of exactly `size` bytes. Raises TypeError unless `is_direct()`."""
    return _incoming().direct_target(prefix, number, size)


def store_part(prefix: str, number: int, file: BinaryIO) -> None:
    """Store a part that was sent through the site, atomically; replaces an earlier part with this number."""
    _incoming().store_part(prefix, number, file)


def received_parts(prefix: str, sizes: Sequence[int]) -> set[int]:
    """Return the numbers of the stored parts that have the expected size."""
    stored = _incoming().stored_sizes(prefix)
    return {number for number, size in enumerate(sizes, start=1) if stored.get(number) == size}


def open_parts(prefix: str, sizes: Sequence[int]) -> BinaryIO:
    """Return all parts as one seekable file, to probe it before it is assembled; the caller closes it.

    Cost: reads only the requested ranges and a buffer of some hundred kilobytes around them.
    """
    return _incoming().open_parts(prefix, sizes)


def assemble(prefix: str, sizes: Sequence[int], extension: str, key: str = "") -> str:
    """Store the concatenated parts as an original and return its key, by default a new one; the parts are kept.

    No part is in memory as a whole.
    """
    return _incoming().assemble(prefix, sizes, extension, key)


def discard(prefix: str) -> None:
    """Delete all files below `prefix`, if any."""
    _incoming().discard(prefix)


def _incoming() -> IncomingStorage:
    storage = storages["incoming"]
    # media.incoming.s3.IncomingBucket implements the protocol itself.
    return cast("IncomingStorage", storage) if hasattr(storage, "direct_target") else LocalParts(storage)
