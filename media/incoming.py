"""Files on their way in, part by part: the private storage "incoming", and how parts become an original.

A file of `size` bytes comes as the parts 1, 2, … of `part_sizes(size)` bytes each, below a random `prefix` of its own.
Parts come in any order, and twice if need be. With local folders they come through the site (`store_part`); an object
store takes them from the browser itself (`direct_target`). Whoever makes a prefix keeps it in a row, and discards it.

Everything a storage raises becomes TransientMediaError, as in `media.storage`.
"""

from __future__ import annotations

import errno
import io
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from common.limits import PART_BYTES
from media.storage import store_original, transient_storage_error

BUFFER_BYTES: Final = 256 * 1024
DISCARD_ATTEMPTS: Final = 20
"""Of a local folder into which parts are still being written."""


@dataclass(frozen=True)
class Target:
    """Where a browser posts one part, as multipart/form-data: the fields in their order, then the part as `file`."""

    url: str
    fields: dict[str, str] = field(default_factory=dict)


class Incoming(Protocol):
    """What a kind of storage does with parts."""

    is_direct: bool
    """Whether browsers send parts to the storage itself, and not through the site."""

    def direct_target(self, prefix: str, number: int, size: int) -> Target: ...

    def store_part(self, prefix: str, number: int, file: BinaryIO) -> None: ...

    def stored_sizes(self, prefix: str) -> dict[int, int]: ...

    def open_parts(self, prefix: str, sizes: Sequence[int]) -> BinaryIO: ...

    def assemble(self, prefix: str, sizes: Sequence[int], extension: str, key: str) -> str: ...

    def discard(self, prefix: str) -> None: ...


def new_prefix() -> str:
    return secrets.token_hex(16)


def part_sizes(size: int) -> list[int]:
    """The sizes of the parts of a file of `size` bytes, the first part first."""
    whole, rest = divmod(size, PART_BYTES)
    return [PART_BYTES] * whole + ([rest] if rest else [])


def is_direct() -> bool:
    """Whether browsers send parts to the storage itself; then `direct_target` says where, and how."""
    return _incoming().is_direct


def direct_target(prefix: str, number: int, size: int) -> Target:
    """Where the browser sends part `number`, of exactly `size` bytes; only if `is_direct()`."""
    return _incoming().direct_target(prefix, number, size)


def store_part(prefix: str, number: int, file: BinaryIO) -> None:
    """Keep a part that came through the site. It is there as a whole or not at all, and replaces an earlier one."""
    _incoming().store_part(prefix, number, file)


def received_parts(prefix: str, sizes: Sequence[int]) -> set[int]:
    """Return the numbers of the stored parts that have the expected size."""
    there = _incoming().stored_sizes(prefix)
    return {number for number, size in enumerate(sizes, start=1) if there.get(number) == size}


def open_parts(prefix: str, sizes: Sequence[int]) -> BinaryIO:
    """All parts as one seekable file, to probe before anything is assembled; close it.

    Cost: one part is open at a time; nothing is read that is not asked for, but for a buffer of BUFFER_BYTES.
    """
    return _incoming().open_parts(prefix, sizes)


def assemble(prefix: str, sizes: Sequence[int], extension: str, key: str = "") -> str:
    """Make an original of the parts, which stay, and return its key, a new one unless it was chosen before.

    Streams: no part is in memory whole.
    """
    return _incoming().assemble(prefix, sizes, extension, key)


def discard(prefix: str) -> None:
    """Delete whatever lies below `prefix`; fine if nothing does."""
    _incoming().discard(prefix)


def _incoming() -> Incoming:
    storage = storages["incoming"]
    # media.incoming_s3.IncomingBucket does it all by itself.
    return cast("Incoming", storage) if hasattr(storage, "direct_target") else LocalParts(storage)


class LocalParts:
    """Parts in a local folder: each upload has one, named by its prefix, with a file for each part."""

    is_direct = False

    def __init__(self, storage: Storage) -> None:
        if not isinstance(storage, FileSystemStorage):
            raise TypeError(f'the storage "incoming" is {type(storage).__name__}, no local folder')
        self.storage = storage

    def direct_target(self, prefix: str, number: int, size: int) -> Target:
        raise TypeError("a local folder has no addresses: parts come through the site, see store_part")

    def store_part(self, prefix: str, number: int, file: BinaryIO) -> None:
        key = part_key(prefix, number)
        try:
            file.seek(0)
            # Under another name first: whoever reads sees the old part or the new one, never half of one.
            written = self.storage.save(f"{key}.{secrets.token_hex(4)}", file if isinstance(file, File) else File(file))
            Path(self.storage.path(written)).replace(self.storage.path(key))
        except (FileNotFoundError, FileExistsError):
            # The folder was discarded meanwhile. If anybody still waits for this part, it is missing and comes again.
            return
        except Exception as error:
            raise transient_storage_error(error) from error

    def stored_sizes(self, prefix: str) -> dict[int, int]:
        try:
            return {int(name): self.storage.size(f"{prefix}/{name}") for name in self._names(prefix) if name.isdigit()}
        except FileNotFoundError:
            # Discarded meanwhile.
            return {}
        except Exception as error:
            raise transient_storage_error(error) from error

    def open_parts(self, prefix: str, sizes: Sequence[int]) -> BinaryIO:
        return cast("BinaryIO", io.BufferedReader(_Parts(self.storage, prefix, sizes), BUFFER_BYTES))

    def assemble(self, prefix: str, sizes: Sequence[int], extension: str, key: str) -> str:
        with self.open_parts(prefix, sizes) as whole:
            return store_original(whole, extension, key)

    def discard(self, prefix: str) -> None:
        for attempts_left in reversed(range(DISCARD_ATTEMPTS)):
            try:
                # Half-written parts too.
                for name in self._names(prefix):
                    self.storage.delete(f"{prefix}/{name}")
                self.storage.delete(prefix)
            except OSError as error:
                # A part that is being written at this moment has come since the folder was read.
                if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR} or not attempts_left:
                    raise transient_storage_error(error) from error
            except Exception as error:
                raise transient_storage_error(error) from error
            else:
                return

    def _names(self, prefix: str) -> list[str]:
        try:
            return self.storage.listdir(prefix)[1]
        except FileNotFoundError:
            return []


class _Parts(io.RawIOBase):
    """The parts one after the other, as one file to read."""

    def __init__(self, storage: Storage, prefix: str, sizes: Sequence[int]) -> None:
        self._storage, self._prefix = storage, prefix
        self._ends = list(accumulate(sizes))
        self._position = 0
        self._number = 0
        self._part: File | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._ends[-1]}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        number = next((at for at, end in enumerate(self._ends, start=1) if self._position < end), 0)
        if not number:
            return 0
        end, start = self._ends[number - 1], self._ends[number - 2] if number > 1 else 0
        try:
            part = self._open(number)
            part.seek(self._position - start)
            data = part.read(min(len(buffer), end - self._position))
            if not data:
                raise OSError(f"part {number} is shorter than it was")
        except Exception as error:
            raise transient_storage_error(error) from error
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        if self._part is not None:
            self._part.close()
            self._part = None
        super().close()

    def _open(self, number: int) -> File:
        if self._part is None or self._number != number:
            if self._part is not None:
                self._part.close()
            self._number, self._part = number, self._storage.open(part_key(self._prefix, number))
        return self._part


def part_key(prefix: str, number: int) -> str:
    return f"{prefix}/{number}"
