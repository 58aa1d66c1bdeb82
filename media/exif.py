"""The orientation that EXIF states, on its own and as an item of a HEIC or AVIF file."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

from media.isobmff import DamagedError, find_box, read_items

MAX_EXIF_BYTES: Final = 64 * 1024
"""The orientation stands at the beginning; a thumbnail and notes of the maker follow."""

_ORIENTATION, _SHORT, _LONG = 0x0112, 3, 4


def exif_orientation(exif: bytes) -> int | None:
    """Return the orientation of the first directory of `exif`, or None when it states none or nonsense.

    Reads that one tag and follows no pointer, so a directory that loops or claims gigabytes costs nothing.
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


def heif_orientation(file: BinaryIO, size: int) -> int | None:
    """Return the orientation in the EXIF of a HEIC or AVIF file, if it has one that can be read.

    It counts only where the file states no turning of its own (`irot`, `imir`).
    """
    try:
        meta = find_box(file, 0, size, b"meta")
        if meta is None:
            return None
        for item in read_items(file, meta):
            if item.kind == b"Exif" and item.extents and not item.is_inside:
                offset, length = item.extents[0]
                file.seek(offset)
                content = file.read(min(length, MAX_EXIF_BYTES) if length else MAX_EXIF_BYTES)
                # Four bytes say how far it is to the header of TIFF.
                return exif_orientation(content[4:]) or exif_orientation(content[4 + int.from_bytes(content[:4]) :])
    except (DamagedError, struct.error, IndexError):
        return None
    return None
