"""Starting of child processes that decode uploads, with a clean environment and the upload as standard input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

ROOT: Final = Path(__file__).resolve().parent.parent


def start(
    module: str, job: dict[str, Any], *, stdin: IO[bytes] | BinaryIO, stderr: int | IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start `python -P -m module JOB`, with `job` as JSON, and return the process; its standard output is a pipe.

    The child gets none of our environment variables: passwords and keys do not belong in a process that decodes
    uploaded files. Raises OSError if no process can be started.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, json.dumps(job)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        cwd="/",
        env={"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
    )


def with_descriptor(original: BinaryIO, spare: IO[bytes]) -> IO[bytes]:
    """Return `original` if it has a file descriptor; otherwise copy it to `spare` and return that."""
    try:
        original.fileno()
    except (OSError, AttributeError):
        original.seek(0)
        while block := original.read(1024 * 1024):
            spare.write(block)
        spare.flush()
        return spare
    return original
