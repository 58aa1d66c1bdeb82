"""Resource limits that a process sets for itself before it reads an uploaded file.

As a program, `python -P -m media.rlimits JOB` sets the limits in JOB (JSON) and replaces itself with JOB's command;
`media.video.ffmpeg` runs ffmpeg this way.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""Constant of linux/prctl.h."""


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent, the process `parent`, dies; stays in force across exec.

    Works on Linux only; elsewhere the CPU limit ends an orphan.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def set_limits(*, cpu_seconds: int, memory_bytes: int, file_bytes: int = 0) -> None:
    """Limit CPU time, address space and the size of written files, by default to none; forbid core dumps.

    The kernel sends SIGXCPU at the limit of CPU time, and SIGKILL a second later.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def main() -> None:
    job = json.loads(sys.argv[1])
    # Ctrl-C in the worker's terminal lets the worker finish its task.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(job["parent"])
    set_limits(cpu_seconds=job["cpu_seconds"], memory_bytes=job["memory_bytes"], file_bytes=job["file_bytes"])
    os.execv(job["command"][0], job["command"])  # noqa: S606  (our own code builds the list)


if __name__ == "__main__":
    main()
