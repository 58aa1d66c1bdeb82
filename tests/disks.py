"""A full disk: a small tmpfs where it may be mounted, otherwise storages that count bytes."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage

PAGE = 4096


class SmallDisk:
    """A folder that can hold at most `size` bytes."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.size = folder, size

    def fill(self, *, but: int = 0) -> None:
        """Fill the disk except for `but` bytes, in whole pages."""
        with suppress(OSError), (self.folder / "filler").open("ab", buffering=0) as filler:
            while filler.write(b"x" * PAGE):
                pass
        if but:
            with (self.folder / "filler").open("r+b") as filler:
                filler.truncate(max(0, (self.folder / "filler").stat().st_size - but))

    def make_room(self) -> None:
        (self.folder / "filler").unlink()

    def used(self) -> int:
        return sum(-(-path.stat().st_size // PAGE) * PAGE for path in self.folder.rglob("*") if path.is_file())


@contextmanager
def small_disk(folder: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDisk]:
    """Make `folder` a disk of this size until the block ends."""
    folder.mkdir()
    disk = SmallDisk(folder, size)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode == 0:
        try:
            yield disk
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)
    else:
        _simulate(disk, monkeypatch)
        yield disk


def _simulate(disk: SmallDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have storages below the folder fail as on a full disk, once they have written `size` bytes."""
    storage_class: Any = FileSystemStorage
    save = storage_class._save

    def save_while_there_is_room(self: Any, name: str, content: Any) -> str:
        path: str = save(self, name, content)
        if disk.folder in Path(self.location).parents and disk.used() > disk.size:
            with Path(self.path(path)).open("r+b") as half:
                half.truncate(0)
            raise OSError(errno.ENOSPC, "No space left on device")
        return path

    def fill(*, but: int = 0) -> None:
        (disk.folder / "filler").unlink(missing_ok=True)
        (disk.folder / "filler").write_bytes(b"x" * max(0, disk.size - disk.used() - but))

    monkeypatch.setattr(FileSystemStorage, "_save", save_while_there_is_room)
    monkeypatch.setattr(disk, "fill", fill)
