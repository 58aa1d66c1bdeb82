"""Limits that a process sets on itself before it touches a stranger's file. Also a program: see `media.videos`.

`python -P -m media.rlimits JOB`, with JOB in JSON, confines itself and becomes the command that JOB names.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Get killed when its parent dies (Linux only; elsewhere the CPU limit applies). Holds across exec."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def set_limits(*, cpu_seconds: int, memory_bytes: int, file_bytes: int = 0) -> None:
    """Limit CPU time, address space, and the size of written files (none by default)."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def main() -> None:
    job = json.loads(sys.argv[1])
    # The worker's Ctrl-C lets it finish the task it has.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(job["parent"])
    set_limits(cpu_seconds=job["cpu_seconds"], memory_bytes=job["memory_bytes"], file_bytes=job["file_bytes"])
    os.execv(job["command"][0], job["command"])  # noqa: S606  (a list of our own making)


if __name__ == "__main__":
    main()
