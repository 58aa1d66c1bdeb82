"""Boxes of the ISO base media file format (ISO/IEC 14496-12), on which HEIC, AVIF, MP4 and MOV are based."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from media.probe.limits import MAX_BOXES, MAX_META_BYTES
from media.probe.reader import DamagedError


@dataclass(frozen=True)
class Box:
    """A box; `start` and `end` are the offsets of its content in the file."""

    kind: bytes
    """The four characters of its type."""
    start: int
    end: int


def iter_boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two offsets of `file`.

    Raises DamagedError if a box exceeds its parent or there are more than MAX_BOXES. Cost: one read per box.
    """
    for _ in range(MAX_BOXES):
        if start + 8 > end:
            return
        file.seek(start)
        head = file.read(16)
        length, kind = struct.unpack_from(">I4s", head)
        header = 8
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack_from(">Q", head, 8)
            header = 16
        elif length == 0:
            length = end - start
        if length < header or start + length > end:
            raise DamagedError("a part of it is missing")
        yield Box(kind, start + header, start + length)
        start += length
    raise DamagedError("it is stored in too many pieces")


def child_boxes(file: BinaryIO, box: Box, *, skip: int = 0) -> dict[bytes, Box]:
    """Return the boxes in `box` by type, the last of each; `skip` is 4 for full boxes, which begin with a version."""
    return {one.kind: one for one in iter_boxes(file, box.start + skip, box.end)}


def find_box(file: BinaryIO, start: int, end: int, kind: bytes) -> Box | None:
    """Return the first box of a type between two offsets, or None."""
    return next((box for box in iter_boxes(file, start, end) if box.kind == kind), None)


def read_content(file: BinaryIO, box: Box) -> bytes:
    """Return the content of a box. Raises DamagedError if it is longer than MAX_META_BYTES."""
    if box.end - box.start > MAX_META_BYTES:
        raise DamagedError("a part of it is far too long")
    file.seek(box.start)
    return file.read(box.end - box.start)
