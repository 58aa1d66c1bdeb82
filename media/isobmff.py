"""The boxes of ISO base media files, which HEIC, AVIF, MP4 and MOV are made of: their pictures and tracks."""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

MAX_BOXES: Final = 10_000
MAX_META_BYTES: Final = 4 * 1024 * 1024
"""A phone's photo says in a few kilobytes of which pieces it consists."""
MAX_INDEX_BYTES: Final = 64 * 1024 * 1024
MAX_TRACKS: Final = 100

_ALPHA_KINDS: Final = re.compile(rb"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0|urn:mpeg:hevc:2015:auxid:1\0")

_ORIENTATIONS: Final = {  # (quarter turns anti-clockwise, then mirrored: top-bottom 0, left-right 1) to EXIF's number
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


class DamagedError(ValueError):
    """A part is missing or contradicts another: `str(error)` says which, as the middle of a sentence."""


@dataclass(frozen=True)
class Box:
    kind: bytes
    start: int
    """Offset of the content in the file."""
    end: int


def iter_boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two offsets of `file`, one read each. Raises DamagedError if a box exceeds its parent."""
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


def find_box(file: BinaryIO, start: int, end: int, *path: bytes) -> Box | None:
    """Return the first box at the nested `path`, or None."""
    for box in iter_boxes(file, start, end):
        if box.kind == path[0]:
            return box if len(path) == 1 else find_box(file, box.start, box.end, *path[1:])
    return None


def read_content(file: BinaryIO, box: Box, most: int = MAX_META_BYTES) -> bytes:
    """Return the content of a box. Raises DamagedError if it is longer than `most` bytes."""
    if box.end - box.start > most:
        raise DamagedError("a part of it is far too long")
    file.seek(box.start)
    return file.read(box.end - box.start)


@dataclass(frozen=True)
class StoredPicture:
    """The main picture of a HEIC or AVIF file as it is coded."""

    size: tuple[int, int]
    clean_aperture: tuple[int, int] | None
    """The part that is meant to be seen, if that is less."""
    orientation: int | None
    """As EXIF would number it; None when the file states no turning (`irot`, `imir`) at all."""
    colours: tuple[int, int] | None
    """(primaries, transfer) as H.273 numbers them; None when it says none, or has a profile, which says more."""


def read_picture(file: BinaryIO, size: int) -> StoredPicture:
    """Return how a HEIC or AVIF file of `size` bytes describes its main picture.

    Without a main picture, the first of a sequence counts. Raises DamagedError.
    """
    meta = None
    try:
        for box in iter_boxes(file, 0, size):
            if box.kind == b"meta":
                meta = box
    except DamagedError:
        # Decoders read no further than the pieces of the picture lie.
        if meta is None or not _has_all_extents(file, meta, size):
            raise
    # `meta` is a full box: four bytes of version and flags come before its content.
    inside = {box.kind: box for box in iter_boxes(file, meta.start + 4, meta.end)} if meta else {}
    if b"pitm" not in inside:
        sequence = read_sequence(file, size)
        if sequence is None:
            raise DamagedError("its size is missing")
        return StoredPicture(sequence.pictures.coded_size, None, 1, sequence.pictures.colours)
    try:
        primary = _item_number(read_content(file, inside[b"pitm"]))
        properties = {box.kind: box for box in iter_boxes(file, inside[b"iprp"].start, inside[b"iprp"].end)}
        all_of_them = list(iter_boxes(file, properties[b"ipco"].start, properties[b"ipco"].end))
        wanted = _properties_of(primary, read_content(file, properties[b"ipma"]))
        its_own = [all_of_them[index - 1] for index in wanted if index]
        mine = {box.kind: box for box in its_own}
        _, width, height = struct.unpack(">III", read_content(file, mine[b"ispe"])[:12])
        turns = read_content(file, mine[b"irot"])[0] & 3 if b"irot" in mine else 0
        mirror = read_content(file, mine[b"imir"])[0] & 1 if b"imir" in mine else None
        orientation = _ORIENTATIONS[turns, mirror] if mine.keys() & {b"irot", b"imir"} else None
        aperture = _aperture(read_content(file, mine[b"clap"])) if b"clap" in mine else None
        colours = _colours([read_content(file, box) for box in its_own if box.kind == b"colr"])
    except (KeyError, IndexError, struct.error) as error:
        raise DamagedError("its size is missing") from error
    return StoredPicture((width, height), aperture, orientation, colours)


def _item_number(pitm: bytes) -> int:
    number: int = struct.unpack_from(">I" if pitm[0] else ">H", pitm, 4)[0]
    return number


def _properties_of(item: int, ipma: bytes) -> list[int]:
    """The numbers of an item's properties, counted from 1."""
    version, wide = ipma[0], ipma[3] & 1
    (entries,) = struct.unpack_from(">I", ipma, 4)
    at = 8
    for _ in range(entries):
        (number,) = struct.unpack_from(">I" if version else ">H", ipma, at)
        at += 4 if version else 2
        count = ipma[at]
        at += 1
        if number == item:
            # The highest bit says whether a reader must know the property.
            form = f">{count}H" if wide else f">{count}B"
            return [one & (0x7FFF if wide else 0x7F) for one in struct.unpack_from(form, ipma, at)]
        at += count * (2 if wide else 1)
    raise DamagedError("its size is missing")


def _aperture(clap: bytes) -> tuple[int, int]:
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
class Item:
    """A piece of a HEIC or AVIF file: a picture, a tile of one, or metadata."""

    kind: bytes
    extents: list[tuple[int, int]]
    """(offset, length) of its parts; a length of 0 reaches to the end of the file."""
    is_inside: bool
    """Whether the offsets count from elsewhere than the beginning of the file: in a box, or another item."""


def read_items(file: BinaryIO, meta: Box) -> list[Item]:
    """Return the items of the file whose `meta` box this is. Raises DamagedError, struct.error or IndexError."""
    inside = {box.kind: box for box in iter_boxes(file, meta.start + 4, meta.end)}
    if b"iinf" not in inside or b"iloc" not in inside:
        return []
    kinds = _item_kinds(file, inside[b"iinf"])
    places = _item_extents(read_content(file, inside[b"iloc"]))
    return [Item(kinds.get(number, b""), extents, is_inside) for number, extents, is_inside in places]


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
    """Yield (number, extents, whether they lie inside of something) of each item that `iloc` lists."""
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
        is_inside = bool(number(2) & 15) if version else False
        number(2)
        base = number(base_size)
        extents: list[tuple[int, int]] = []
        for _ in range(number(2)):
            number(index_size)
            offset = number(offset_size)
            extents.append((base + offset, number(length_size)))
        yield item, extents, is_inside


def _has_all_extents(file: BinaryIO, meta: Box, size: int) -> bool:
    """Return True if every picture of the file lies within its `size` bytes; metadata may lie beyond."""
    try:
        items = read_items(file, meta)
    except (DamagedError, struct.error, IndexError):
        return False
    pictures = [item for item in items if item.kind not in {b"Exif", b"mime", b"uri "} and not item.is_inside]
    ends = [offset + max(length, 1) for item in pictures for offset, length in item.extents]
    return bool(ends) and max(ends) <= size


# --- Tracks -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Track:
    """One track of an MP4, of a MOV or of a sequence of pictures."""

    id: int
    handler: bytes
    """`vide` for films, `soun` for sound, `pict` for sequences of pictures, `auxv` for their transparency."""
    codec: str
    """The four characters that name the coding."""
    width: int = 0
    """As people see it: turned, and scaled as the track wants."""
    height: int = 0
    coded_size: tuple[int, int] = (0, 0)
    duration_ms: int = 0
    samples: int = 0
    """Frames, or pieces of sound, that the index lists; in a fragmented file mostly none."""
    is_enabled: bool = True
    is_alpha: bool = False
    colours: tuple[int, int] | None = None
    """(primaries, transfer) as H.273 numbers them; None if the index does not say."""
    chapters: tuple[int, ...] = ()
    """Ids of the tracks with the titles and pictures of this track's chapters."""
    auxiliary_of: tuple[int, ...] = ()


@dataclass(frozen=True)
class Movie:
    duration_ms: int
    """0 if the index does not say."""
    is_fragmented: bool
    tracks: tuple[Track, ...]


def read_movie(file: BinaryIO, size: int) -> Movie:
    """Return the tracks that the index of a file of `size` bytes lists, without those whose description is broken.

    Raises DamagedError when there is no index, or when it is too long or broken. Cost: a read for each of some twenty
    boxes a track.
    """
    index = None
    for box in iter_boxes(file, 0, size):
        if box.kind == b"moov":
            index = box
    if index is None:
        raise DamagedError("its index is missing")
    if index.end - index.start > MAX_INDEX_BYTES:
        raise DamagedError("its index is far too long")
    duration_ms, is_fragmented, tracks, broken = 0, False, [], 0
    for box in iter_boxes(file, index.start, index.end):
        if box.kind == b"mvhd":
            with contextlib.suppress(IndexError, struct.error):
                duration_ms = _duration_ms(read_content(file, box))
        elif box.kind == b"mvex":
            is_fragmented = True
        elif box.kind == b"trak":
            try:
                tracks.append(_track(file, box))
            except (DamagedError, KeyError, IndexError, struct.error):
                broken += 1
        if len(tracks) + broken > MAX_TRACKS:
            raise DamagedError("it is stored in too many pieces")
    if broken and not tracks:
        raise DamagedError("its index is broken")
    return Movie(duration_ms, is_fragmented, tuple(tracks))


def _duration_ms(head: bytes) -> int:
    """The length that an `mvhd` or `mdhd` states, 0 for none."""
    if head[0]:
        scale, duration = struct.unpack_from(">IQ", head, 20)
        unknown = 0xFFFFFFFFFFFFFFFF
    else:
        scale, duration = struct.unpack_from(">II", head, 12)
        unknown = 0xFFFFFFFF
    return round(duration * 1000 / scale) if scale and duration != unknown else 0


def _inside(file: BinaryIO, box: Box) -> dict[bytes, Box]:
    return {one.kind: one for one in iter_boxes(file, box.start, box.end)}


def _track(file: BinaryIO, track: Box) -> Track:
    top = _inside(file, track)
    media = _inside(file, top[b"mdia"])
    table = _inside(file, _inside(file, media[b"minf"])[b"stbl"])
    tkhd, stsd = read_content(file, top[b"tkhd"]), read_content(file, table[b"stsd"])
    (number,) = struct.unpack_from(">I", tkhd, 20 if tkhd[0] else 12)
    handler = read_content(file, media[b"hdlr"])[8:12]
    names = {
        one.kind: struct.unpack(
            f">{(one.end - one.start) // 4}I", read_content(file, one)[: (one.end - one.start) // 4 * 4]
        )
        for one in (iter_boxes(file, top[b"tref"].start, top[b"tref"].end) if b"tref" in top else ())
    }
    return Track(
        id=number,
        handler=handler,
        codec=stsd[12:16].decode("latin-1"),
        duration_ms=_duration_ms(read_content(file, media[b"mdhd"])) if b"mdhd" in media else 0,
        samples=_sample_count(file, table),
        is_enabled=bool(tkhd[3] & 1),
        chapters=names.get(b"chap", ()),
        auxiliary_of=names.get(b"auxl", ()),
        **(_picture_facts(tkhd, stsd) if handler in {b"vide", b"pict", b"auxv"} else {}),
    )


def _sample_count(file: BinaryIO, table: dict[bytes, Box]) -> int:
    """The number of samples; the table of their sizes itself, which may be long, is not read."""
    box = table.get(b"stsz") or table.get(b"stz2")
    if box is None or box.end - box.start < 12:
        return 0
    file.seek(box.start + 8)
    return int.from_bytes(file.read(4))


def _picture_facts(tkhd: bytes, stsd: bytes) -> dict[str, Any]:
    at = 52 if tkhd[0] else 40
    matrix = struct.unpack_from(">9i", tkhd, at)
    width, height = (side >> 16 for side in struct.unpack_from(">II", tkhd, at + 36))
    coded = struct.unpack_from(">HH", stsd, 8 + 8 + 24)
    if not (width and height):
        width, height = coded
    if matrix[0] == matrix[4] == 0:
        width, height = height, width
    colours = re.search(rb"colrncl[xc](....)", stsd, re.DOTALL)
    return {
        "width": width,
        "height": height,
        "coded_size": coded,
        "is_alpha": bool(_ALPHA_KINDS.search(stsd)),
        "colours": struct.unpack(">HH", colours[1]) if colours else None,
    }


@dataclass(frozen=True)
class PictureSequence:
    """The pictures of an AVIF or HEIC file that follow each other."""

    pictures: Track
    alpha: Track | None
    """How opaque they are, in a track of as many frames."""


def read_sequence(file: BinaryIO, size: int) -> PictureSequence | None:
    """Return the longest sequence of pictures in a file of `size` bytes; None if it has none. Raises DamagedError."""
    if not any(box.kind == b"moov" for box in iter_boxes(file, 0, size)):
        return None
    tracks = read_movie(file, size).tracks
    pictures = max(
        (track for track in tracks if track.handler in {b"pict", b"vide"} and track.samples),
        key=lambda track: track.samples,
        default=None,
    )
    if pictures is None:
        return None
    alphas = (track for track in tracks if track.is_alpha and pictures.id in track.auxiliary_of)
    return PictureSequence(pictures, next(alphas, None))
