"""Running the child process that decodes: what it may use, how it is stopped, and what its end means in words."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

import imageio_ffmpeg
from django.conf import settings

from media.errors import MediaError, TransientMediaError

log = logging.getLogger(__name__)

ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Limits:
    """What one file may cost.

    CPU: 60 megapixels took 0.5 to 1.4 s, so 10 s is for slow machines; bombs take minutes.
    Memory is address space: 60 megapixels took 60 MB as JPEG, 400 to 510 MB as progressive JPEG and 970 MB as WebP,
    whose decoder holds the picture four times over; a quarter more than that for other builds of the libraries.
    Wall clock: what those 10 s may take on a machine that is busy with other things.
    """

    cpu_seconds: int = 10
    memory_bytes: int = 1_250 * 1024 * 1024
    wall_seconds: float = 60


@dataclass(frozen=True)
class Result:
    answer: dict[str, Any]
    files: bytes
    """The bytes that follow the answer, one file after the other."""


def run(job: dict[str, Any], original: BinaryIO, limits: Limits) -> Result:
    """Have the child do `job` with `original`, whose position afterwards is undefined.

    Raises MediaError when the file is at fault (damaged, or dearer than its limits), TransientMediaError when the
    machine is (no memory, no time, killed).
    """
    with tempfile.TemporaryFile() as spare:
        code, output, errors = _run_process(job, with_descriptor(original, spare), limits)
    if errors:
        log.info("decoder: %s", errors.decode(errors="replace").strip()[-500:])
    if code != 0:
        raise _why_ended(code)
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


def with_descriptor(original: BinaryIO, spare: IO[bytes]) -> IO[bytes]:
    """`original` itself when it is a file of the system; else a copy of it in `spare`."""
    try:
        original.fileno()
    except (OSError, AttributeError):
        original.seek(0)
        while block := original.read(1024 * 1024):
            spare.write(block)
        spare.flush()
        return spare
    return original


def _run_process(job: dict[str, Any], original: IO[bytes], limits: Limits) -> tuple[int, bytes, bytes]:
    order = job | {
        "parent": os.getpid(),
        "cpu_seconds": limits.cpu_seconds,
        "memory_bytes": limits.memory_bytes,
        "without": sorted(settings.DECODERS_OFF),
        "ffmpeg": imageio_ffmpeg.get_ffmpeg_exe(),
    }
    command = [sys.executable, "-P", "-m", "media.child", json.dumps(order)]
    try:
        process = subprocess.Popen(
            command,
            stdin=original,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            # Not ours: passwords and keys have no business in a process that decodes strangers' files.
            env={"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
        )
    except OSError as error:
        raise _busy() from error
    try:
        output, errors = process.communicate(timeout=limits.wall_seconds)
    except subprocess.TimeoutExpired as error:
        raise _busy() from error
    finally:
        # Also when the task itself is being stopped: no child outlives its call.
        if process.poll() is None:
            process.kill()
            process.communicate()
    return process.returncode, output, errors


def _why_ended(code: int) -> MediaError:
    """In words, why the child ended with `code`: minus the signal that killed it."""
    log.warning("decoder ended with code %d", code)
    if code == -signal.SIGXCPU:
        return MediaError(
            "too-complex", "This photo takes too long to open. Save it again as an ordinary JPEG and try that."
        )
    if code == -signal.SIGKILL:
        return _busy()
    return _undecodable()


def _undecodable() -> MediaError:
    return MediaError("unreadable", "This photo is damaged and cannot be opened. Save or export it again and try that.")


def _busy() -> TransientMediaError:
    return TransientMediaError("busy", "This photo could not be processed just now. Try again in a few minutes.")
