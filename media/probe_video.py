"""What a video is, by its content and from its header alone; beside `media.probe` for photos, and as plain."""

from __future__ import annotations

import os
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
from media.errors import MediaError
from media.isobmff import DamagedError, Movie, Track, read_movie
from media.matroska import HEAD_BYTES, read_matroska

VIDEO_EXTENSIONS: Final = {"MP4": ".mp4", "MOV": ".mov", "WEBM": ".webm", "MKV": ".mkv"}
VIDEO_KINDS: Final = "MP4, MOV, WebM or MKV"

_WITHOUT_TYPE: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip"})
"""How QuickTime files begin that are older than the box that names the type."""
_ALPHA_DECODERS: Final = {"V_VP8": "libvpx", "V_VP9": "libvpx-vp9"}
"""ffmpeg's own decoders of these leave the transparency out."""


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
    track: str = "v:0"
    """Which of the tracks is the film, as ffmpeg's stream specifier."""
    codec: str = ""
    """How the film is coded, by the name that the header gives it."""
    sounds: tuple[str, ...] = ()
    """The tracks of sound, as stream specifiers, in the order of the file."""
    decoder: str = ""
    """The decoder that ffmpeg must be told to use; "" for its usual one."""
    is_animated: ClassVar = True
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

    Cost: a read for each of some twenty boxes a track; for WebM and MKV one of a megabyte.
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
        return _read_matroska(file, size)
    kind = "MP4" if head[4:8] == b"ftyp" and head[8:12] != b"qt  " else "MOV"
    movie = read_movie(file, size)
    film = _film(movie)
    if film is None:
        raise _no_picture()
    return VideoInfo(
        kind,
        film.width,
        film.height,
        size,
        movie.duration_ms,
        track=f"i:{film.id}",
        codec=film.codec,
        sounds=tuple(f"i:{track.id}" for track in movie.tracks if track.handler == b"soun"),
    )


def _film(movie: Movie) -> Track | None:
    """Return the track that is the film, or None: the largest and longest that is neither a still nor for chapters.

    Cameras and editors put a small still before the film, and may mark it as the default.
    """
    stills = {number for track in movie.tracks for number in track.chapters}

    def rank(track: Track) -> tuple[bool, bool, int, bool]:
        length = 1 if movie.is_fragmented else track.duration_ms
        return track.id not in stills, track.samples != 1, track.width * track.height * length, track.is_enabled

    return max((track for track in movie.tracks if track.handler == b"vide"), key=rank, default=None)


def _read_matroska(file: BinaryIO, size: int) -> VideoInfo:
    file.seek(0)
    head = read_matroska(file.read(HEAD_BYTES), size)
    # Of two alike, `max` takes the first.
    film = max(head.pictures, key=lambda one: (one.is_enabled, one.width * one.height, one.is_default), default=None)
    if film is None:
        raise _no_picture()
    return VideoInfo(
        "WEBM" if head.is_webm else "MKV",
        film.width,
        film.height,
        size,
        head.duration_ms,
        track=f"v:{head.pictures.index(film)}",
        codec=film.codec,
        sounds=tuple(f"a:{number}" for number in range(head.sounds)),
        decoder=_ALPHA_DECODERS.get(film.codec, "") if film.has_alpha else "",
    )
