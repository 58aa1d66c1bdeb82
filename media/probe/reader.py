"""Result, errors and bounded reads that the readers of all formats share."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from media.errors import MediaError
from media.probe.limits import MAX_CHUNKS


class DamagedError(ValueError):
    """Raised for a damaged file; `str(error)` names the damage, to be inserted in a sentence."""


class TruncatedChunkError(DamagedError):
    """Raised when the file ends `missing` bytes before the end that the chunk `name` declares."""

    def __init__(self, name: bytes, missing: int) -> None:
        super().__init__("a part of it is missing")
        self.name, self.missing = name, missing


@dataclass(frozen=True)
class Header:
    """The header of a photo. `size` is width and height in pixels as stored, before the orientation is applied."""

    size: tuple[int, int]
    orientation: int = 1
    """An EXIF orientation, 1 to 8."""
    colours: tuple[int, int] | None = None
    """(primaries, transfer) as numbered by ITU-T H.273, or None."""
    truncated_at: int = 0
    """Offset of the end of usable data in a file without an end marker; 0 if the file is complete."""


def read_at(file: BinaryIO, offset: int, size: int) -> bytes:
    """Return up to `size` bytes from `offset`; fewer at the end of the file."""
    file.seek(offset)
    return file.read(size)


def read_exactly(file: BinaryIO, offset: int, size: int) -> bytes:
    """Return `size` bytes from `offset`. Raises DamagedError if the file ends before."""
    data = read_at(file, offset, size)
    if len(data) < size:
        raise DamagedError("a part of it is missing")
    return data


def iter_chunks(
    file: BinaryIO, offset: int, end: int, *, order: str, overhead: int
) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, offset of the content, length of the content) of the chunks of a PNG or RIFF file.

    `order` is ">II" for PNG (big-endian, length before name) and "<II" for RIFF (little-endian, name before length,
    contents padded to an even length). `overhead` counts the bytes of a chunk besides its content. Raises
    TruncatedChunkError, or MediaError "too-complex" beyond MAX_CHUNKS. Cost: one read per chunk.
    """
    for _ in range(MAX_CHUNKS):
        if offset + 8 > end:
            return
        head = read_exactly(file, offset, 8)
        first, second = struct.unpack(order, head)
        name, length = (head[4:], first) if order.startswith(">") else (head[:4], second)
        if (missing := offset + overhead + length - end) > 0:
            raise TruncatedChunkError(name, missing)
        yield name, offset + 8, length
        offset += overhead + length + (length & 1 if order.startswith("<") else 0)
    raise too_many_pieces()


def too_many_pieces() -> MediaError:
    return MediaError("too-complex", "This photo is stored in too many pieces. Save it again and try again.")
