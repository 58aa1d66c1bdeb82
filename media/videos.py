"""From an uploaded video to the files that pages show: an MP4 that every browser plays, and a poster."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final

import imageio_ffmpeg
from django.conf import settings

from common.limits import MAX_VIDEO_SECONDS
from media.errors import MediaError, TransientMediaError
from media.photos import WIDTHS, Rendered, render_photo
from media.probe_video import VideoInfo, check_duration, probe_video
from media.sandbox import ROOT, with_descriptor

log = logging.getLogger(__name__)

SHORT_SIDE: Final = 1080
MAX_FRAMES_A_SECOND: Final = 60
POSTER_FRAMES: Final = 48
"""Of so many frames at the beginning the most typical one is the poster: not the black of a fade."""

WALL_SECONDS_MORE: Final = 30

_FORMATS: Final = {"MP4": "mov", "MOV": "mov", "WEBM": "matroska"}
# What phones, cameras and browsers write. Of ffmpeg's five hundred decoders no other can be reached.
_DECODERS: Final = (
    "h264,hevc,libdav1d,vp8,vp9,libvpx-vp9,mpeg4,mjpeg,prores,"
    "aac,mp3,mp3float,opus,libopus,vorbis,libvorbis,alac,ac3,eac3,flac,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_f32le,pcm_u8"
)
_TO_SDR: Final = (
    "zscale=transfer=linear:npl=203,format=gbrpf32le,zscale=primaries=bt709,"
    "tonemap=mobius:desat=0,zscale=transfer=bt709:matrix=bt709:range=tv,"
)


@dataclass(frozen=True)
class VideoLimits:
    """What one video may cost.

    CPU: a second of 1080p takes 0.5 to 1.5 s of one core, of 4K up to 4 s; a minute more for slow machines, and
    MAX_SECONDS is the end of it. Memory is address space: 4K took 0.9 GB, of which the half is never touched.
    """

    memory_bytes: int = 3 * 1024 * 1024 * 1024
    file_bytes: int = 1024 * 1024 * 1024
    seconds_for_each: float = 6
    seconds_more: float = 60
    most_seconds: float = 1700

    def seconds_for(self, duration_ms: int) -> float:
        known = duration_ms / 1000 if duration_ms else MAX_VIDEO_SECONDS
        return min(self.most_seconds, self.seconds_more + self.seconds_for_each * known)


@dataclass(frozen=True)
class RenderedVideo:
    """What pages need of one video. Sizes in pixels, upright."""

    width: int
    height: int
    duration_ms: int
    mp4: BinaryIO
    """H.264 and AAC, its index first, without metadata. Open for as long as the block of `render_video`."""
    bytes: int
    poster: Rendered


@contextmanager
def render_video(
    original: BinaryIO,
    on_progress: Callable[[int], None] | None = None,
    *,
    limits: VideoLimits = VideoLimits(),
) -> Iterator[RenderedVideo]:
    """Convert `original`, upright, at most SHORT_SIDE on the short side, and hand out the result within the block.

    `original` may be anything: it is probed again, and ffmpeg runs as a process with limits, which can open nothing
    but this file and read it as nothing but what the probe found. `on_progress` is called with whole per cent, from
    1 on. Raises MediaError when it cannot be shown, TransientMediaError when trying again may help.

    Cost: for a second of 720p some 0.3 s of one core; the file is never in memory whole.
    """
    info = probe_video(original, without=settings.DECODERS_OFF)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as spare:
        source = with_descriptor(original, spare)
        movie, poster = Path(folder) / "video.mp4", Path(folder) / "poster.png"
        _run(_conversion(info, movie), source, limits, info.duration_ms, on_progress)
        with movie.open("rb") as made:
            result = _made(made)
            _run(_portrait(poster), made, limits, 1000)
            rendered = render_photo(io.BytesIO(poster.read_bytes()), WIDTHS)
            made.seek(0)
            yield RenderedVideo(result.width, result.height, result.duration_ms, made, movie.stat().st_size, rendered)


def _made(made: BinaryIO) -> VideoInfo:
    """What ffmpeg wrote, which is held to the same limits: it has counted where the header said nothing."""
    try:
        result = probe_video(made)
    except MediaError as error:
        if error.code in {"unreadable", "no-picture"}:
            raise _unreadable() from error
        raise
    if not result.duration_ms:
        raise _unreadable()
    check_duration(result.duration_ms)
    return result


def _conversion(info: VideoInfo, movie: Path) -> list[str]:
    # Pixels made square, the short side brought down to SHORT_SIDE, both sides even as H.264 wants them.
    factor = rf"min(1\,{SHORT_SIDE}/min(iw*sar\,ih))"
    size = f"scale='max(2,trunc(iw*sar*{factor}/2)*2)':'max(2,trunc(ih*{factor}/2)*2)'"
    return [
        *_reading(_FORMATS[info.format]),
        *("-map", "0:V:0", "-map", "0:a:0?", "-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn"),
        # One second more than allowed, so that too long is noticed.
        *("-t", str(MAX_VIDEO_SECONDS + 2), "-fpsmax", str(MAX_FRAMES_A_SECOND)),
        *("-vf", f"{_TO_SDR if info.is_hdr else ''}{size},setsar=1,format=yuv420p"),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-maxrate", "8M", "-bufsize", "16M"),
        *("-profile:v", "high", "-g", "120", "-threads", "1"),
        *("-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000"),
        *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"),
        *("-movflags", "+faststart", "-progress", "pipe:1", "-f", "mp4", f"file:{movie}"),
    ]


def _portrait(poster: Path) -> list[str]:
    return [
        *_reading("mov"),
        *("-map", "0:V:0", "-vf", f"thumbnail=n={POSTER_FRAMES}", "-frames:v", "1", "-map_metadata", "-1"),
        *("-c:v", "png", "-f", "image2", "-update", "1", f"file:{poster}"),
    ]


def _reading(form: str) -> list[str]:
    return [
        *("-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-threads", "1", "-filter_threads", "1"),
        *("-protocol_whitelist", "file,pipe", "-format_whitelist", "mov,matroska,webm", "-codec_whitelist", _DECODERS),
        # The descriptor and not a name: a name could be a pattern or a list to some demuxer.
        *("-f", form, "-i", "file:/dev/fd/0"),
    ]


def _run(
    arguments: list[str],
    source: IO[bytes] | BinaryIO,
    limits: VideoLimits,
    duration_ms: int,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    seconds, before = limits.seconds_for(duration_ms), _cpu_seconds_of_children()
    job = {
        "parent": os.getpid(),
        "cpu_seconds": round(seconds),
        "memory_bytes": limits.memory_bytes,
        "file_bytes": limits.file_bytes,
        "command": [imageio_ffmpeg.get_ffmpeg_exe(), *arguments],
    }
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "media.confine", json.dumps(job)],
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd="/",
                env={"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
            )
        except OSError as error:
            raise _busy() from error
        # Twice the CPU time and more, for a machine that is busy with other things.
        clock = threading.Timer(2 * seconds + WALL_SECONDS_MORE, process.kill)
        clock.start()
        try:
            _follow(process, duration_ms, on_progress)
            process.wait()
        finally:
            clock.cancel()
            # Also when the task itself is being stopped: no child outlives its call.
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        if process.returncode != 0:
            errors.seek(0)
            used = _cpu_seconds_of_children() - before
            if process.returncode == -signal.SIGKILL and used >= round(seconds):
                # Told to stop at its limit it did not, and was killed a second later.
                raise _why_ended(-signal.SIGXCPU, "")
            raise _why_ended(process.returncode, errors.read(100_000).decode(errors="replace"))


def _cpu_seconds_of_children() -> float:
    """Of those that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _follow(process: subprocess.Popen[bytes], duration_ms: int, on_progress: Callable[[int], None] | None) -> None:
    """Report the progress that ffmpeg writes on its standard output, until it closes it."""
    told = 0
    for line in process.stdout or ():
        found = re.match(rb"out_time_us=(\d+)", line)
        if found and duration_ms and on_progress:
            percent = min(99, int(found[1]) // (10 * duration_ms))
            if percent > told:
                told = percent
                on_progress(percent)


def _why_ended(code: int, said: str) -> MediaError:
    """In words, why ffmpeg ended with `code`: minus the signal that killed it, or 255 when it was asked to stop."""
    log.warning("ffmpeg ended with code %d: %s", code, said.strip()[-500:])
    if code in {-signal.SIGXCPU, 255}:
        return MediaError(
            "too-complex", "This video takes too long to convert. Save it smaller, as ordinary MP4, and try that."
        )
    if code == -signal.SIGKILL or "No space left" in said:
        return _busy()
    if code == -signal.SIGXFSZ or "File too large" in said:
        return MediaError("too-complex", "This video is too large once converted. Shorten it and try again.")
    if "not in" in said and "whitelist" in said:
        return MediaError("unsupported", "This video is coded in a way we cannot read. Save it as ordinary MP4.")
    return _unreadable()


def _unreadable() -> MediaError:
    return MediaError("unreadable", "This video is damaged and cannot be played. Save or export it again and try that.")


def _busy() -> TransientMediaError:
    return TransientMediaError("busy", "This video could not be processed just now. Try again in a few minutes.")
