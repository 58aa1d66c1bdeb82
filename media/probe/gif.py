"""Reader of GIF headers and frames (CompuServe GIF89a specification)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from media.probe.limits import MAX_CHUNKS
from media.probe.reader import DamagedError, Header, read_at, read_exactly, too_many_pieces

_WINDOW_BYTES: Final = 32 * 1024
_FEW_BLOCKS: Final = 64
_MIN_AVERAGE_BLOCK_BYTES: Final = 24
_EXTENSION, _IMAGE, _GRAPHIC_CONTROL = b"\x21", b"\x2c", 0xF9


class _Window:
    """Reads small pieces of a file in ascending order and fetches them in blocks of _WINDOW_BYTES."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._window, self._start = file, b"", 0

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes, a few, from `offset`. Raises DamagedError at the end of the file."""
        if not self._start <= offset <= self._start + len(self._window) - size:
            self._window, self._start = read_at(self._file, offset, _WINDOW_BYTES), offset
        data = self._window[offset - self._start : offset - self._start + size]
        if len(data) < size:
            raise DamagedError("its end is missing")
        return data


class _Frame(NamedTuple):
    delay: int | None
    """Hundredths of a second; None without a graphic control extension."""
    left: int
    top: int
    width: int
    height: int
    is_truncated: bool = False


def read_gif(file: BinaryIO, size: int) -> Header:
    """Read the size of the canvas of a GIF of `size` bytes, enlarged to contain the first frame.

    Accepts a truncated first frame: perhaps only the end marker is missing, which the decoder finds out. Raises
    DamagedError, or MediaError "too-complex" for too many blocks.
    """
    width, height = struct.unpack("<HH", read_exactly(file, 6, 4))
    for frame in _frames(file, allow_truncated=True):
        across, down = frame.left + frame.width, frame.top + frame.height
        return Header((max(width, across), max(height, down)), truncated_at=size if frame.is_truncated else 0)
    raise DamagedError("it has no picture")


def gif_delays(file: BinaryIO) -> Iterator[int]:
    """Yield the delay of each frame in milliseconds. An image without one belongs to the frame before it."""
    delays = (frame.delay for frame in _frames(file))
    yield 10 * (next(delays, None) or 0)
    yield from (10 * delay for delay in delays if delay is not None)


def _frames(file: BinaryIO, *, allow_truncated: bool = False) -> Iterator[_Frame]:
    """Yield the complete frames; with `allow_truncated` also one whose data begin but do not end in the file."""
    data = _Window(file)
    offset = 13 + _colour_table_bytes(data.read(10, 1)[0])
    delay: int | None = None
    for _ in range(MAX_CHUNKS):
        mark = data.read(offset, 1)
        if mark == _EXTENSION:
            kind, length, _, hundredths = struct.unpack("<BBBH", data.read(offset + 1, 5))
            delay = hundredths if (kind, length) == (_GRAPHIC_CONTROL, 4) else delay
            offset = _end_of_blocks(data, offset + 2)
        elif mark == _IMAGE:
            left, top, width, height, flags = struct.unpack("<HHHHB", data.read(offset + 1, 9))
            begin = offset + 11 + _colour_table_bytes(flags)
            frame = _Frame(delay, left, top, width, height)
            try:
                offset = _end_of_blocks(data, begin)
            except DamagedError:
                if not allow_truncated:
                    raise
                # Its first block must have a length and at least one byte.
                data.read(begin, 2)
                frame = frame._replace(is_truncated=True)
            yield frame
            delay = None
        else:
            return


def _colour_table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _end_of_blocks(data: _Window, offset: int) -> int:
    """Return the offset after a sequence of data blocks of at most 255 bytes.

    Raises MediaError "too-complex" if the blocks are tiny, since encoders fill them: 30 MB can hold 15 million.
    """
    blocks, begin = 0, offset
    while length := data.read(offset, 1)[0]:
        offset += 1 + length
        blocks += 1
        if blocks > _FEW_BLOCKS and offset - begin < _MIN_AVERAGE_BLOCK_BYTES * blocks:
            raise too_many_pieces()
    return offset + 1
