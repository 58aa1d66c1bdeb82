"""Temporary files that go when their process does, also when it is killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

_PREFIX = "everyframe-tmp-"


def use() -> None:
    """Give this process a folder of its own for temporary files, and delete those of processes that have ended.

    The folder is locked for as long as the process lives: the kernel lets go of it however the process ends. Call it
    after the last fork.
    """
    sweep()
    # Under another name until it is locked: nobody takes it for abandoned.
    new = Path(tempfile.mkdtemp(prefix=f"new-{_PREFIX}", dir=_base()))
    fcntl.flock(os.open(new, os.O_RDONLY), fcntl.LOCK_EX)
    tempfile.tempdir = str(new.rename(new.with_name(new.name.removeprefix("new-"))))


def sweep() -> None:
    """Delete the folders of processes that have ended."""
    for folder in Path(_base()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # It is in use, somebody else's, or gone.
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def _base() -> str:
    """Where temporary files are when nobody has a folder of their own."""
    current = Path(tempfile.gettempdir())
    return str(current.parent if current.name.startswith(_PREFIX) else current)
