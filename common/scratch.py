"""Temporary files that are deleted when their process ends, even if it is killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

_PREFIX = "everyframe-tmp-"


def use() -> None:
    """Create a folder for the temporary files of this process, and delete the folders of processes that have ended.

    The folder is locked while the process lives; the kernel releases the lock however the process ends. Call this
    after the last fork.
    """
    sweep()
    # It has another name until it is locked, so that no other process deletes it.
    new = Path(tempfile.mkdtemp(prefix=f"new-{_PREFIX}", dir=_base()))
    fcntl.flock(os.open(new, os.O_RDONLY), fcntl.LOCK_EX)
    tempfile.tempdir = str(new.rename(new.with_name(new.name.removeprefix("new-"))))


def sweep() -> None:
    """Delete the folders of processes that have ended."""
    for folder in Path(_base()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # It is in use, has another owner, or was deleted.
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def _base() -> str:
    """Return the folder that contains the folders of all processes."""
    current = Path(tempfile.gettempdir())
    return str(current.parent if current.name.startswith(_PREFIX) else current)
