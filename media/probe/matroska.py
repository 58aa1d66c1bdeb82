"""Reader of the beginning of Matroska and WebM files (RFC 9559; EBML, RFC 8794)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from media.probe.reader import DamagedError

HEAD_BYTES: Final = 1024 * 1024
"""The description of the tracks must lie within these bytes; recorders write it in the first kilobytes."""

_EBML, _DOC_TYPE = 0x1A45DFA3, 0x4282
_SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_SCALE, _DURATION = 0x2AD7B1, 0x4489
_TRACK, _TRACK_TYPE, _CODEC, _ENABLED, _DEFAULT = 0xAE, 0x83, 0x86, 0xB9, 0x88
_VIDEO, _WIDTH, _HEIGHT, _ALPHA_MODE = 0xE0, 0xB0, 0xBA, 0x53C0
_TYPE_VIDEO, _TYPE_SOUND = 1, 2
_MAX_ELEMENTS: Final = 10_000


@dataclass(frozen=True)
class PictureTrack:
    """A video track. Sizes are in pixels, as coded."""

    width: int
    height: int
    codec: str
    """Matroska's codec id, such as "V_VP9"."""
    has_alpha: bool
    is_enabled: bool
    is_default: bool


@dataclass(frozen=True)
class Head:
    """The description of the tracks at the beginning of a file."""

    is_webm: bool
    duration_ms: int
    """0 if unknown: recordings by browsers do not state it."""
    pictures: tuple[PictureTrack, ...]
    sounds: int
    """Number of audio tracks."""


def read_matroska(head: bytes, size: int) -> Head:
    """Return the tracks of a WebM or Matroska file of `size` bytes that begins with `head`.

    Raises DamagedError if the file is truncated or has another document type.
    """
    try:
        return _read(head, size)
    except (IndexError, struct.error) as error:
        raise DamagedError("its index is missing") from error


def _read(head: bytes, size: int) -> Head:
    top = {name: (start, end) for name, start, end in _elements(head, 0, size)}
    if _EBML not in top or _SEGMENT not in top:
        raise DamagedError("its index is missing")
    kinds = [head[start:end] for name, start, end in _elements(head, *top[_EBML]) if name == _DOC_TYPE]
    # The default is Matroska. Strings may be padded with null bytes.
    kind = kinds[0].rstrip(b"\0") if kinds else b"matroska"
    if kind not in {b"webm", b"matroska"}:
        raise DamagedError("it is neither WebM nor Matroska inside")
    duration_ms, tracks = 0, None
    for name, start, end in _elements(head, *top[_SEGMENT]):
        if name == _INFO:
            duration_ms = _duration_ms(head, start, end)
        elif name == _TRACKS:
            tracks = [_values(head, first, last) for one, first, last in _elements(head, start, end) if one == _TRACK]
        elif name == _CLUSTER:
            break
    if tracks is None:
        raise DamagedError("its index is missing")
    # ffmpeg ignores tracks without a codec too, so the numbers agree.
    coded = [track for track in tracks if track.get(_CODEC)]
    return Head(
        kind == b"webm",
        duration_ms,
        tuple(_picture(track) for track in coded if _int(track, _TRACK_TYPE) == _TYPE_VIDEO),
        sum(_int(track, _TRACK_TYPE) == _TYPE_SOUND for track in coded),
    )


def _duration_ms(head: bytes, start: int, end: int) -> int:
    scale, duration = 1_000_000, 0.0
    for name, begin, finish in _elements(head, start, end):
        if name == _SCALE:
            scale = int.from_bytes(head[begin:finish])
        elif name == _DURATION:
            (duration,) = struct.unpack(">f" if finish - begin == 4 else ">d", head[begin:finish])
    # Returns 0 for NaN and absurd values, so that the worker measures the duration.
    return round(duration * scale / 1_000_000) if 0 < duration < 1e15 else 0


def _values(head: bytes, start: int, end: int) -> dict[int, bytes]:
    """Return the contents of the elements between two offsets, including those inside the element of video settings."""
    found: dict[int, bytes] = {}
    for name, first, last in _elements(head, start, end):
        if name == _VIDEO:
            found |= _values(head, first, last)
        else:
            found[name] = head[first:last]
    return found


def _int(track: dict[int, bytes], name: int, default: int = 0) -> int:
    return int.from_bytes(track[name]) if name in track else default


def _picture(track: dict[int, bytes]) -> PictureTrack:
    return PictureTrack(
        width=_int(track, _WIDTH),
        height=_int(track, _HEIGHT),
        codec=track[_CODEC].rstrip(b"\0").decode("latin-1"),
        has_alpha=_int(track, _ALPHA_MODE) == 1,
        is_enabled=_int(track, _ENABLED, 1) != 0,
        is_default=_int(track, _DEFAULT, 1) != 0,
    )


def _elements(head: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (id, start of the content, its end) of the elements between two offsets, as far as `head` reaches."""
    for _ in range(_MAX_ELEMENTS):
        if start >= min(end, len(head)):
            return
        name, at = _number(head, start, keep_mark=True)
        length, content = _number(head, at, keep_mark=False)
        if length is None:
            # Live recorders write an unknown length; the element then reaches to the end of its parent.
            length = end - content
        if content + length > end:
            raise DamagedError("a part of it is missing")
        yield name or 0, content, content + length
        start = content + length
    raise DamagedError("it is stored in too many pieces")


def _number(head: bytes, at: int, *, keep_mark: bool) -> tuple[int | None, int]:
    """Return a variable-length integer of 1 to 8 bytes and the offset of its end; None if all its bits are set.

    `keep_mark` keeps the bits that encode the length, as ids do.
    """
    first = head[at]
    length = 9 - first.bit_length()
    if length > 8 or at + length > len(head):
        raise DamagedError("a part of it is missing")
    value = int.from_bytes(head[at : at + length])
    if keep_mark:
        return value, at + length
    bits = value & ((1 << 7 * length) - 1)
    return (None if bits == (1 << 7 * length) - 1 else bits), at + length
