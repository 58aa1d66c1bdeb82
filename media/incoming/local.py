"""Parts of uploads in a local folder, which arrive through the site."""

from __future__ import annotations

import errno
import io
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final, cast

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage

from media.incoming.protocol import Target, part_key
from media.incoming.reader import SeekableReader
from media.storage import store_original, transient_storage_error

BUFFER_BYTES: Final = 256 * 1024
DISCARD_ATTEMPTS: Final = 20
"""Attempts to delete a folder while parts are still being written to it."""


class LocalParts:
    """Parts in a local folder; each upload has a subfolder named by its prefix, with one file per part."""

    is_direct = False

    def __init__(self, storage: Storage) -> None:
        if not isinstance(storage, FileSystemStorage):
            raise TypeError(f'the storage "incoming" is {type(storage).__name__}, not a local folder')
        self.storage = storage

    def direct_target(self, prefix: str, number: int, size: int) -> Target:
        raise TypeError("a local folder has no addresses: parts come through the site, see store_part")

    def store_part(self, prefix: str, number: int, file: BinaryIO) -> None:
        """Write a part under a temporary name and rename it, so that readers never see half a part."""
        key = part_key(prefix, number)
        try:
            file.seek(0)
            written = self.storage.save(f"{key}.{secrets.token_hex(4)}", file if isinstance(file, File) else File(file))
            Path(self.storage.path(written)).replace(self.storage.path(key))
        except (FileNotFoundError, FileExistsError):
            # The folder was discarded in the meantime. A client that still needs this part finds it missing and sends
            # it again.
            return
        except Exception as error:
            raise transient_storage_error(error) from error

    def stored_sizes(self, prefix: str) -> dict[int, int]:
        """Return the sizes of the stored parts by number; skips parts that are being written."""
        try:
            return {int(name): self.storage.size(f"{prefix}/{name}") for name in self._names(prefix) if name.isdigit()}
        except FileNotFoundError:
            # Discarded in the meantime.
            return {}
        except Exception as error:
            raise transient_storage_error(error) from error

    def open_parts(self, prefix: str, sizes: Sequence[int]) -> BinaryIO:
        reader = LocalReader(self.storage, prefix, sizes)
        return cast("BinaryIO", io.BufferedReader(reader, BUFFER_BYTES))

    def assemble(self, prefix: str, sizes: Sequence[int], extension: str, key: str) -> str:
        with self.open_parts(prefix, sizes) as whole:
            return store_original(whole, extension, key)

    def discard(self, prefix: str) -> None:
        """Delete the folder with all its files, including half-written parts. Ignores a missing folder."""
        for attempts_left in reversed(range(DISCARD_ATTEMPTS)):
            try:
                for name in self._names(prefix):
                    self.storage.delete(f"{prefix}/{name}")
                self.storage.delete(prefix)
            except OSError as error:
                # A part was written after the folder was listed.
                if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR} or not attempts_left:
                    raise transient_storage_error(error) from error
            except Exception as error:
                raise transient_storage_error(error) from error
            else:
                return

    def _names(self, prefix: str) -> list[str]:
        try:
            return self.storage.listdir(prefix)[1]
        except FileNotFoundError:
            return []


class LocalReader(SeekableReader):
    """Reads the parts in a local folder as one file; one part is open at a time."""

    def __init__(self, storage: Storage, prefix: str, sizes: Sequence[int]) -> None:
        super().__init__(sizes)
        self._storage, self._prefix = storage, prefix
        self._number = 0
        self._part: File | None = None

    def read_here(self, size: int) -> bytes:
        index, offset = self.locate()
        part = self._open(index + 1)
        part.seek(offset)
        data: bytes = part.read(min(size, self.starts[index + 1] - self.position))
        if not data:
            raise OSError(f"part {index + 1} is shorter than it was")
        return data

    def close(self) -> None:
        if self._part is not None:
            self._part.close()
            self._part = None
        super().close()

    def _open(self, number: int) -> File:
        if self._part is None or self._number != number:
            if self._part is not None:
                self._part.close()
            self._number, self._part = number, self._storage.open(part_key(self._prefix, number))
        return self._part
