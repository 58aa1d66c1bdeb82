"""Reader of HEIC and AVIF headers (HEIF, ISO/IEC 23008-12; AV1 Image File Format 1.1)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from media.probe.exif import MAX_EXIF_BYTES, exif_orientation
from media.probe.isobmff import Box, child_boxes, find_box, iter_boxes, read_content
from media.probe.movie import read_sequence
from media.probe.reader import DamagedError, Header

_ORIENTATIONS: Final = {  # (quarter turns anticlockwise; then mirrored: 0 top-bottom, 1 left-right): EXIF orientation
    (0, None): 1,
    (0, 0): 4,
    (0, 1): 2,
    (1, None): 8,
    (1, 0): 5,
    (1, 1): 7,
    (2, None): 3,
    (2, 0): 2,
    (2, 1): 4,
    (3, None): 6,
    (3, 0): 7,
    (3, 1): 5,
}


def read_avif(file: BinaryIO, size: int) -> Header:
    """Read the header of an AVIF of `size` bytes. Raises DamagedError. Cost: one read per box."""
    picture = _read_picture(file, size)
    if picture.orientation is None:
        return Header(picture.size, _heif_orientation(file, size) or 1, picture.colours)
    return Header(picture.size, picture.orientation, picture.colours)


def read_heic(file: BinaryIO, size: int) -> Header:
    """Read the header of a HEIC of `size` bytes. Raises DamagedError. Cost: one read per box.

    The decoder of HEIC crops and rotates by itself, so the result has the dimensions after both. Only if the file has
    no rotation property does the orientation in EXIF count, as some phones intend; the decoder ignores that one.
    """
    picture = _read_picture(file, size)
    width, height = picture.clean_aperture or picture.size
    if picture.orientation is None:
        return Header((width, height), _heif_orientation(file, size) or 1, picture.colours)
    return Header((height, width) if picture.orientation >= 5 else (width, height), 1, picture.colours)


@dataclass(frozen=True)
class _Picture:
    """The primary image of a HEIC or AVIF file as coded."""

    size: tuple[int, int]
    clean_aperture: tuple[int, int] | None
    """Width and height of the visible part (`clap`), if it is smaller."""
    orientation: int | None
    """An EXIF orientation; None if the file has neither `irot` nor `imir`."""
    colours: tuple[int, int] | None
    """(primaries, transfer) as numbered by ITU-T H.273; None if absent, or if there is an ICC profile, because
    that is more precise."""


def _read_picture(file: BinaryIO, size: int) -> _Picture:
    """Return the properties of the primary image, or of the first image of a sequence. Raises DamagedError."""
    meta = None
    try:
        for box in iter_boxes(file, 0, size):
            if box.kind == b"meta":
                meta = box
    except DamagedError:
        # Decoders ignore what follows the parts of the image.
        if meta is None or not _has_all_extents(file, meta, size):
            raise
    # `meta` is a full box: four bytes of version and flags precede its content.
    inside = child_boxes(file, meta, skip=4) if meta else {}
    if b"pitm" not in inside:
        sequence = read_sequence(file, size)
        if sequence is None:
            raise DamagedError("its size is missing")
        return _Picture(sequence.pictures.coded_size, None, 1, sequence.pictures.colours)
    try:
        primary = _primary_item(read_content(file, inside[b"pitm"]))
        containers = child_boxes(file, inside[b"iprp"])
        all_properties = list(iter_boxes(file, containers[b"ipco"].start, containers[b"ipco"].end))
        wanted = _property_numbers(primary, read_content(file, containers[b"ipma"]))
        its_properties = [all_properties[index - 1] for index in wanted if index]
        by_kind = {box.kind: box for box in its_properties}
        _, width, height = struct.unpack(">III", read_content(file, by_kind[b"ispe"])[:12])
        turns = read_content(file, by_kind[b"irot"])[0] & 3 if b"irot" in by_kind else 0
        mirror = read_content(file, by_kind[b"imir"])[0] & 1 if b"imir" in by_kind else None
        orientation = _ORIENTATIONS[turns, mirror] if by_kind.keys() & {b"irot", b"imir"} else None
        aperture = _clean_aperture(read_content(file, by_kind[b"clap"])) if b"clap" in by_kind else None
        colours = _colours([read_content(file, box) for box in its_properties if box.kind == b"colr"])
    except (KeyError, IndexError, struct.error) as error:
        raise DamagedError("its size is missing") from error
    return _Picture((width, height), aperture, orientation, colours)


def _primary_item(pitm: bytes) -> int:
    number: int = struct.unpack_from(">I" if pitm[0] else ">H", pitm, 4)[0]
    return number


def _property_numbers(item: int, ipma: bytes) -> list[int]:
    """Return the numbers of an item's properties, counted from 1."""
    version, wide = ipma[0], ipma[3] & 1
    (entries,) = struct.unpack_from(">I", ipma, 4)
    at = 8
    for _ in range(entries):
        (number,) = struct.unpack_from(">I" if version else ">H", ipma, at)
        at += 4 if version else 2
        count = ipma[at]
        at += 1
        if number == item:
            # The highest bit marks properties that a reader must support.
            form = f">{count}H" if wide else f">{count}B"
            return [one & (0x7FFF if wide else 0x7F) for one in struct.unpack_from(form, ipma, at)]
        at += count * (2 if wide else 1)
    raise DamagedError("its size is missing")


def _clean_aperture(clap: bytes) -> tuple[int, int]:
    width, width_by, height, height_by = struct.unpack_from(">IIII", clap)
    if not (width_by and height_by):
        raise DamagedError("its size is missing")
    return round(width / width_by), round(height / height_by)


def _colours(colr: list[bytes]) -> tuple[int, int] | None:
    numbers = [one for one in colr if one[:4] == b"nclx"]
    if not numbers or len(numbers) < len(colr):
        return None
    primaries, transfer = struct.unpack_from(">HH", numbers[0], 4)
    return primaries, transfer


# --- Items ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Item:
    """An item of a HEIC or AVIF file: an image, a tile of one, or metadata."""

    kind: bytes
    extents: list[tuple[int, int]]
    """(offset, length) of its parts; a length of 0 reaches to the end of the file."""
    is_relative: bool
    """True if the offsets are relative to a box or another item, not to the file."""


def _read_items(file: BinaryIO, meta: Box) -> list[_Item]:
    """Return the items that a `meta` box lists. Raises DamagedError, struct.error or IndexError."""
    inside = child_boxes(file, meta, skip=4)
    if b"iinf" not in inside or b"iloc" not in inside:
        return []
    kinds = _item_kinds(file, inside[b"iinf"])
    locations = _item_extents(read_content(file, inside[b"iloc"]))
    return [_Item(kinds.get(number, b""), extents, is_relative) for number, extents, is_relative in locations]


def _item_kinds(file: BinaryIO, iinf: Box) -> dict[int, bytes]:
    file.seek(iinf.start)
    wide = file.read(1) != b"\0"
    kinds: dict[int, bytes] = {}
    for box in iter_boxes(file, iinf.start + (8 if wide else 6), iinf.end):
        if box.kind == b"infe":
            file.seek(box.start)
            infe = file.read(14)
            number, _protection, kind = struct.unpack_from(">IH4s" if infe[0] >= 3 else ">HH4s", infe, 4)
            kinds[number] = kind
    return kinds


def _item_extents(iloc: bytes) -> Iterator[tuple[int, list[tuple[int, int]], bool]]:
    """Yield (number, extents, whether they are relative) of each item that `iloc` lists."""
    version = iloc[0]
    offset_size, length_size = iloc[4] >> 4, iloc[4] & 15
    base_size, index_size = iloc[5] >> 4, iloc[5] & 15 if version else 0
    at = 6

    def number(size: int) -> int:
        nonlocal at
        if at + size > len(iloc):
            raise DamagedError("a part of it is missing")
        at += size
        return int.from_bytes(iloc[at - size : at], "big")

    for _ in range(number(4 if version >= 2 else 2)):
        item = number(4 if version >= 2 else 2)
        is_relative = bool(number(2) & 15) if version else False
        number(2)
        base = number(base_size)
        extents: list[tuple[int, int]] = []
        for _ in range(number(2)):
            number(index_size)
            offset = number(offset_size)
            extents.append((base + offset, number(length_size)))
        yield item, extents, is_relative


def _has_all_extents(file: BinaryIO, meta: Box, size: int) -> bool:
    """Return True if every image of the file lies within its `size` bytes; metadata may lie beyond."""
    try:
        items = _read_items(file, meta)
    except (DamagedError, struct.error, IndexError):
        return False
    pictures = [item for item in items if item.kind not in {b"Exif", b"mime", b"uri "} and not item.is_relative]
    ends = [offset + max(length, 1) for item in pictures for offset, length in item.extents]
    return bool(ends) and max(ends) <= size


def _heif_orientation(file: BinaryIO, size: int) -> int | None:
    """Return the orientation in the EXIF item, or None. It counts only without `irot` and `imir`."""
    try:
        meta = find_box(file, 0, size, b"meta")
        if meta is None:
            return None
        for item in _read_items(file, meta):
            if item.kind == b"Exif" and item.extents and not item.is_relative:
                offset, length = item.extents[0]
                file.seek(offset)
                content = file.read(min(length, MAX_EXIF_BYTES) if length else MAX_EXIF_BYTES)
                # The first four bytes are the offset of the TIFF header.
                return exif_orientation(content[4:]) or exif_orientation(content[4 + int.from_bytes(content[:4]) :])
    except (DamagedError, struct.error, IndexError):
        return None
    return None
