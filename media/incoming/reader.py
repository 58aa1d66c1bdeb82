"""A read-only file that consists of several parts."""

from __future__ import annotations

import io
import os
from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from media.errors import MediaError
from media.storage import transient_storage_error


class SeekableReader(io.RawIOBase):
    """Base of readers of the parts of an upload as one seekable file; subclasses implement `read_here`.

    Raises TransientMediaError for errors of the storage.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self.starts = [0, *accumulate(sizes)]
        """Offset of each part in the file, and at last the file's size."""
        self.position = 0

    @abstractmethod
    def read_here(self, size: int) -> bytes:
        """Return 1 to `size` bytes from `position`, which lies inside the file. May raise any exception."""

    def locate(self) -> tuple[int, int]:
        """Return the index of the part at `position`, counted from 0, and the offset in it."""
        index = bisect_right(self.starts, self.position) - 1
        return index, self.position - self.starts[index]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self.position, os.SEEK_END: self.starts[-1]}[whence]
        self.position = max(0, base + offset)
        return self.position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self.position >= self.starts[-1]:
            return 0
        try:
            data = self.read_here(len(buffer))
        except MediaError:
            raise
        except Exception as error:
            raise transient_storage_error(error) from error
        buffer[: len(data)] = data
        self.position += len(data)
        return len(data)
