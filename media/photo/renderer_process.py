"""Runs the renderer (`media.photo.renderer`) as a child process with limits and explains its failures in words."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from typing import IO, Any, BinaryIO

import imageio_ffmpeg
from django.conf import settings

from media import child_process
from media.errors import MediaError, TransientMediaError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """Resource limits for one photo.

    CPU: 60 megapixels took 0.5 to 1.4 s, so 10 s is enough for slow machines; decompression bombs take minutes.
    Memory (address space): 60 megapixels took 60 MB as JPEG, 400 to 510 MB as progressive JPEG and 970 MB as WebP,
    whose decoder holds the image four times. A quarter is added for other builds of the libraries.
    Wall clock: allows 10 s of CPU time on a busy machine.
    """

    cpu_seconds: int = 10
    memory_bytes: int = 1_250 * 1024 * 1024
    wall_seconds: float = 60


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Result:
    answer: dict[str, Any]
    files: bytes
    """The rendered files, concatenated in the order in which `answer` lists their sizes."""


def run(job: dict[str, Any], original: BinaryIO, limits: Limits) -> Result:
    """Run `job` on `original` in a child process; the position of `original` is undefined afterwards.

    Raises MediaError if the file is damaged or exceeds the limits of CPU or memory, and TransientMediaError if the
    process was killed, could not be started, or exceeded the wall clock.
    """
    with tempfile.TemporaryFile() as spare:
        code, output, errors = _run_process(job, child_process.with_descriptor(original, spare), limits)
    if errors:
        log.info("renderer: %s", errors.decode(errors="replace").strip()[-500:])
    if code != 0:
        raise _error_for_exit(code)
    head, _, files = output.partition(b"\n")
    try:
        answer = json.loads(head)
    except ValueError as error:
        raise _undecodable() from error
    match answer.get("error"):
        case None:
            return Result(answer, files)
        case "memory":
            raise MediaError("too-complex", "This photo needs too much memory to open. Make it smaller and try again.")
        case "undecodable":
            raise _undecodable()
        case refused:
            raise MediaError(refused, answer["message"])


def _run_process(job: dict[str, Any], original: IO[bytes], limits: Limits) -> tuple[int, bytes, bytes]:
    """Return the exit code, standard output and standard error of the child."""
    order = job | {
        "parent": os.getpid(),
        "cpu_seconds": limits.cpu_seconds,
        "memory_bytes": limits.memory_bytes,
        "without": sorted(settings.DECODERS_OFF),
        "ffmpeg": imageio_ffmpeg.get_ffmpeg_exe(),
    }
    try:
        process = child_process.start("media.photo.renderer", order, stdin=original, stderr=subprocess.PIPE)
    except OSError as error:
        raise _busy() from error
    try:
        output, errors = process.communicate(timeout=limits.wall_seconds)
    except subprocess.TimeoutExpired as error:
        raise _busy() from error
    finally:
        # The task may be interrupted too: no child outlives this call.
        if process.poll() is None:
            process.kill()
            process.communicate()
    return process.returncode, output, errors


def _error_for_exit(code: int) -> MediaError:
    """Return the error for an exit code; negative codes are signal numbers."""
    log.warning("renderer ended with code %d", code)
    if code == -signal.SIGXCPU:
        return MediaError(
            "too-complex", "This photo takes too long to process. Save it again as a standard JPEG and try again."
        )
    if code == -signal.SIGKILL:
        return _busy()
    return _undecodable()


def _undecodable() -> MediaError:
    return MediaError(
        "unreadable", "This photo is damaged and cannot be opened. Save or export it again and try again."
    )


def _busy() -> TransientMediaError:
    return TransientMediaError("busy", "This photo couldn’t be processed right now. Try again in a few minutes.")
