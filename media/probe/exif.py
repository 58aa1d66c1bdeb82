"""Orientation in EXIF (CIPA DC-008, Exif 2.32, and TIFF 6.0) and in XMP (ISO 16684-1)."""

from __future__ import annotations

import re
import struct
from typing import Final

MAX_EXIF_BYTES: Final = 64 * 1024
"""The orientation comes first; a thumbnail and manufacturer's notes follow."""

_ORIENTATION, _SHORT, _LONG = 0x0112, 3, 4
_XMP_ORIENTATION: Final = re.compile(rb"tiff:Orientation(?:=[\"']|>)([1-8])")


def exif_orientation(exif: bytes) -> int | None:
    """Return the orientation (1 to 8) in the first directory of `exif`, or None if it is absent or invalid.

    Reads one directory and follows no pointers, so loops and huge counts cost nothing.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return None
    (directory,) = struct.unpack_from(order + "I", tiff, 4)
    if directory + 2 > len(tiff):
        return None
    (entries,) = struct.unpack_from(order + "H", tiff, directory)
    for entry in range(directory + 2, min(directory + 2 + 12 * entries, len(tiff) - 11), 12):
        tag, kind, _count = struct.unpack_from(order + "HHI", tiff, entry)
        if tag == _ORIENTATION and kind in {_SHORT, _LONG}:
            (value,) = struct.unpack_from(order + ("H" if kind == _SHORT else "I"), tiff, entry + 8)
            return value if 1 <= value <= 8 else None
    return None


def xmp_orientation(xmp: bytes) -> int | None:
    """Return the orientation in an XMP packet, or None. It counts only if EXIF has none."""
    found = _XMP_ORIENTATION.search(xmp)
    return int(found[1]) if found else None
