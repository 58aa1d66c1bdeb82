"""Reader of JPEG headers (ITU-T T.81, markers in table B.1)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO, Final

from media.errors import MediaError
from media.probe.exif import exif_orientation, xmp_orientation
from media.probe.limits import MAX_JPEG_SCANS, MAX_JPEG_SEGMENTS
from media.probe.reader import DamagedError, Header, read_at, read_exactly, too_many_pieces

BLOCK_BYTES: Final = 1024 * 1024

_START, _END, _SCAN, _APP1 = 0xD8, 0xD9, 0xDA, 0xE1
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MARKER: Final = re.compile(b"\xff([\x02-\xcf\xd8-\xfe])")
"""Excludes fill bytes, escaped FF and restart markers, which occur inside a scan and do not end it."""
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"


def read_jpeg(file: BinaryIO, size: int) -> Header:
    """Read the header of a JPEG of `size` bytes, and its scans up to the end marker.

    Stops at the end marker of the first image, as libjpeg does: phones append videos (motion photos), further images
    (MPO) or gain maps (Ultra HDR). The first EXIF orientation counts, or else the first in XMP.

    Raises DamagedError, or MediaError "too-complex" for too many scans or segments. Cost: one pass over the bytes.
    """
    dimensions: tuple[int, int] | None = None
    exif: int | None = None
    xmp: int | None = None
    scans = 0
    for marker, offset, length in _segments(file, size):
        if marker == _SCAN:
            if dimensions is None:
                raise DamagedError("its size is missing")
            scans += 1
            if scans > MAX_JPEG_SCANS:
                raise MediaError(
                    "too-complex",
                    f"This JPEG is stored in more than {MAX_JPEG_SCANS} layers. "
                    "Save it again as a standard JPEG and try again.",
                )
        elif marker == _END and scans:
            return Header(_known(dimensions), exif or xmp or 1)
        elif not scans and marker in _FRAMES:
            _bits, height, width = struct.unpack(">BHH", read_exactly(file, offset, 5))
            dimensions = width, height
        elif not scans and marker == _APP1:
            content = read_at(file, offset, length)
            if content.startswith(b"Exif\0\0"):
                exif = exif or exif_orientation(content)
            elif content.startswith(_XMP):
                xmp = xmp or xmp_orientation(content)
    if not scans:
        raise DamagedError("it ends before the picture begins")
    return Header(_known(dimensions), exif or xmp or 1, truncated_at=size)


def _known(dimensions: tuple[int, int] | None) -> tuple[int, int]:
    if dimensions is None:
        raise DamagedError("its size is missing")
    return dimensions


def _segments(file: BinaryIO, size: int) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, offset of its content, length of its content) up to the first end marker or the end of the file.

    Searches for the next marker, as libjpeg does, and thereby skips scan data and stray bytes between segments.
    """
    window, start, position = b"", 0, 2
    for _ in range(MAX_JPEG_SEGMENTS):
        while True:
            if not start <= position <= start + len(window) - 4:
                window, start = read_at(file, position, BLOCK_BYTES), position
            if found := _MARKER.search(window, position - start):
                break
            if start + len(window) >= size or not window:
                return
            # The last byte of this block may be the first of a marker.
            position = start + len(window) - window.endswith(b"\xff")
        marker = found[1][0]
        position = start + found.end()
        if marker == _START:
            continue
        if marker == _END:
            yield marker, position, 0
            return
        head = (
            read_at(file, position, 2) if position + 2 > start + len(window) else window[found.end() : found.end() + 2]
        )
        length = int.from_bytes(head, "big")
        if len(head) < 2 or position + length > size:
            return
        yield marker, position + 2, max(length - 2, 0)
        position += max(length, 2)
    raise too_many_pieces()
