"""Reader of the tracks of MP4, MOV and image sequences (ISO/IEC 14496-12; QuickTime File Format Specification)."""

from __future__ import annotations

import contextlib
import re
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from media.probe.isobmff import Box, child_boxes, iter_boxes, read_content
from media.probe.limits import MAX_INDEX_BYTES, MAX_TRACKS
from media.probe.reader import DamagedError

_ALPHA_KINDS: Final = re.compile(rb"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0|urn:mpeg:hevc:2015:auxid:1\0")


@dataclass(frozen=True)
class Track:
    """A track of an MP4, of a MOV or of an image sequence. Sizes are in pixels."""

    id: int
    handler: bytes
    """`vide` for video, `soun` for audio, `pict` for image sequences, `auxv` for their transparency."""
    codec: str
    """The four characters of the sample entry, such as "avc1"."""
    width: int = 0
    """Displayed width: after rotation, and scaled as the track header demands."""
    height: int = 0
    coded_size: tuple[int, int] = (0, 0)
    duration_ms: int = 0
    samples: int = 0
    """Number of frames or audio samples in the index; usually 0 in a fragmented file."""
    is_enabled: bool = True
    is_alpha: bool = False
    colours: tuple[int, int] | None = None
    """(primaries, transfer) as numbered by ITU-T H.273, or None."""
    chapters: tuple[int, ...] = ()
    """Ids of the tracks with the titles and images of this track's chapters."""
    auxiliary_of: tuple[int, ...] = ()


@dataclass(frozen=True)
class Movie:
    """The index of a file. `duration_ms` is 0 if the index does not state it."""

    duration_ms: int
    is_fragmented: bool
    tracks: tuple[Track, ...]


def read_movie(file: BinaryIO, size: int) -> Movie:
    """Return the tracks in the index of a file of `size` bytes; tracks with damaged descriptions are left out.

    Raises DamagedError if the index is missing, too long, or all tracks are damaged. Cost: one read per box, about
    twenty per track; tables of samples are not read.
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
    """Return the duration in an `mvhd` or `mdhd` box, or 0 if it is unknown."""
    if head[0]:
        scale, duration = struct.unpack_from(">IQ", head, 20)
        unknown = 0xFFFFFFFFFFFFFFFF
    else:
        scale, duration = struct.unpack_from(">II", head, 12)
        unknown = 0xFFFFFFFF
    return round(duration * 1000 / scale) if scale and duration != unknown else 0


def _track(file: BinaryIO, track: Box) -> Track:
    top = child_boxes(file, track)
    media = child_boxes(file, top[b"mdia"])
    table = child_boxes(file, child_boxes(file, media[b"minf"])[b"stbl"])
    tkhd, stsd = read_content(file, top[b"tkhd"]), read_content(file, table[b"stsd"])
    (number,) = struct.unpack_from(">I", tkhd, 20 if tkhd[0] else 12)
    handler = read_content(file, media[b"hdlr"])[8:12]
    references = {
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
        chapters=references.get(b"chap", ()),
        auxiliary_of=references.get(b"auxl", ()),
        **(_visual_properties(tkhd, stsd) if handler in {b"vide", b"pict", b"auxv"} else {}),
    )


def _sample_count(file: BinaryIO, table: dict[bytes, Box]) -> int:
    """Return the number of samples from the head of the table of their sizes, which may be long."""
    box = table.get(b"stsz") or table.get(b"stz2")
    if box is None or box.end - box.start < 12:
        return 0
    file.seek(box.start + 8)
    return int.from_bytes(file.read(4))


def _visual_properties(tkhd: bytes, stsd: bytes) -> dict[str, Any]:
    at = 52 if tkhd[0] else 40
    matrix = struct.unpack_from(">9i", tkhd, at)
    width, height = (side >> 16 for side in struct.unpack_from(">II", tkhd, at + 36))
    coded = struct.unpack_from(">HH", stsd, 8 + 8 + 24)
    if not (width and height):
        width, height = coded
    if matrix[0] == matrix[4] == 0:
        # Rotated by a quarter turn.
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
class ImageSequence:
    """The image sequence of an AVIF or HEIC file."""

    pictures: Track
    alpha: Track | None
    """A track with the transparency of each frame."""


def read_sequence(file: BinaryIO, size: int) -> ImageSequence | None:
    """Return the longest image sequence in a file of `size` bytes, or None. Raises DamagedError."""
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
    return ImageSequence(pictures, next(alphas, None))
