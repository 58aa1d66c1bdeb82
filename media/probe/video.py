"""The probe of videos: container, dimensions, duration and tracks, within the site's limits."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import BinaryIO, ClassVar, Final

from common.limits import MAX_VIDEO_BYTES
from media.errors import MediaError
from media.probe.limits import check_duration, check_video_size
from media.probe.matroska import HEAD_BYTES, read_matroska
from media.probe.movie import Movie, Track, read_movie
from media.probe.reader import DamagedError

VIDEO_EXTENSIONS: Final = {"MP4": ".mp4", "MOV": ".mov", "WEBM": ".webm", "MKV": ".mkv"}
VIDEO_KINDS: Final = "MP4, MOV, WebM or MKV"

_EBML: Final = b"\x1a\x45\xdf\xa3"
_UNTYPED_BOXES: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip"})
"""First boxes of QuickTime files from before `ftyp` was introduced."""
_ALPHA_DECODERS: Final = {"V_VP8": "libvpx", "V_VP9": "libvpx-vp9"}
"""Decoders that keep transparency; ffmpeg's own for these codecs ignore it."""


@dataclass(frozen=True)
class VideoInfo:
    """A video that passed the probe and can be converted. Sizes are in square pixels, after rotation."""

    format: str
    """A key of VIDEO_EXTENSIONS."""
    width: int
    height: int
    bytes: int
    duration_ms: int
    """0 if the header does not state it."""
    track: str = "v:0"
    """ffmpeg's stream specifier of the main video track."""
    codec: str = ""
    """The container's name for the codec of this track."""
    sounds: tuple[str, ...] = ()
    """Stream specifiers of the audio tracks, in the order of the file."""
    decoder: str = ""
    """A decoder to choose instead of ffmpeg's default, or ""."""
    is_animated: ClassVar = True
    """Counterpart of `PhotoInfo.is_animated`."""

    @property
    def extension(self) -> str:
        return VIDEO_EXTENSIONS[self.format]


def is_video(head: bytes) -> bool:
    """Return True if a file that begins with `head`, 16 bytes or more, is a video or an HEIF image."""
    return head[4:8] in _UNTYPED_BOXES | {b"ftyp"} or head.startswith(_EBML)


def probe_video(file: BinaryIO, *, without: Collection[str] = (), is_short: bool = False) -> VideoInfo:
    """Return the properties of a video within the site's limits, as far as its header states them; rewind `file`.

    `is_short` allows less than MIN_VIDEO_SECONDS, for converted animations. Raises MediaError with one of the codes
    too-large, switched-off, unreadable, no-picture, too-short, too-long, too-small, too-many-pixels, shape.

    Cost: about twenty reads per track for MP4 and MOV, one read of a megabyte for WebM and MKV.
    """
    try:
        size = file.seek(0, os.SEEK_END)
        check_switch(without)
        if size > MAX_VIDEO_BYTES:
            raise MediaError(
                "too-large",
                f"This video is {size / 2**20:,.0f} MB. The limit is {MAX_VIDEO_BYTES // 2**20} MB. "
                "Shorten or compress it and try again.",
            )
        try:
            info = _read(file, size)
        except DamagedError as error:
            raise MediaError(
                "unreadable", f"This video is damaged: {error}. Save or export it again and try again."
            ) from error
        if info.duration_ms and not is_short:
            check_duration(info.duration_ms)
        check_video_size(info.width, info.height)
        return info
    finally:
        file.seek(0)


def check_switch(without: Collection[str]) -> None:
    """Raise MediaError "switched-off" if videos are in `without`."""
    if "video" in without:
        raise MediaError("switched-off", "Videos aren’t accepted right now. Choose a photo.")


def _no_picture() -> MediaError:
    return MediaError("no-picture", f"This file has sound but no picture. Choose a video in {VIDEO_KINDS}.")


def _read(file: BinaryIO, size: int) -> VideoInfo:
    file.seek(0)
    head = file.read(16)
    if head.startswith(_EBML):
        return _read_matroska(file, size)
    kind = "MP4" if head[4:8] == b"ftyp" and head[8:12] != b"qt  " else "MOV"
    movie = read_movie(file, size)
    track = _main_track(movie)
    if track is None:
        raise _no_picture()
    return VideoInfo(
        kind,
        track.width,
        track.height,
        size,
        movie.duration_ms,
        track=f"i:{track.id}",
        codec=track.codec,
        sounds=tuple(f"i:{track.id}" for track in movie.tracks if track.handler == b"soun"),
    )


def _main_track(movie: Movie) -> Track | None:
    """Return the largest and longest video track that is neither a still image nor for chapters, or None.

    Cameras and editors add a thumbnail before the video, and some mark it as the default track.
    """
    chapters = {number for track in movie.tracks for number in track.chapters}

    def rank(track: Track) -> tuple[bool, bool, int, bool]:
        length = 1 if movie.is_fragmented else track.duration_ms
        return track.id not in chapters, track.samples != 1, track.width * track.height * length, track.is_enabled

    return max((track for track in movie.tracks if track.handler == b"vide"), key=rank, default=None)


def _read_matroska(file: BinaryIO, size: int) -> VideoInfo:
    file.seek(0)
    head = read_matroska(file.read(HEAD_BYTES), size)
    # Among equals, `max` returns the first.
    track = max(head.pictures, key=lambda one: (one.is_enabled, one.width * one.height, one.is_default), default=None)
    if track is None:
        raise _no_picture()
    return VideoInfo(
        "WEBM" if head.is_webm else "MKV",
        track.width,
        track.height,
        size,
        head.duration_ms,
        track=f"v:{head.pictures.index(track)}",
        codec=track.codec,
        sounds=tuple(f"a:{number}" for number in range(head.sounds)),
        decoder=_ALPHA_DECODERS.get(track.codec, "") if track.has_alpha else "",
    )
