"""What a video is, by its content and from its header alone; beside `media.probe` for photos, and as plain."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Collection
from dataclasses import dataclass
from typing import BinaryIO, ClassVar, Final

from common.limits import (
    MAX_PHOTO_RATIO,
    MAX_VIDEO_BYTES,
    MAX_VIDEO_SECONDS,
    MAX_VIDEO_SIDE,
    MIN_PHOTO_RATIO,
    MIN_VIDEO_SECONDS,
    MIN_VIDEO_SIDE,
)
from media.boxes import Box, DamagedError, boxes, content, find
from media.errors import MediaError
from media.matroska import HEAD_BYTES, read_webm

VIDEO_EXTENSIONS: Final = {"MP4": ".mp4", "MOV": ".mov", "WEBM": ".webm"}
VIDEO_KINDS: Final = "MP4, MOV or WebM"

_MAX_INDEX_BYTES: Final = 64 * 1024 * 1024
_WITHOUT_TYPE: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip"})
"""How QuickTime files begin that are older than the box that names the type."""
_HDR_TRANSFERS: Final = frozenset({16, 18})
"""PQ and HLG, in the numbers of ITU-T H.273."""


@dataclass(frozen=True)
class VideoInfo:
    """A video that may be worth converting. Sizes in pixels are as people see it: turned, pixels square."""

    format: str
    """One of VIDEO_EXTENSIONS."""
    width: int
    height: int
    bytes: int
    duration_ms: int
    """0 if the header does not say."""
    is_hdr: bool = False
    moves: ClassVar = True
    """As opposed to most photos (`media.probe.PhotoInfo`)."""

    @property
    def extension(self) -> str:
        return VIDEO_EXTENSIONS[self.format]


def is_video(head: bytes) -> bool:
    """Whether a file that begins with these 16 bytes is a video, and no photo in the same kind of boxes."""
    return head[4:8] in _WITHOUT_TYPE | {b"ftyp"} or head.startswith(b"\x1a\x45\xdf\xa3")


def probe_video(file: BinaryIO, *, without: Collection[str] = (), is_short: bool = False) -> VideoInfo:
    """What `file` is, if it is a video within our limits as far as its header says. Leaves it at its start.

    `is_short` allows less than MIN_VIDEO_SECONDS, as animations may have.

    Raises MediaError with one of the codes too-large, switched-off, unreadable, no-picture, too-short, too-long,
    too-small, too-many-pixels, shape.

    Cost: a read for each of some thirty boxes; for WebM one of a megabyte.
    """
    try:
        size = file.seek(0, os.SEEK_END)
        check_switch(without)
        if size > MAX_VIDEO_BYTES:
            raise MediaError(
                "too-large",
                f"This video has {size / 2**20:,.0f} MB; videos can have at most {MAX_VIDEO_BYTES // 2**20} MB. "
                "Shorten it or save it smaller and try again.",
            )
        try:
            info = _read(file, size)
        except DamagedError as error:
            raise MediaError(
                "unreadable", f"This video is damaged: {error}. Save or export it again and try that."
            ) from error
        if info.duration_ms and not is_short:
            check_duration(info.duration_ms)
        _check(info)
        return info
    finally:
        file.seek(0)


def check_switch(without: Collection[str]) -> None:
    if "video" in without:
        raise MediaError("switched-off", "Videos cannot be taken just now. Choose a photo.")


def check_duration(duration_ms: int) -> None:
    if duration_ms < MIN_VIDEO_SECONDS * 1000:
        raise MediaError(
            "too-short",
            f"This video takes {duration_ms / 1000:.1f} seconds; videos need at least {MIN_VIDEO_SECONDS}. "
            "Choose a longer one.",
        )
    # A second of grace: cameras stop a few frames late.
    if duration_ms > (MAX_VIDEO_SECONDS + 1) * 1000:
        raise MediaError(
            "too-long",
            f"This video takes {_clock(duration_ms)}; videos can take at most {MAX_VIDEO_SECONDS // 60} minutes. "
            "Shorten it and try again.",
        )


def _check(info: VideoInfo) -> None:
    size = f"This video has {info.width:,} × {info.height:,} pixels"
    if max(info.width, info.height) > MAX_VIDEO_SIDE:
        raise MediaError(
            "too-many-pixels",
            f"{size}; videos can have at most {MAX_VIDEO_SIDE:,} a side. Save it smaller and try again.",
        )
    if max(info.width, info.height) < MIN_VIDEO_SIDE or not min(info.width, info.height):
        raise MediaError(
            "too-small", f"{size}; videos need at least {MIN_VIDEO_SIDE} on the longer side. Choose a larger one."
        )
    if not MIN_PHOTO_RATIO <= info.width / info.height <= MAX_PHOTO_RATIO:
        raise MediaError(
            "shape", f"{size}; one side can be at most {MAX_PHOTO_RATIO:.0f} times the other. Crop it and try again."
        )


def _clock(duration_ms: int) -> str:
    minutes, seconds = divmod(round(duration_ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02} hours" if hours else f"{minutes}:{seconds:02} minutes"


def _no_picture() -> MediaError:
    return MediaError("no-picture", f"This file has sound but no picture. Choose a video in {VIDEO_KINDS}.")


def _read(file: BinaryIO, size: int) -> VideoInfo:
    file.seek(0)
    head = file.read(16)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        file.seek(0)
        track = read_webm(file.read(HEAD_BYTES), size)
        if track is None:
            raise _no_picture()
        return VideoInfo("WEBM", track.width, track.height, size, track.duration_ms)
    kind = "MP4" if head[4:8] == b"ftyp" and head[8:12] != b"qt  " else "MOV"
    return _read_movie(file, size, kind)


# --- MP4 and MOV --------------------------------------------------------------------------------------------------


def _read_movie(file: BinaryIO, size: int, kind: str) -> VideoInfo:
    movie = None
    for box in boxes(file, 0, size):
        if box.kind == b"moov":
            movie = box
    if movie is None:
        raise DamagedError("its index is missing")
    if movie.end - movie.start > _MAX_INDEX_BYTES:
        raise DamagedError("its index is far too long")
    duration_ms = 0
    picture: tuple[int, int, bool] | None = None
    try:
        for box in boxes(file, movie.start, movie.end):
            if box.kind == b"mvhd":
                duration_ms = _duration_ms(content(file, box))
            elif box.kind == b"trak" and picture is None:
                picture = _picture_of(file, box)
    except (IndexError, struct.error) as error:
        raise DamagedError("its index is broken") from error
    if picture is None:
        raise _no_picture()
    width, height, is_hdr = picture
    return VideoInfo(kind, width, height, size, duration_ms, is_hdr)


def _duration_ms(mvhd: bytes) -> int:
    if mvhd[0]:
        scale, duration = struct.unpack_from(">IQ", mvhd, 20)
        unknown = 0xFFFFFFFFFFFFFFFF
    else:
        scale, duration = struct.unpack_from(">II", mvhd, 12)
        unknown = 0xFFFFFFFF
    return round(duration * 1000 / scale) if scale and duration != unknown else 0


def _picture_of(file: BinaryIO, track: Box) -> tuple[int, int, bool] | None:
    """Width and height as seen, and whether it is HDR; None for tracks of sound, text and data."""
    handler = find(file, track.start, track.end, b"mdia", b"hdlr")
    if handler is None or content(file, handler)[8:12] != b"vide":
        return None
    header = find(file, track.start, track.end, b"tkhd")
    samples = find(file, track.start, track.end, b"mdia", b"minf", b"stbl", b"stsd")
    if header is None or samples is None:
        raise DamagedError("its index is broken")
    tkhd, stsd = content(file, header), content(file, samples)
    at = 52 if tkhd[0] else 40
    matrix = struct.unpack_from(">9i", tkhd, at)
    width, height = (side >> 16 for side in struct.unpack_from(">II", tkhd, at + 36))
    if not (width and height):
        width, height = struct.unpack_from(">HH", stsd, 8 + 8 + 24)
    if matrix[0] == matrix[4] == 0:
        width, height = height, width
    colours = re.search(rb"colrncl[xc]..(..)", stsd, re.DOTALL)
    is_hdr = colours is not None and int.from_bytes(colours[1]) in _HDR_TRANSFERS
    return width, height, is_hdr
