"""Reader of PNG headers (W3C Portable Network Graphics, third edition, which includes APNG, eXIf and cICP)."""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from media.errors import MediaError
from media.probe.exif import MAX_EXIF_BYTES, exif_orientation, xmp_orientation
from media.probe.limits import MAX_TEXT_BYTES
from media.probe.reader import DamagedError, Header, TruncatedChunkError, iter_chunks, read_at, read_exactly

_CHECKSUM_BYTES: Final = 8
"""The checksums of zlib and PNG after the last image data, which decoders can do without."""


def read_png(file: BinaryIO, size: int) -> Header:
    """Read the header and walk the chunks of a PNG of `size` bytes, up to IEND.

    Accepts a file without IEND if its image data seem complete: all later chunks are optional. Raises DamagedError, or
    MediaError "too-complex" for too many chunks or a decompression bomb in a text. Cost: one read per chunk.
    """
    if read_at(file, 12, 4) != b"IHDR":
        raise DamagedError("its size is missing")
    width, height = struct.unpack(">II", read_exactly(file, 16, 8))
    exif: int | None = None
    xmp: int | None = None
    colours: tuple[int, int] | None = None
    data_end = 0
    is_complete = False
    try:
        for name, offset, length in iter_chunks(file, 8, size, order=">II", overhead=12):
            if name == b"eXIf":
                exif = exif or exif_orientation(read_at(file, offset, min(length, MAX_EXIF_BYTES)))
            elif name in {b"iTXt", b"zTXt"}:
                _check_text(name, read_at(file, offset, length))
                xmp = xmp or _xmp(name, read_at(file, offset, min(length, MAX_EXIF_BYTES)))
            elif name == b"cICP" and not data_end:
                primaries, transfer = read_exactly(file, offset, 2)
                colours = primaries, transfer
            elif name == b"IDAT":
                data_end = offset + length + 4
            elif name == b"IEND" and data_end:
                is_complete = True
                break
    except TruncatedChunkError as error:
        if error.name == b"IDAT" and error.missing <= _CHECKSUM_BYTES:
            data_end = size
        elif not data_end or error.name == b"IDAT":
            raise
    if not data_end:
        raise DamagedError("its end is missing")
    return Header((width, height), exif or xmp or 1, colours, truncated_at=0 if is_complete else data_end)


def png_delays(file: BinaryIO) -> Iterator[int]:
    """Yield the delay of each frame of an animated PNG in milliseconds; nothing for a still image."""
    is_animated = False
    for name, offset, length in iter_chunks(file, 8, file.seek(0, os.SEEK_END), order=">II", overhead=12):
        if name == b"acTL":
            is_animated = True
        elif name == b"fcTL" and is_animated and length == 26:
            numerator, denominator = struct.unpack(">HH", read_exactly(file, offset + 20, 4))
            yield round(1000 * numerator / (denominator or 100))
        elif name == b"IEND" or (name == b"IDAT" and not is_animated):
            return


def _xmp(name: bytes, content: bytes) -> int | None:
    """Return the orientation in an uncompressed XMP packet; compressed packets are rare and ignored."""
    keyword, _, rest = content.partition(b"\0")
    is_packet = name == b"iTXt" and keyword == b"XML:com.adobe.xmp" and rest[:1] == b"\0"
    return xmp_orientation(rest) if is_packet else None


def _check_text(name: bytes, content: bytes) -> None:
    """Raise MediaError if a compressed text unpacks to more than MAX_TEXT_BYTES; unpacks no more than that."""
    _keyword, _, rest = content.partition(b"\0")
    if name == b"iTXt":
        if rest[:1] != b"\1":
            return
        # The compression method is followed by a language tag and a translated keyword.
        packed = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    else:
        packed = rest[1:]
    with contextlib.suppress(zlib.error):
        if len(zlib.decompressobj().decompress(packed, MAX_TEXT_BYTES + 1)) > MAX_TEXT_BYTES:
            raise MediaError(
                "too-complex", "This photo contains more than 1 MB of metadata. Save it without metadata and try again."
            )
