"""The operations that a storage of uploaded parts offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol


@dataclass(frozen=True)
class Target:
    """The target of a POST of one part as multipart/form-data: `fields` in their order, then the part as `file`."""

    url: str
    fields: dict[str, str] = field(default_factory=dict)


class IncomingStorage(Protocol):
    """A storage of parts. `media.incoming` describes the operations, which have the same names there."""

    is_direct: bool
    """True if browsers send parts to the storage itself and not to the site."""

    def direct_target(self, prefix: str, number: int, size: int) -> Target: ...

    def store_part(self, prefix: str, number: int, file: BinaryIO) -> None: ...

    def stored_sizes(self, prefix: str) -> dict[int, int]:
        """Return the sizes in bytes of the stored parts by number."""
        ...

    def open_parts(self, prefix: str, sizes: Sequence[int]) -> BinaryIO: ...

    def assemble(self, prefix: str, sizes: Sequence[int], extension: str, key: str) -> str: ...

    def discard(self, prefix: str) -> None: ...


def part_key(prefix: str, number: int) -> str:
    return f"{prefix}/{number}"
