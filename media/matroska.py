"""The elements of Matroska, which WebM is made of, as far as the head of a file has them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from media.boxes import DamagedError

HEAD_BYTES: Final = 1024 * 1024
"""Where the description of the tracks must be found; recorders put it into the first kilobytes."""

_EBML, _DOC_TYPE = 0x1A45DFA3, 0x4282
_SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_SCALE, _DURATION = 0x2AD7B1, 0x4489
_TRACK, _TRACK_TYPE, _VIDEO, _WIDTH, _HEIGHT = 0xAE, 0x83, 0xE0, 0xB0, 0xBA
_MAX_ELEMENTS: Final = 10_000


@dataclass(frozen=True)
class Track:
    width: int
    height: int
    duration_ms: int
    """0 if the head does not say: browsers that record write it nowhere."""


def read_webm(head: bytes, size: int) -> Track | None:
    """The first picture track of a WebM file of `size` bytes that begins with `head`; None if it has none.

    Raises DamagedError when the file is cut short or no WebM.
    """
    try:
        return _read(head, size)
    except (IndexError, struct.error) as error:
        raise DamagedError("its index is missing") from error


def _read(head: bytes, size: int) -> Track | None:
    top = {name: (start, end) for name, start, end in _elements(head, 0, size)}
    if _EBML not in top or _SEGMENT not in top:
        raise DamagedError("its index is missing")
    kinds = [head[start:end] for name, start, end in _elements(head, *top[_EBML]) if name == _DOC_TYPE]
    if kinds[:1] != [b"webm"]:
        raise DamagedError("it is not WebM inside")
    duration_ms, picture, has_tracks = 0, None, False
    for name, start, end in _elements(head, *top[_SEGMENT]):
        if name == _INFO:
            duration_ms = _duration_ms(head, start, end)
        elif name == _TRACKS:
            has_tracks, picture = True, _first_picture(head, start, end)
        elif name == _CLUSTER:
            break
    if not has_tracks:
        raise DamagedError("its index is missing")
    return Track(*picture, duration_ms) if picture else None


def _duration_ms(head: bytes, start: int, end: int) -> int:
    scale, duration = 1_000_000, 0.0
    for name, begin, finish in _elements(head, start, end):
        if name == _SCALE:
            scale = int.from_bytes(head[begin:finish])
        elif name == _DURATION:
            (duration,) = struct.unpack(">f" if finish - begin == 4 else ">d", head[begin:finish])
    # What is not a number, or beyond all sense, is found by the worker, which counts.
    return round(duration * scale / 1_000_000) if 0 < duration < 1e15 else 0


def _first_picture(head: bytes, start: int, end: int) -> tuple[int, int] | None:
    for name, begin, finish in _elements(head, start, end):
        if name != _TRACK:
            continue
        inside = {one: (first, last) for one, first, last in _elements(head, begin, finish)}
        kind = slice(*inside.get(_TRACK_TYPE, (0, 0)))
        if head[kind] == b"\x01" and _VIDEO in inside:
            sizes = {one: int.from_bytes(head[a:b]) for one, a, b in _elements(head, *inside[_VIDEO])}
            return sizes.get(_WIDTH, 0), sizes.get(_HEIGHT, 0)
    return None


def _elements(head: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(name, start of the content, its end) between two offsets, as far as `head` reaches."""
    for _ in range(_MAX_ELEMENTS):
        if start >= min(end, len(head)):
            return
        name, at = _number(head, start, keep_mark=True)
        length, content = _number(head, at, keep_mark=False)
        if length is None:
            # Of unknown length, as recorders write that cannot go back: it reaches to the end.
            length = end - content
        if content + length > end:
            raise DamagedError("a part of it is missing")
        yield name or 0, content, content + length
        start = content + length
    raise DamagedError("it is stored in too many pieces")


def _number(head: bytes, at: int, *, keep_mark: bool) -> tuple[int | None, int]:
    """A number of 1 to 8 bytes, and where it ends; None if all its bits are set."""
    first = head[at]
    length = 9 - first.bit_length()
    if length > 8 or at + length > len(head):
        raise DamagedError("a part of it is missing")
    value = int.from_bytes(head[at : at + length])
    if keep_mark:
        return value, at + length
    bits = value & ((1 << 7 * length) - 1)
    return (None if bits == (1 << 7 * length) - 1 else bits), at + length
