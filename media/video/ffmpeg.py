"""Runs ffmpeg with limits on an uploaded file and explains its failures in words."""

from __future__ import annotations

import errno
import logging
import os
import re
import resource
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, BinaryIO, Final

import imageio_ffmpeg

from common.limits import MAX_VIDEO_SECONDS
from media import child_process
from media.errors import MediaError, TransientMediaError

log = logging.getLogger(__name__)

EXTRA_WALL_SECONDS: Final = 30

# ffmpeg exits with the lowest byte of its error code: minus an errno, or four letters of its own.
_NO_SPACE: Final = 256 - errno.ENOSPC
_FILE_TOO_LARGE: Final = 256 - errno.EFBIG
NO_DECODER_CODES: Final = frozenset({256 - errno.EINVAL, 256 - 0xF8})

# The codecs that phones, cameras, browsers and editors use. ffmpeg's other decoders, about five hundred, are blocked.
_VIDEO_DECODERS: Final = (
    "h264,hevc,libdav1d,vp8,libvpx,vp9,libvpx-vp9,mpeg4,mjpeg,prores,"
    # Older cameras and phones, tape, editors, and the newest phones.
    "h263,mpeg1video,mpeg2video,dvvideo,dnxhd,theora,apv,"
    "aac,mp3,mp3float,mp2,mp2float,opus,libopus,vorbis,libvorbis,alac,ac3,eac3,dca,flac,"
    "amrnb,amrwb,qcelp,evrc,gsm,gsm_ms,ilbc,pcm_mulaw,pcm_alaw,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,"
    "pcm_s8,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,"
    "pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be"
)
_ALLOWED: Final = {
    "mov": ("mov", _VIDEO_DECODERS),
    "matroska": ("matroska,webm", _VIDEO_DECODERS),
    "gif": ("gif", "gif"),
    "webp_anim": ("webp_anim", "webp_anim"),
    "apng": ("apng", "apng"),
}
"""Names of each demuxer, and the decoders for its streams."""


@dataclass(frozen=True)
class VideoLimits:
    """Resource limits for one run of ffmpeg on one video.

    CPU: a second of 1080p takes 0.5 to 1.5 s of one core, a second of 4K up to 4 s; a minute is added for slow
    machines, and `max_cpu_seconds` caps the sum. Memory is address space: 4K reserved 0.9 GB and used about half.
    """

    memory_bytes: int = 3 * 1024 * 1024 * 1024
    file_bytes: int = 1024 * 1024 * 1024
    cpu_seconds_per_second: float = 6
    extra_cpu_seconds: float = 60
    max_cpu_seconds: float = 1700

    def cpu_seconds_for(self, duration_ms: int) -> float:
        """Return the limit of CPU time for a video of this duration; 0 counts as the longest that is allowed."""
        seconds = duration_ms / 1000 if duration_ms else MAX_VIDEO_SECONDS
        return min(self.max_cpu_seconds, self.extra_cpu_seconds + self.cpu_seconds_per_second * seconds)


DEFAULT_LIMITS: Final = VideoLimits()


class FfmpegFailedError(MediaError):
    """Raised when ffmpeg ends with `exit_code`, or minus a signal number, because of the file's content."""

    def __init__(self, exit_code: int) -> None:
        super().__init__("unreadable", str(unreadable()))
        self.exit_code = exit_code


def input_options(demuxer: str, decoder: str = "") -> list[str]:
    """Return the options to read standard input with one demuxer and its allowed decoders, on one thread.

    `decoder` replaces ffmpeg's default for the video. Blocks all other files and protocols.
    """
    formats, decoders = _ALLOWED[demuxer]
    return [
        *("-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-threads", "1", "-filter_threads", "1"),
        *("-protocol_whitelist", "file,pipe", "-format_whitelist", formats, "-codec_whitelist", decoders),
        # A descriptor instead of a name, which some demuxers interpret as a pattern or a list.
        *("-f", demuxer, *(("-c:v", decoder) if decoder else ()), "-i", "file:/dev/fd/0"),
    ]


def run(
    arguments: list[str],
    source: IO[bytes] | BinaryIO,
    limits: VideoLimits,
    duration_ms: int,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Run ffmpeg with `arguments` on `source`, which must have a file descriptor, and wait until it ends.

    Calls `on_progress` with whole percent (1 to 99) of `duration_ms`, if the arguments include "-progress pipe:1".
    Raises FfmpegFailedError for damaged files, MediaError "too-complex" at the limits of CPU time or file size, and
    TransientMediaError if the process was killed, could not be started, or the disk is full.
    """
    cpu_seconds = round(limits.cpu_seconds_for(duration_ms))
    used_before = _cpu_seconds_of_children()
    job = {
        "parent": os.getpid(),
        "cpu_seconds": cpu_seconds,
        "memory_bytes": limits.memory_bytes,
        "file_bytes": limits.file_bytes,
        "command": [imageio_ffmpeg.get_ffmpeg_exe(), *arguments],
    }
    with tempfile.TemporaryFile() as errors:
        try:
            process = child_process.start("media.rlimits", job, stdin=source, stderr=errors)
        except OSError as error:
            raise _busy() from error
        # Twice the CPU time and more, for a machine that is busy with other work.
        clock = threading.Timer(2 * limits.cpu_seconds_for(duration_ms) + EXTRA_WALL_SECONDS, process.kill)
        clock.start()
        try:
            _follow(process, duration_ms, on_progress)
            process.wait()
        finally:
            clock.cancel()
            # The task may be interrupted too: no child outlives this call.
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        if process.returncode != 0:
            errors.seek(0)
            used = _cpu_seconds_of_children() - used_before
            if process.returncode == -signal.SIGKILL and used >= cpu_seconds:
                # ffmpeg did not stop at SIGXCPU, so the kernel killed it a second later.
                raise _error_for_exit(-signal.SIGXCPU)
            message = errors.read(100_000).decode(errors="replace").strip()
            failure = _error_for_exit(process.returncode)
            # The message is for operators; users read our own sentences. A damaged file needs no warning.
            level = logging.INFO if isinstance(failure, FfmpegFailedError) else logging.WARNING
            log.log(level, "ffmpeg ended with code %d: %s", process.returncode, message[-500:])
            raise failure


def _cpu_seconds_of_children() -> float:
    """Return the CPU time of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _follow(process: subprocess.Popen[bytes], duration_ms: int, on_progress: Callable[[int], None] | None) -> None:
    """Report the progress that ffmpeg writes to its standard output until it closes it."""
    reported = 0
    for line in process.stdout or ():
        found = re.match(rb"out_time_us=(\d+)", line)
        if found and duration_ms and on_progress:
            percent = min(99, int(found[1]) // (10 * duration_ms))
            if percent > reported:
                reported = percent
                on_progress(percent)


def _error_for_exit(code: int) -> MediaError:
    """Return the error for an exit code; negative codes are signal numbers, and 255 follows a signal to stop."""
    if code in {-signal.SIGXCPU, 255}:
        return MediaError(
            "too-complex", "This video takes too long to convert. Save it as a smaller, standard MP4 and try again."
        )
    if code in {-signal.SIGKILL, _NO_SPACE}:
        return _busy()
    if code in {-signal.SIGXFSZ, _FILE_TOO_LARGE}:
        return MediaError("too-complex", "This video is too large once converted. Shorten it and try again.")
    return FfmpegFailedError(code)


def unsupported_codec(codec: str) -> MediaError:
    """Return the error for a codec without an allowed decoder; names it if its name is printable."""
    name = f' ("{codec.strip()}")' if re.fullmatch(r"[A-Za-z0-9_/. -]{2,30}", codec) else ""
    return MediaError(
        "unsupported", f"This video uses a format{name} that we can't read. Save it as a standard MP4 and try again."
    )


def unreadable() -> MediaError:
    return MediaError(
        "unreadable", "This video is damaged and cannot be played. Save or export it again and try again."
    )


def _busy() -> TransientMediaError:
    return TransientMediaError("busy", "This video couldn’t be processed right now. Try again in a few minutes.")
