"""Reader of WebP headers (RFC 9649)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from media.probe.exif import MAX_EXIF_BYTES, exif_orientation, xmp_orientation
from media.probe.reader import DamagedError, Header, TruncatedChunkError, iter_chunks, read_at, read_exactly


def read_webp(file: BinaryIO, size: int) -> Header:
    """Read the dimensions of a WebP of `size` bytes from its extended header or its first image.

    Accepts a file that ends after its image, within the metadata. Raises DamagedError, or MediaError "too-complex".
    Cost: one read per chunk.
    """
    (declared,) = struct.unpack("<I", read_exactly(file, 4, 4))
    end = declared + 8
    dimensions: tuple[int, int] | None = None
    exif: int | None = None
    xmp: int | None = None
    image_end = 0
    is_complete = end <= size
    try:
        for name, offset, length in iter_chunks(file, 12, min(end, size), order="<II", overhead=8):
            if dimensions is None and name in _DIMENSIONS:
                dimensions = _DIMENSIONS[name](file, offset)
            elif name == b"EXIF":
                exif = exif or exif_orientation(read_at(file, offset, min(length, MAX_EXIF_BYTES)))
            elif name == b"XMP ":
                xmp = xmp or xmp_orientation(read_at(file, offset, min(length, MAX_EXIF_BYTES)))
            if name in {b"VP8 ", b"VP8L"}:
                image_end = offset + length
    except TruncatedChunkError:
        if not image_end:
            raise
        is_complete = False
    if dimensions is None:
        raise DamagedError("its size is missing")
    if not is_complete and not image_end:
        raise DamagedError("its end is missing")
    return Header(dimensions, exif or xmp or 1, truncated_at=0 if is_complete else image_end)


def webp_delays(file: BinaryIO) -> Iterator[int]:
    """Yield the duration of each frame of an animated WebP in milliseconds; nothing for a still image."""
    (declared,) = struct.unpack("<I", read_exactly(file, 4, 4))
    for name, offset, _ in iter_chunks(file, 12, declared + 8, order="<II", overhead=8):
        if name == b"ANMF":
            yield int.from_bytes(read_exactly(file, offset + 12, 3), "little")


def _extended(file: BinaryIO, offset: int) -> tuple[int, int]:
    head = read_exactly(file, offset, 10)
    return 1 + int.from_bytes(head[4:7], "little"), 1 + int.from_bytes(head[7:10], "little")


def _lossy(file: BinaryIO, offset: int) -> tuple[int, int]:
    """Read the dimensions from the frame header of VP8 (RFC 6386, section 9.1)."""
    head = read_exactly(file, offset, 10)
    if head[3:6] != b"\x9d\x01\x2a":
        raise DamagedError("its size is missing")
    width, height = struct.unpack("<HH", head[6:10])
    return width & 0x3FFF, height & 0x3FFF


def _lossless(file: BinaryIO, offset: int) -> tuple[int, int]:
    bits = int.from_bytes(read_exactly(file, offset, 5)[1:5], "little")
    return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)


_DIMENSIONS = {b"VP8X": _extended, b"VP8 ": _lossy, b"VP8L": _lossless}
