"""From an uploaded video or animation to the files that pages show: an MP4 that every browser plays, and a poster;
of long ones also the same in pieces and in two sizes (HLS), for networks that cannot carry the MP4.
"""

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
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final

import imageio_ffmpeg
from django.conf import settings

from common.limits import MAX_VIDEO_SECONDS
from media.errors import MediaError, TransientMediaError
from media.photos import WIDTHS, Rendered, render_photo
from media.probe import probe
from media.probe_video import VideoInfo, check_duration, probe_video
from media.sandbox import ROOT, with_descriptor

log = logging.getLogger(__name__)

SHORT_SIDE: Final = 1080
MAX_FRAMES_A_SECOND: Final = 60
POSTER_FRAMES: Final = 48
"""Of so many frames at the beginning the most typical one is the poster: not the black of a fade."""

WALL_SECONDS_MORE: Final = 30

HLS_FROM_SECONDS: Final = 60
SEGMENT_SECONDS: Final = 6
SMALL_SHORT_SIDE: Final = 480
SMALL_BITS_A_SECOND: Final = 900_000
MAX_ANIMATION_SECONDS: Final = 60

_FORMATS: Final = {"MP4": "mov", "MOV": "mov", "WEBM": "matroska", "GIF": "gif", "WEBP": "webp_anim"}
# What phones, cameras and browsers write. Of ffmpeg's five hundred decoders no other can be reached.
_DECODERS: Final = (
    "h264,hevc,libdav1d,vp8,vp9,libvpx-vp9,mpeg4,mjpeg,prores,"
    "gif,webp,webp_anim,"
    "aac,mp3,mp3float,opus,libopus,vorbis,libvorbis,alac,ac3,eac3,flac,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_f32le,pcm_u8"
)
_TO_SDR: Final = (
    "zscale=transfer=linear:npl=203,format=gbrpf32le,zscale=primaries=bt709,"
    "tonemap=mobius:desat=0,zscale=transfer=bt709:matrix=bt709:range=tv"
)

_ON_WHITE: Final = "split[over][under];[under]drawbox=c=white:t=fill:replace=1[white];[white][over]overlay=format=auto"
_KEY_FRAMES: Final = ("-force_key_frames", f"expr:gte(t,n_forced*{SEGMENT_SECONDS})")
"""So that both sizes of a film are cut at the same moments."""


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
        """Of CPU time, for one run of ffmpeg."""
        known = duration_ms / 1000 if duration_ms else MAX_VIDEO_SECONDS
        return min(self.most_seconds, self.seconds_more + self.seconds_for_each * known)


Crop = tuple[float, float, float, float]
"""x, y, width, height as fractions of the upright picture."""


@dataclass(frozen=True)
class Variant:
    """One size of a film that is played in pieces: all pieces in one file, and the list of where each begins."""

    width: int
    height: int
    playlist: str
    """Names the file `PIECES`, which whoever stores it replaces by its address."""
    pieces: BinaryIO


PIECES: Final = "pieces.mp4"


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
    variants: Sequence[Variant] = ()
    """Of a film longer than HLS_FROM_SECONDS, the large one first."""
    loops: bool = False
    """An animation: without sound, over and over."""


@contextmanager
def render_video(
    original: BinaryIO,
    on_progress: Callable[[int], None] | None = None,
    *,
    crop: Crop | None = None,
    limits: VideoLimits = VideoLimits(),
) -> Iterator[RenderedVideo]:
    """Convert `original`, upright, at most SHORT_SIDE on the short side, and hand out the result within the block.

    `original` may be anything: it is probed again, and ffmpeg runs as a process with limits, which can open nothing
    but this file and read it as nothing but what the probe found. `on_progress` is called with whole per cent, from
    1 on. Raises MediaError when it cannot be shown, TransientMediaError when trying again may help.

    Cost: for a second of 720p some 0.3 s of one core, half as much again for films longer than HLS_FROM_SECONDS; the
    file is never in memory whole.
    """
    info = _probe(original)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        source = with_descriptor(original, opened.enter_context(tempfile.TemporaryFile()))
        movie, poster = folder / "video.mp4", folder / "poster.png"
        is_long = info.duration_ms > HLS_FROM_SECONDS * 1000
        tell = on_progress and (lambda percent: on_progress(percent * 2 // 3 if is_long else percent))
        _run(_conversion(info, movie, crop), source, limits, info.duration_ms, tell)
        made = opened.enter_context(movie.open("rb"))
        result = _made(made, loops=info.loops)
        _run(_portrait(poster), made, limits, 1000)
        rendered = render_photo(io.BytesIO(poster.read_bytes()), WIDTHS)
        variants: list[Variant] = []
        if result.duration_ms > HLS_FROM_SECONDS * 1000:
            last = on_progress and (lambda percent: on_progress(66 + percent // 3))
            variants = [opened.enter_context(one) for one in _variants(made, result, folder, limits, last)]
        made.seek(0)
        size = movie.stat().st_size
        yield RenderedVideo(
            result.width, result.height, result.duration_ms, made, size, rendered, variants, loops=info.loops
        )


@dataclass(frozen=True)
class _Source:
    """What ffmpeg is to read the original as."""

    demuxer: str
    duration_ms: int
    is_hdr: bool = False
    loops: bool = False


def _probe(original: BinaryIO) -> _Source:
    info = probe(original, without=settings.DECODERS_OFF)
    if isinstance(info, VideoInfo):
        return _Source(_FORMATS[info.format], info.duration_ms, info.is_hdr)
    if not info.moves:
        raise MediaError("unsupported", "This is a photo and no video. Share it again.")
    return _Source(_FORMATS[info.format], MAX_ANIMATION_SECONDS * 1000, loops=True)


def _made(made: BinaryIO, *, loops: bool) -> VideoInfo:
    """What ffmpeg wrote, which is held to the same limits: it has counted where the header said nothing."""
    try:
        result = probe_video(made)
    except MediaError as error:
        if error.code in {"unreadable", "no-picture"}:
            raise _unreadable() from error
        raise
    if not result.duration_ms:
        raise _unreadable()
    if not loops:
        check_duration(result.duration_ms)
    return result


def _conversion(source: _Source, movie: Path, crop: Crop | None) -> list[str]:
    steps = [_ON_WHITE] if source.loops else []
    if crop:
        x, y, width, height = crop
        steps.append(f"crop='max(2,iw*{width:f})':'max(2,ih*{height:f})':'iw*{x:f}':'ih*{y:f}'")
    steps += [_TO_SDR] if source.is_hdr else []
    # One second more than allowed, so that too long is noticed.
    most = MAX_ANIMATION_SECONDS if source.loops else MAX_VIDEO_SECONDS + 2
    return [
        *_reading(source.demuxer),
        *("-map", "0:V:0", "-map", "0:a:0?", "-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn"),
        *("-t", str(most), "-fpsmax", str(MAX_FRAMES_A_SECOND)),
        *("-vf", ",".join([*steps, _size(SHORT_SIDE), "setsar=1", "format=yuv420p"])),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-maxrate", "8M", "-bufsize", "16M"),
        *("-profile:v", "high", "-g", "120", "-threads", "1", *_KEY_FRAMES),
        *("-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000"),
        *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"),
        *("-movflags", "+faststart", "-progress", "pipe:1", "-f", "mp4", f"file:{movie}"),
    ]


def _size(short_side: int) -> str:
    """Pixels made square, the short side brought down to `short_side`, both sides even as H.264 wants them."""
    factor = rf"min(1\,{short_side}/min(iw*sar\,ih))"
    return f"scale='max(2,trunc(iw*sar*{factor}/2)*2)':'max(2,trunc(ih*{factor}/2)*2)'"


def _variants(
    made: BinaryIO, result: VideoInfo, folder: Path, limits: VideoLimits, on_progress: Callable[[int], None] | None
) -> Iterator[_Opened]:
    """The film in pieces, as it is and small; `made` is our own, so only time and space are still to be feared."""
    large, small = folder / "large", folder / "small"
    for place in (large, small):
        place.mkdir()
    _run(_in_pieces(large, "-c", "copy"), made, limits, result.duration_ms)
    yield _Opened(large)
    if min(result.width, result.height) <= SMALL_SHORT_SIDE:
        return
    rate = str(SMALL_BITS_A_SECOND)
    encoding = [
        *(
            "-vf",
            f"{_size(SMALL_SHORT_SIDE)},setsar=1,format=yuv420p",
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-crf",
            "26",
        ),
        *("-maxrate", rate, "-bufsize", str(2 * SMALL_BITS_A_SECOND), "-profile:v", "main", "-threads", "1"),
        *(*_KEY_FRAMES, "-c:a", "copy"),
    ]
    _run(_in_pieces(small, *encoding), made, limits, result.duration_ms, on_progress)
    yield _Opened(small)


class _Opened:
    """A variant whose file is open within the block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Variant:
        self._pieces = (self._folder / PIECES).open("rb")
        info = probe_video(self._pieces)
        return Variant(info.width, info.height, (self._folder / "list.m3u8").read_text(), self._pieces)

    def __exit__(self, *_: object) -> None:
        self._pieces.close()


def _in_pieces(folder: Path, *encoding: str) -> list[str]:
    return [
        *_reading("mov"),
        *("-map", "0:v:0", "-map", "0:a:0?", "-map_metadata", "-1", *encoding),
        *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-progress", "pipe:1"),
        *("-f", "hls", "-hls_time", str(SEGMENT_SECONDS), "-hls_playlist_type", "vod"),
        *("-hls_segment_type", "fmp4", "-hls_flags", "single_file"),
        *("-hls_segment_filename", str(folder / PIECES), str(folder / "list.m3u8")),
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
        *("-protocol_whitelist", "file,pipe", "-format_whitelist", "mov,matroska,webm,gif,webp_anim"),
        *("-codec_whitelist", _DECODERS),
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
