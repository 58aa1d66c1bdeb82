"""Conversion of videos and animations to what pages show: an MP4 that every browser plays, and a poster.

Long videos also get HLS renditions (`media.video.hls`), for networks that are too slow for the MP4.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from media.child_process import with_descriptor
from media.errors import MediaError
from media.photo.render import WIDTHS, Rendered, render_photo
from media.probe import VideoInfo, probe_video
from media.probe.limits import check_duration
from media.video import ffmpeg, hls
from media.video.command import Crop, conversion_arguments, poster_arguments
from media.video.ffmpeg import DEFAULT_LIMITS, VideoLimits
from media.video.source import decode_beginning, hide_still_images, probe_source


@dataclass(frozen=True)
class RenderedVideo:
    """The result of converting one video. Sizes are in pixels, after rotation."""

    width: int
    height: int
    duration_ms: int
    mp4: BinaryIO
    """H.264 and AAC, the index first, without metadata. Open only within the block of `render_video`."""
    bytes: int
    poster: Rendered
    loops: bool = False
    """True for an animation: a silent video that repeats."""
    lost_sound: bool = False
    """True if the original has sound, but none of its tracks could be decoded."""
    hls: Sequence[Path] = ()
    """The HLS files of a long video, which refer to each other by name; `media.video.hls.MASTER` is first."""


@contextmanager
def render_video(
    original: BinaryIO,
    on_progress: Callable[[int], None] | None = None,
    *,
    crop: Crop | None = None,
    limits: VideoLimits = DEFAULT_LIMITS,
) -> Iterator[RenderedVideo]:
    """Convert `original`, upright, with a short side of at most 1080 pixels; the result exists within the block.

    `original` may be any file: it is probed again, and ffmpeg runs in a process with limits that can open no other
    file and use only the demuxer that the probe chose. Calls `on_progress` with increasing whole percent, 1 to 99.
    Raises MediaError if the video cannot be shown, TransientMediaError if a retry may succeed.

    Cost: for a second of 720p about 0.3 s of one core, half as much again for long videos, plus decoding the first
    frame twice. No file is in memory as a whole.
    """
    source = probe_source(original)
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        spare = held.enter_context(tempfile.TemporaryFile())
        file = hide_still_images(original, spare) if source.is_sequence else with_descriptor(original, spare)
        movie, poster = folder / "video.mp4", folder / "poster.png"
        progress = _Progress(on_progress, rounds=2 if source.may_be_long else 1)
        decoded = decode_beginning(source, file, folder / "first.png", limits)
        arguments = conversion_arguments(source, decoded, movie, crop)
        ffmpeg.run(arguments, file, limits, source.duration_ms, progress.of_round(0))
        made = held.enter_context(movie.open("rb"))
        result = _probe_result(made, is_animation=source.loops)
        ffmpeg.run(poster_arguments(poster), made, limits, 1000)
        segments: Sequence[Path] = ()
        if hls.is_long(result.duration_ms):
            segments = hls.write_hls(made, result, folder / "hls", limits, progress.of_round(1))
        made.seek(0)
        yield RenderedVideo(
            width=result.width,
            height=result.height,
            duration_ms=result.duration_ms,
            mp4=made,
            bytes=result.bytes,
            poster=render_photo(io.BytesIO(poster.read_bytes()), WIDTHS),
            loops=source.loops,
            lost_sound=bool(source.sounds) and not decoded.sound,
            hls=segments,
        )


class _Progress:
    """Combines the progress of several rounds of work into one percentage that never decreases."""

    def __init__(self, on_progress: Callable[[int], None] | None, rounds: int) -> None:
        self._on_progress, self._rounds, self._reported = on_progress, rounds, 0

    def of_round(self, number: int) -> Callable[[int], None]:
        """Return a function that takes the percentage of one round, counted from 0."""

        def on_progress(percent: int) -> None:
            percent = min(99, (100 * number + percent) // self._rounds)
            if self._on_progress and percent > self._reported:
                self._reported = percent
                self._on_progress(percent)

        return on_progress


def _probe_result(made: BinaryIO, *, is_animation: bool) -> VideoInfo:
    """Probe ffmpeg's output. Checks the limits again: the header of the original may state no duration, or a wrong one.

    Raises MediaError.
    """
    try:
        result = probe_video(made, is_short=is_animation)
    except MediaError as error:
        if error.code in {"unreadable", "no-picture"}:
            raise ffmpeg.unreadable() from error
        raise
    if not result.duration_ms:
        raise ffmpeg.unreadable()
    if not is_animation:
        check_duration(result.duration_ms)
    return result
