"""Photos whose file ends early: the missing end is replaced, and the image is rejected if pixels are missing.

Browsers show such files. Imported by the renderer's child process alone.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import BinaryIO, Final

from PIL import Image

from media.errors import MediaError
from media.probe import PhotoInfo

_JPEG_END: Final = b"\xff\xd9"
_GIF_END: Final = b"\0\x3b"
_FILLERS: Final = (b"", b"\x5a\xa5\x3c" * 300)
"""Decoders skip bytes after a complete image, but decode them as pixels if some are missing."""


def open_truncated(file: BinaryIO, info: PhotoInfo, decode: Callable[[BinaryIO], Image.Image]) -> Image.Image:
    """Return the image that `decode` reads from a truncated file. Raises MediaError if pixels are missing.

    Cost: decodes JPEG and GIF twice, with different bytes at the end, since their decoders make up missing pixels
    without saying so. If the two images differ, pixels are missing.
    """
    file.seek(0)
    data = file.read(info.truncated_at)
    try:
        first, *others = (decode(io.BytesIO(one)) for one in _repair_candidates(data, info))
    except (MediaError, MemoryError):
        raise
    except Exception as error:  # Decoders raise all kinds of exceptions for missing data.
        raise _truncated_error() from error
    if any(other.tobytes() != first.tobytes() for other in others):
        raise _truncated_error()
    return first


def _repair_candidates(data: bytes, info: PhotoInfo) -> list[bytes]:
    match info.format:
        case "JPEG":
            return [data.rstrip(b"\xff") + filler + _JPEG_END for filler in _FILLERS]
        case "GIF":
            return [data + filler + bytes(255) + _GIF_END for filler in _FILLERS]
        case "WEBP":
            data += bytes(len(data) % 2)
            return [data[:4] + struct.pack("<I", len(data) - 8) + data[8:]]
        case _:
            return [data]


def _truncated_error() -> MediaError:
    return MediaError("unreadable", "This photo is damaged: its end is missing. Save or export it again and try again.")
