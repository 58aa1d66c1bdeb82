"""What a file is, by its content and from its headers alone.

Runs in the request, so it is plain Python over a few reads: no picture is decoded and no image library is loaded where
a session cookie could be stolen by a hole in one. What only decoding can show is found later, by the worker's child.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from common.limits import (
    MAX_PHOTO_BYTES,
    MAX_PHOTO_PIXELS,
    MAX_PHOTO_RATIO,
    MAX_PHOTO_SIDE,
    MIN_PHOTO_RATIO,
    MIN_PHOTO_SIDE,
)
from media.boxes import DamagedError, read_picture
from media.errors import MediaError
from media.probe_video import VIDEO_KINDS, VideoInfo, is_video, probe_video

EXTENSIONS: Final = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "AVIF": ".avif",
    "HEIC": ".heic",
    "GIF": ".gif",
}
PHOTO_KINDS: Final = "JPEG, PNG, WebP, AVIF, HEIC or GIF"

MAX_JPEG_SCANS: Final = 100
"""Encoders write about ten; every scan costs the decoder a pass over the whole picture, so thousands are an attack."""

MAX_ANIMATION_FRAMES: Final = 3_000
"""Of a GIF or WebP that is shown moving: a minute at 50 a second. With more of them the first is shown, as a photo."""

MAX_ANIMATION_PIXELS: Final = 2_000_000_000
"""Of all its frames together, likewise: 1,000 frames of 1080p, or a minute at 50 a second of 800 × 800."""

MAX_CHUNKS: Final = 100_000
"""Parts of one PNG, WebP or GIF. A 30 MB PNG in the usual pieces of 8 KB has 4,000."""

_BLOCK_BYTES: Final = 1024 * 1024
_GIF_BLOCK_BYTES: Final = 32 * 1024
_FEW_GIF_BLOCKS: Final = 64
_LEAST_GIF_BLOCK_BYTES: Final = 24
_NO_DELAY_MS: Final = 10
_DELAY_MS: Final = 100
_JPEG_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_MARKS: Final = re.compile(b"\xff[\xd9\xda]")
_JPEG_READ: Final = _JPEG_FRAMES | {0xE1, 0xDA}
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_PICTURE_BRANDS: Final = _AVIF_BRANDS | {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


@dataclass(frozen=True)
class PhotoInfo:
    """A photo that may be worth decoding. Sizes in pixels are as people see it: after the EXIF orientation."""

    format: str
    """One of EXTENSIONS."""
    width: int
    height: int
    bytes: int
    orientation: int
    """How the decoded picture is to be turned, as EXIF numbers it: 5 to 8 lay it on its side. HEIC comes upright."""
    frames: int = 1
    """Pictures that follow each other in a GIF or WebP, as far as they are whole."""

    duration_ms: int = 0
    """For how long they do."""

    @property
    def moves(self) -> bool:
        """Whether it is to be shown as a short film."""
        pixels = self.frames * self.width * self.height
        return 1 < self.frames <= MAX_ANIMATION_FRAMES and pixels <= MAX_ANIMATION_PIXELS

    @property
    def extension(self) -> str:
        return EXTENSIONS[self.format]

    @property
    def stored_size(self) -> tuple[int, int]:
        """Width and height before the orientation is applied."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


def probe(file: BinaryIO, *, without: Collection[str] = ()) -> PhotoInfo | VideoInfo:
    """What `file` is, photo or video: see `probe_photo` and `media.probe_video.probe_video`."""
    file.seek(0)
    head = file.read(64)
    if is_video(head) and not _is_picture_in_boxes(head):
        return probe_video(file, without=without)
    try:
        return probe_photo(file, without=without)
    except MediaError as error:
        if error.code != "unsupported":
            raise
        raise MediaError(
            "unsupported", f"This file is no photo or video we can read. Use {PHOTO_KINDS}; {VIDEO_KINDS}."
        ) from error


def probe_photo(file: BinaryIO, *, without: Collection[str] = ()) -> PhotoInfo:
    """What `file` is, if it is a photo within our limits. Leaves it at its start.

    `without` names kinds, in small letters, whose decoder is switched off. Raises MediaError with one of the codes
    empty, too-large, unsupported, switched-off, unreadable, too-small, too-many-pixels, shape, too-complex.

    Cost: for PNG, WebP, AVIF and HEIC a read per chunk; for JPEG one pass over the bytes: 1 to 2 ms for a phone's
    photo, some 15 ms at 30 MB.
    """
    try:
        size = file.seek(0, os.SEEK_END)
        if size == 0:
            raise MediaError("empty", "This file is empty. Choose it again, or choose another one.")
        if size > MAX_PHOTO_BYTES:
            raise MediaError(
                "too-large",
                f"This photo has {_megabytes(size)}; photos can have at most {_megabytes(MAX_PHOTO_BYTES)}. "
                "Save it smaller and try again.",
            )
        kind, (width, height), orientation = _read_header(file, size, without)
        if orientation >= 5:
            width, height = height, width
        _check_dimensions(width, height)
        frames, duration_ms = 1, 0
        # Where videos are switched off the first picture is shown.
        if kind in _DELAYS and "video" not in without:
            frames, duration_ms = _animation(_DELAYS[kind](file))
        return PhotoInfo(kind, width, height, size, orientation, frames, duration_ms)
    finally:
        file.seek(0)


def _read_header(file: BinaryIO, size: int, without: Collection[str]) -> tuple[str, tuple[int, int], int]:
    kind = _kind_of(_at(file, 0, 64))
    if kind.lower() in without:
        raise MediaError("switched-off", f"{kind} photos cannot be taken just now. Save it as JPEG and try again.")
    try:
        return kind, *_READERS[kind](file, size)
    except DamagedError as error:
        raise _unreadable(str(error)) from error


def _kind_of(head: bytes) -> str:
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head[4:8] == b"ftyp":
        # The main brand, then four bytes of version, then those that it is compatible with.
        (length,) = struct.unpack_from(">I", head)
        brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(length, len(head)), 4))}
        if _is_picture_in_boxes(head):
            return "AVIF" if brands & _AVIF_BRANDS else "HEIC"
    if is_video(head):
        raise MediaError("unsupported", f"This is a video. Choose a photo in {PHOTO_KINDS}.")
    raise MediaError("unsupported", f"This file is not a photo we can read. Use {PHOTO_KINDS}.")


def _is_picture_in_boxes(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS


def _check_dimensions(width: int, height: int) -> None:
    if max(width, height) > MAX_PHOTO_SIDE or width * height > MAX_PHOTO_PIXELS:
        raise MediaError(
            "too-many-pixels",
            f"This photo has {width:,} × {height:,} pixels; photos can have at most {MAX_PHOTO_SIDE:,} a side and "
            f"{MAX_PHOTO_PIXELS // 1_000_000} megapixels in all. Make it smaller and try again.",
        )
    if max(width, height) < MIN_PHOTO_SIDE or not min(width, height):
        raise MediaError(
            "too-small",
            f"This photo has {width:,} × {height:,} pixels; photos need at least {MIN_PHOTO_SIDE} on the longer side. "
            "Choose a larger one.",
        )
    if not MIN_PHOTO_RATIO <= width / height <= MAX_PHOTO_RATIO:
        raise MediaError(
            "shape",
            f"This photo has {width:,} × {height:,} pixels; photos can be at most {MAX_PHOTO_RATIO:.0f} times as wide "
            f"as high, or {1 / MIN_PHOTO_RATIO:.0f} times as high as wide. Crop it and try again.",
        )


def _unreadable(detail: str) -> MediaError:
    return MediaError("unreadable", f"This photo is damaged: {detail}. Save or export it again and try that.")


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f}".removesuffix(".0") + " MB"


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


# --- JPEG ---------------------------------------------------------------------------------------------------------


def _read_jpeg(file: BinaryIO, size: int) -> tuple[tuple[int, int], int]:
    dimensions: tuple[int, int] | None = None
    orientation = 1
    for marker, offset, length in _jpeg_segments(file, size):
        if marker in _JPEG_FRAMES:
            _bits, height, width = struct.unpack(">BHH", _exactly(file, offset, 5))
            dimensions = width, height
        elif marker == 0xE1 and orientation == 1:
            exif = _at(file, offset, min(length, 64 * 1024))
            if exif.startswith(b"Exif\0\0"):
                orientation = _orientation(exif[6:])
        elif marker == 0xDA:
            if dimensions is None:
                raise _unreadable("its size is missing")
            _check_jpeg_scans(file, offset)
            return dimensions, orientation
    raise _unreadable("it ends before the picture begins")


def _jpeg_segments(file: BinaryIO, size: int) -> Iterator[tuple[int, int, int]]:
    """(marker, offset of its content, length of its content) of frames, EXIF and scans."""
    window, start = _at(file, 0, _BLOCK_BYTES), 0
    position = 2
    while position + 4 <= size:
        if not start <= position <= start + len(window) - 4:
            window, start = _at(file, position, _BLOCK_BYTES), position
        at = position - start
        if len(window) < at + 4:
            return
        if window[at] != 0xFF:
            raise _unreadable("its parts do not fit together")
        marker = window[at + 1]
        if marker == 0xFF:
            position += 1
        elif marker in _JPEG_WITHOUT_LENGTH:
            position += 2
        else:
            length = window[at + 2] << 8 | window[at + 3]
            if length < 2 or position + 2 + length > size:
                raise _unreadable("a part of it is missing")
            if marker in _JPEG_READ:
                yield marker, position + 4, length - 2
            position += 2 + length


def _check_jpeg_scans(file: BinaryIO, offset: int) -> None:
    """Count the scans and find the end mark. Neither pair of bytes occurs within a scan's data: FF is escaped there."""
    scans, ended, carry = 1, False, b""
    file.seek(offset)
    while block := file.read(_BLOCK_BYTES):
        marks = _JPEG_MARKS.findall(carry + block if carry else block)
        scans += marks.count(b"\xff\xda")
        ended = ended or b"\xff\xd9" in marks
        carry = b"\xff" if block.endswith(b"\xff") else b""
        if scans > MAX_JPEG_SCANS:
            raise MediaError(
                "too-complex",
                f"This JPEG is stored in more than {MAX_JPEG_SCANS} layers. "
                "Save it again as an ordinary JPEG and try that.",
            )
    if not ended:
        raise _unreadable("its end is missing")


# --- PNG ----------------------------------------------------------------------------------------------------------


def _read_png(file: BinaryIO, size: int) -> tuple[tuple[int, int], int]:
    if _at(file, 12, 4) != b"IHDR":
        raise _unreadable("its size is missing")
    width, height = struct.unpack(">II", _exactly(file, 16, 8))
    orientation, has_data = 1, False
    for name, offset, length in _chunks(file, 8, size, order=">II", overhead=12):
        if name == b"eXIf":
            orientation = _orientation(_at(file, offset, min(length, 64 * 1024)))
        has_data = has_data or name == b"IDAT"
        if name == b"IEND" and has_data:
            return (width, height), orientation
    raise _unreadable("its end is missing")


# --- WebP ---------------------------------------------------------------------------------------------------------


def _read_webp(file: BinaryIO, size: int) -> tuple[tuple[int, int], int]:
    (declared,) = struct.unpack("<I", _exactly(file, 4, 4))
    end = declared + 8
    if end > size:
        raise _unreadable("its end is missing")
    dimensions: tuple[int, int] | None = None
    orientation = 1
    for name, offset, length in _chunks(file, 12, end, order="<II", overhead=8):
        if name == b"VP8X" and dimensions is None:
            head = _exactly(file, offset, 10)
            dimensions = 1 + int.from_bytes(head[4:7], "little"), 1 + int.from_bytes(head[7:10], "little")
        elif name == b"VP8 " and dimensions is None:
            head = _exactly(file, offset, 10)
            if head[3:6] != b"\x9d\x01\x2a":
                raise _unreadable("its size is missing")
            width, height = struct.unpack("<HH", head[6:10])
            dimensions = width & 0x3FFF, height & 0x3FFF
        elif name == b"VP8L" and dimensions is None:
            head = _exactly(file, offset, 5)
            bits = int.from_bytes(head[1:5], "little")
            dimensions = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        elif name == b"EXIF":
            exif = _at(file, offset, min(length, 64 * 1024))
            orientation = _orientation(exif.removeprefix(b"Exif\0\0"))
    if dimensions is None:
        raise _unreadable("its size is missing")
    return dimensions, orientation


def _webp_delays(file: BinaryIO) -> Iterator[int]:
    """For how many milliseconds each frame asks; none if it stands still."""
    (declared,) = struct.unpack("<I", _exactly(file, 4, 4))
    for name, offset, _ in _chunks(file, 12, declared + 8, order="<II", overhead=8):
        if name == b"ANMF":
            yield int.from_bytes(_exactly(file, offset + 12, 3), "little")


# --- GIF ----------------------------------------------------------------------------------------------------------


class _Onward:
    """A file that is read forward in small steps, and fetched in blocks."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._window, self._start = file, b"", 0

    def at(self, offset: int, size: int) -> bytes:
        """`size` bytes, a few, from `offset`; a file that ends before them is damaged."""
        if not self._start <= offset <= self._start + len(self._window) - size:
            self._window, self._start = _at(self._file, offset, _GIF_BLOCK_BYTES), offset
        data = self._window[offset - self._start : offset - self._start + size]
        if len(data) < size:
            raise _unreadable("its end is missing")
        return data


def _read_gif(file: BinaryIO, size: int) -> tuple[tuple[int, int], int]:
    """The size of the canvas, or of the first picture where that reaches beyond it; the first picture must be whole."""
    width, height = struct.unpack("<HH", _exactly(file, 6, 4))
    for _, left, top, wide, high in _gif_pictures(file):
        return (max(width, left + wide), max(height, top + high)), 1
    raise _unreadable("it has no picture")


def _gif_delays(file: BinaryIO) -> Iterator[int]:
    """For how many milliseconds each frame asks. A picture that does not say is a part of the one before."""
    delays = (delay for delay, *_ in _gif_pictures(file))
    yield 10 * (next(delays, None) or 0)
    yield from (10 * delay for delay in delays if delay is not None)


def _gif_pictures(file: BinaryIO) -> Iterator[tuple[int | None, int, int, int, int]]:
    """Hundredths of a second (None if it does not say), left, top, width and height of each picture that is whole."""
    data = _Onward(file)
    offset = 13 + _gif_colours(data.at(10, 1)[0])
    delay: int | None = None
    for _ in range(MAX_CHUNKS):
        mark = data.at(offset, 1)
        if mark == b"\x21":
            kind, length, _, hundredths = struct.unpack("<BBBH", data.at(offset + 1, 5))
            # The graphic control of the picture that follows.
            delay = hundredths if (kind, length) == (0xF9, 4) else delay
            offset = _after_gif_blocks(data, offset + 2)
        elif mark == b"\x2c":
            left, top, wide, high, flags = struct.unpack("<HHHHB", data.at(offset + 1, 9))
            offset = _after_gif_blocks(data, offset + 11 + _gif_colours(flags))
            yield delay, left, top, wide, high
            delay = None
        else:
            return


def _gif_colours(flags: int) -> int:
    """The bytes of the table of colours that `flags` announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_gif_blocks(data: _Onward, offset: int) -> int:
    """Where a row of blocks of at most 255 bytes ends, by their lengths.

    Encoders fill them: rows of tiny ones, of which 30 MB hold 15 million, would only cost time.
    """
    blocks, begin = 0, offset
    while length := data.at(offset, 1)[0]:
        offset += 1 + length
        blocks += 1
        if blocks > _FEW_GIF_BLOCKS and offset - begin < _LEAST_GIF_BLOCK_BYTES * blocks:
            raise _too_many_pieces()
    return offset + 1


# --- HEIC and AVIF ------------------------------------------------------------------------------------------------


def _read_avif(file: BinaryIO, size: int) -> tuple[tuple[int, int], int]:
    picture = read_picture(file, size)
    return picture.size, picture.orientation


def _read_heic(file: BinaryIO, size: int) -> tuple[tuple[int, int], int]:
    """The size after cutting and turning, both of which the decoder of HEIC does by itself."""
    picture = read_picture(file, size)
    width, height = picture.clean_aperture or picture.size
    return ((height, width) if picture.orientation >= 5 else (width, height)), 1


_READERS: Final = {
    "JPEG": _read_jpeg,
    "PNG": _read_png,
    "WEBP": _read_webp,
    "GIF": _read_gif,
    "AVIF": _read_avif,
    "HEIC": _read_heic,
}

_DELAYS: Final = {"GIF": _gif_delays, "WEBP": _webp_delays}


def _animation(delays: Iterator[int]) -> tuple[int, int]:
    """(frames, milliseconds) of a picture whose first frame is good; damage further on ends it there."""
    frames = duration_ms = 0
    with contextlib.suppress(MediaError):
        for delay in delays:
            frames += 1
            # As browsers and ffmpeg do: a frame that asks for no time gets a tenth of a second.
            duration_ms += delay if delay > _NO_DELAY_MS else _DELAY_MS
            if frames > MAX_ANIMATION_FRAMES:
                break
    return (frames, duration_ms) if frames > 1 else (1, 0)


# --- Common -------------------------------------------------------------------------------------------------------


def _chunks(file: BinaryIO, offset: int, end: int, *, order: str, overhead: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, offset of the content, length of the content) of PNG's chunks (length first) or RIFF's (name first)."""
    for _ in range(MAX_CHUNKS):
        if offset + 8 > end:
            return
        head = _exactly(file, offset, 8)
        first, second = struct.unpack(order, head)
        name, length = (head[4:], first) if order.startswith(">") else (head[:4], second)
        if offset + overhead + length > end:
            raise _unreadable("a part of it is missing")
        yield name, offset + 8, length
        offset += overhead + length + (length & 1 if order.startswith("<") else 0)
    raise _too_many_pieces()


def _too_many_pieces() -> MediaError:
    return MediaError("too-complex", "This photo is stored in too many pieces. Save it again and try that.")


def _exactly(file: BinaryIO, offset: int, size: int) -> bytes:
    data = _at(file, offset, size)
    if len(data) < size:
        raise _unreadable("a part of it is missing")
    return data


def _orientation(tiff: bytes) -> int:
    """EXIF's orientation from the first directory of `tiff`, or 1 when it says none or nonsense.

    Reads that one tag and follows no pointer, so a directory that loops or claims gigabytes costs nothing.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return 1
    (directory,) = struct.unpack_from(order + "I", tiff, 4)
    if directory + 2 > len(tiff):
        return 1
    (entries,) = struct.unpack_from(order + "H", tiff, directory)
    for entry in range(directory + 2, min(directory + 2 + 12 * entries, len(tiff) - 11), 12):
        tag, kind, _count, value = struct.unpack_from(order + "HHIH", tiff, entry)
        if tag == 0x0112:
            return value if kind == 3 and 1 <= value <= 8 else 1
    return 1
