"""What a file is, by its content and from its headers alone.

Runs in the request, so it is plain Python over a few reads: no picture is decoded and no image library is loaded where
a session cookie could be stolen by a hole in one. What only decoding can show is found later, by the worker's child.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple

from common.limits import (
    MAX_PHOTO_BYTES,
    MAX_PHOTO_PIXELS,
    MAX_PHOTO_RATIO,
    MAX_PHOTO_SIDE,
    MIN_AVATAR_SIDE,
    MIN_PHOTO_RATIO,
    MIN_PHOTO_SIDE,
)
from media.errors import MediaError
from media.exif import MAX_EXIF_BYTES, exif_orientation, heif_orientation
from media.isobmff import DamagedError, read_picture, read_sequence
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

MAX_JPEG_SEGMENTS: Final = 200_000
"""Each costs the probe 1.5 µs and the decoder some more."""

MAX_TEXT_BYTES: Final = 1024 * 1024
"""Of one compressed text of a PNG, unpacked: what the decoder, which we have no way to keep from it, puts up with."""

_BLOCK_BYTES: Final = 1024 * 1024
_GIF_BLOCK_BYTES: Final = 32 * 1024
_FEW_GIF_BLOCKS: Final = 64
_LEAST_GIF_BLOCK_BYTES: Final = 24
_NO_DELAY_MS: Final = 10
_DELAY_MS: Final = 100
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_START, _JPEG_END, _JPEG_SCAN, _JPEG_APP1 = 0xD8, 0xD9, 0xDA, 0xE1
_JPEG_MARKER: Final = re.compile(b"\xff([\x02-\xcf\xd8-\xfe])")
"""A marker that is no fill byte, escaped FF or restart marker: those occur within a scan and end nothing."""
_XMP_ORIENTATION: Final = re.compile(rb"tiff:Orientation(?:=[\"']|>)([1-8])")
_PNG_TAIL_BYTES: Final = 8
"""A checksum of zlib and one of PNG, which end the last data of a picture: no decoder needs them."""
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_STILL_BRANDS: Final = frozenset({b"avif", b"heic", b"heix", b"mif1"})
_PICTURE_BRANDS: Final = _AVIF_BRANDS | {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


@dataclass(frozen=True)
class Header:
    """What the header of a photo says, in the terms of the stored picture."""

    size: tuple[int, int]
    orientation: int = 1
    colours: tuple[int, int] | None = None
    truncated_at: int = 0


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
    """Pictures that follow each other in a GIF, WebP, PNG, AVIF or HEIC, as far as they are whole."""

    duration_ms: int = 0
    """For how long they do."""

    colours: tuple[int, int] | None = None
    """(primaries, transfer) as H.273 numbers them, where the file states its colours by numbers (CICP).

    They count more than a profile in PNG; in AVIF and HEIC a profile counts more, and this is None.
    """
    truncated_at: int = 0
    """The offset up to which a file without an end is good; 0 if it has one. All of the picture may still be there."""

    @property
    def needs_crop(self) -> bool:
        """Whether it is wider or higher than posts show: it can be shared with a crop only."""
        return not MIN_PHOTO_RATIO <= self.width / self.height <= MAX_PHOTO_RATIO

    @property
    def is_animated(self) -> bool:
        """Return True if the file is converted to a short video."""
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


def probe_photo(file: BinaryIO, *, without: Collection[str] = (), is_avatar: bool = False) -> PhotoInfo:
    """Return what `file` is, if it is a photo within our limits. Leaves it at its start.

    `without` names kinds, in small letters, whose decoder is switched off. With `is_avatar` the limits are those of a
    profile picture, which is cut square and shown small. Raises MediaError with one of the codes empty, too-large,
    unsupported, switched-off, unreadable, too-small, too-many-pixels, shape, too-complex.

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
        kind, header = _read_header(file, size, without)
        width, height = header.size
        if header.orientation >= 5:
            width, height = height, width
        _check_dimensions(width, height, is_avatar=is_avatar)
        frames, duration_ms = 1, 0
        # Where videos are switched off the first picture is shown.
        if "video" not in without:
            frames, duration_ms = _moving(kind, file, size)
        info = PhotoInfo(
            kind, width, height, size, header.orientation, frames, duration_ms, header.colours, header.truncated_at
        )
        if info.is_animated and info.needs_crop and not is_avatar:
            raise MediaError(
                "shape",
                f"This animation has {width:,} × {height:,} pixels; one side can be at most "
                f"{MAX_PHOTO_RATIO:.0f} times the other. Crop it and try again.",
            )
        return info
    finally:
        file.seek(0)


def _read_header(file: BinaryIO, size: int, without: Collection[str]) -> tuple[str, Header]:
    kind = _kind_of(_at(file, 0, 64))
    if kind.lower() in without:
        raise MediaError("switched-off", f"{kind} photos cannot be taken just now. Save it as JPEG and try again.")
    try:
        return kind, _READERS[kind](file, size)
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
    if _is_picture_in_boxes(head):
        return "AVIF" if _brands(head) & _AVIF_BRANDS else "HEIC"
    if is_video(head):
        raise MediaError("unsupported", f"This is a video. Choose a photo in {PHOTO_KINDS}.")
    raise MediaError("unsupported", f"This file is not a photo we can read. Use {PHOTO_KINDS}.")


def _is_picture_in_boxes(head: bytes) -> bool:
    """Return True for HEIC and AVIF: by the main brand, or by a brand of still pictures further on."""
    return head[4:8] == b"ftyp" and (head[8:12] in _PICTURE_BRANDS or not _STILL_BRANDS.isdisjoint(_brands(head)))


def _brands(head: bytes) -> set[bytes]:
    # The main brand, then four bytes of version, then those that it is compatible with.
    (length,) = struct.unpack_from(">I", head)
    return {head[8:12], *(head[at : at + 4] for at in range(16, min(length, len(head)), 4))}


def _check_dimensions(width: int, height: int, *, is_avatar: bool) -> None:
    if max(width, height) > MAX_PHOTO_SIDE or width * height > MAX_PHOTO_PIXELS:
        raise MediaError(
            "too-many-pixels",
            f"This photo has {width:,} × {height:,} pixels; photos can have at most {MAX_PHOTO_SIDE:,} a side and "
            f"{MAX_PHOTO_PIXELS // 1_000_000} megapixels in all. Make it smaller and try again.",
        )
    least, side, what = (
        (MIN_AVATAR_SIDE, min(width, height), f"profile photos need at least {MIN_AVATAR_SIDE} on the shorter side")
        if is_avatar
        else (MIN_PHOTO_SIDE, max(width, height), f"photos need at least {MIN_PHOTO_SIDE} on the longer side")
    )
    if side < least or not min(width, height):
        raise MediaError("too-small", f"This photo has {width:,} × {height:,} pixels; {what}. Choose a larger one.")
    if not is_avatar and min(width, height) * MAX_PHOTO_RATIO < MIN_PHOTO_SIDE:
        # No crop within our shapes is large enough.
        raise MediaError(
            "shape",
            f"This photo has {width:,} × {height:,} pixels; photos can be at most {MAX_PHOTO_RATIO:.0f} times as wide "
            f"as high, or {1 / MIN_PHOTO_RATIO:.0f} times as high as wide, and a crop of this one would be too small. "
            "Choose another one.",
        )


def _unreadable(detail: str) -> MediaError:
    return MediaError("unreadable", f"This photo is damaged: {detail}. Save or export it again and try that.")


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f}".removesuffix(".0") + " MB"


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


# --- JPEG ---------------------------------------------------------------------------------------------------------


def _read_jpeg(file: BinaryIO, size: int) -> Header:
    """Read up to the end mark of the first picture, as libjpeg does: what follows it is of no consequence.

    A phone appends a film there (motion photos), further pictures (MPO) or a gain map (Ultra HDR).
    """
    dimensions: tuple[int, int] | None = None
    exif: int | None = None
    xmp: int | None = None
    scans = 0
    for marker, offset, length in _jpeg_segments(file, size):
        if marker == _JPEG_SCAN:
            if dimensions is None:
                raise _unreadable("its size is missing")
            scans += 1
            if scans > MAX_JPEG_SCANS:
                raise MediaError(
                    "too-complex",
                    f"This JPEG is stored in more than {MAX_JPEG_SCANS} layers. "
                    "Save it again as an ordinary JPEG and try that.",
                )
        elif marker == _JPEG_END and scans:
            return Header(_dimensions(dimensions), exif or xmp or 1)
        elif not scans and marker in _JPEG_FRAMES:
            _bits, height, width = struct.unpack(">BHH", _exactly(file, offset, 5))
            dimensions = width, height
        elif not scans and marker == _JPEG_APP1:
            content = _at(file, offset, length)
            if content.startswith(b"Exif\0\0"):
                exif = exif or exif_orientation(content)
            elif content.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
                xmp = xmp or _xmp_orientation(content)
    if not scans:
        raise _unreadable("it ends before the picture begins")
    return Header(_dimensions(dimensions), exif or xmp or 1, truncated_at=size)


def _dimensions(found: tuple[int, int] | None) -> tuple[int, int]:
    if found is None:
        raise _unreadable("its size is missing")
    return found


def _jpeg_segments(file: BinaryIO, size: int) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, offset of its content, length of its content) up to the first end mark or the end of the file.

    Skips to the next marker, as libjpeg does, so a scan's data and stray bytes between two segments are passed over.
    """
    window, start, position = b"", 0, 2
    for _ in range(MAX_JPEG_SEGMENTS):
        while True:
            if not start <= position <= start + len(window) - 4:
                window, start = _at(file, position, _BLOCK_BYTES), position
            if found := _JPEG_MARKER.search(window, position - start):
                break
            if start + len(window) >= size or not window:
                return
            # The first byte of a marker may be the last of this block.
            position = start + len(window) - window.endswith(b"\xff")
        marker = found[1][0]
        position = start + found.end()
        if marker == _JPEG_START:
            continue
        if marker == _JPEG_END:
            yield marker, position, 0
            return
        head = _at(file, position, 2) if position + 2 > start + len(window) else window[found.end() : found.end() + 2]
        length = int.from_bytes(head, "big")
        if len(head) < 2 or position + length > size:
            return
        yield marker, position + 2, max(length - 2, 0)
        position += max(length, 2)
    raise _too_many_pieces()


# --- PNG ----------------------------------------------------------------------------------------------------------


def _read_png(file: BinaryIO, size: int) -> Header:
    """Read up to the end mark. Without one, the picture may still be whole: what follows its data is optional."""
    if _at(file, 12, 4) != b"IHDR":
        raise _unreadable("its size is missing")
    width, height = struct.unpack(">II", _exactly(file, 16, 8))
    exif: int | None = None
    xmp: int | None = None
    colours: tuple[int, int] | None = None
    data_end = 0
    is_whole = False
    try:
        for name, offset, length in _chunks(file, 8, size, order=">II", overhead=12):
            if name == b"eXIf":
                exif = exif or exif_orientation(_at(file, offset, min(length, MAX_EXIF_BYTES)))
            elif name in {b"iTXt", b"zTXt"}:
                _check_png_text(name, _at(file, offset, length))
                xmp = xmp or _xmp_of_png(name, _at(file, offset, min(length, MAX_EXIF_BYTES)))
            elif name == b"cICP" and not data_end:
                primaries, transfer = _exactly(file, offset, 2)
                colours = primaries, transfer
            elif name == b"IDAT":
                data_end = offset + length + 4
            elif name == b"IEND" and data_end:
                is_whole = True
                break
    except _TruncatedError as error:
        if error.name == b"IDAT" and error.missing <= _PNG_TAIL_BYTES:
            data_end = size
        elif not data_end or error.name == b"IDAT":
            raise
    if not data_end:
        raise _unreadable("its end is missing")
    return Header((width, height), exif or xmp or 1, colours, truncated_at=0 if is_whole else data_end)


def _xmp_of_png(name: bytes, content: bytes) -> int | None:
    """Return the orientation of an XMP packet that is not compressed; PNG allows to compress it, which is unusual."""
    keyword, _, rest = content.partition(b"\0")
    is_packet = name == b"iTXt" and keyword == b"XML:com.adobe.xmp" and rest[:1] == b"\0"
    return _xmp_orientation(rest) if is_packet else None


def _check_png_text(name: bytes, content: bytes) -> None:
    """Refuse a compressed text of more than MAX_TEXT_BYTES. Unpacks no more than that."""
    _keyword, _, rest = content.partition(b"\0")
    if name == b"iTXt":
        if rest[:1] != b"\1":
            return
        # The method, a language and a translated keyword.
        packed = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    else:
        packed = rest[1:]
    with contextlib.suppress(zlib.error):
        if len(zlib.decompressobj().decompress(packed, MAX_TEXT_BYTES + 1)) > MAX_TEXT_BYTES:
            raise MediaError(
                "too-complex", "This photo carries a text of more than 1 MB. Save it again without texts and try that."
            )


def _png_delays(file: BinaryIO) -> Iterator[int]:
    """For how many milliseconds each frame of an animated PNG asks; none if it stands still."""
    is_animated = False
    for name, offset, length in _chunks(file, 8, file.seek(0, os.SEEK_END), order=">II", overhead=12):
        if name == b"acTL":
            is_animated = True
        elif name == b"fcTL" and is_animated and length == 26:
            numerator, denominator = struct.unpack(">HH", _exactly(file, offset + 20, 4))
            yield round(1000 * numerator / (denominator or 100))
        elif name == b"IEND" or (name == b"IDAT" and not is_animated):
            return


# --- WebP ---------------------------------------------------------------------------------------------------------


def _read_webp(file: BinaryIO, size: int) -> Header:
    """Read the size from the first picture or the extended header. What is cut off after the picture is not needed."""
    (declared,) = struct.unpack("<I", _exactly(file, 4, 4))
    end = declared + 8
    dimensions: tuple[int, int] | None = None
    exif: int | None = None
    xmp: int | None = None
    picture_end = 0
    is_whole = end <= size
    try:
        for name, offset, length in _chunks(file, 12, min(end, size), order="<II", overhead=8):
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
                exif = exif or exif_orientation(_at(file, offset, min(length, MAX_EXIF_BYTES)))
            elif name == b"XMP ":
                xmp = xmp or _xmp_orientation(_at(file, offset, min(length, MAX_EXIF_BYTES)))
            if name in {b"VP8 ", b"VP8L"}:
                picture_end = offset + length
    except _TruncatedError:
        if not picture_end:
            raise
        is_whole = False
    if dimensions is None:
        raise _unreadable("its size is missing")
    if not is_whole and not picture_end:
        raise _unreadable("its end is missing")
    return Header(dimensions, exif or xmp or 1, truncated_at=0 if is_whole else picture_end)


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


def _read_gif(file: BinaryIO, size: int) -> Header:
    """Read the size of the canvas, or of the first picture where that reaches beyond it.

    A first picture that is cut off is left to the decoder: it may lack no more than an end mark.
    """
    width, height = struct.unpack("<HH", _exactly(file, 6, 4))
    for picture in _gif_pictures(file, or_cut=True):
        across, down = picture.left + picture.width, picture.top + picture.height
        return Header((max(width, across), max(height, down)), truncated_at=size if picture.is_truncated else 0)
    raise _unreadable("it has no picture")


def _gif_delays(file: BinaryIO) -> Iterator[int]:
    """For how many milliseconds each frame asks. A picture that does not say is a part of the one before."""
    delays = (picture.delay for picture in _gif_pictures(file))
    yield 10 * (next(delays, None) or 0)
    yield from (10 * delay for delay in delays if delay is not None)


class _GifPicture(NamedTuple):
    """One picture of a GIF. `delay` is in hundredths of a second, None if it does not say."""

    delay: int | None
    left: int
    top: int
    width: int
    height: int
    is_truncated: bool = False


def _gif_pictures(file: BinaryIO, *, or_cut: bool = False) -> Iterator[_GifPicture]:
    """Yield each picture that is whole; with `or_cut` also one that ends with the file after some of its data."""
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
            begin = offset + 11 + _gif_colours(flags)
            picture = _GifPicture(delay, left, top, wide, high)
            try:
                offset = _after_gif_blocks(data, begin)
            except MediaError as error:
                if error.code != "unreadable" or not or_cut:
                    raise
                # Its first block has a length and a byte.
                data.at(begin, 2)
                picture = picture._replace(is_truncated=True)
            yield picture
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


def _read_avif(file: BinaryIO, size: int) -> Header:
    picture = read_picture(file, size)
    if picture.orientation is None:
        return Header(picture.size, heif_orientation(file, size) or 1, picture.colours)
    return Header(picture.size, picture.orientation, picture.colours)


def _read_heic(file: BinaryIO, size: int) -> Header:
    """Read the size after cutting and turning, both of which the decoder of HEIC does by itself.

    Where the file states no turning, some phones mean that of its EXIF, which the decoder leaves to us.
    """
    picture = read_picture(file, size)
    width, height = picture.clean_aperture or picture.size
    if picture.orientation is None:
        return Header((width, height), heif_orientation(file, size) or 1, picture.colours)
    return Header((height, width) if picture.orientation >= 5 else (width, height), 1, picture.colours)


_READERS: Final = {
    "JPEG": _read_jpeg,
    "PNG": _read_png,
    "WEBP": _read_webp,
    "GIF": _read_gif,
    "AVIF": _read_avif,
    "HEIC": _read_heic,
}

_DELAYS: Final = {"GIF": _gif_delays, "WEBP": _webp_delays, "PNG": _png_delays}
_SEQUENCE_BRANDS: Final = frozenset({b"avis", b"msf1", b"hevc", b"hevx"})
"""Main brands of files that are meant to be seen moving, and not as their main picture."""


def _moving(kind: str, file: BinaryIO, size: int) -> tuple[int, int]:
    """(frames, milliseconds) of a picture; (1, 0) of one that stands still."""
    if kind in _DELAYS:
        return _animation(_DELAYS[kind](file))
    if kind in {"AVIF", "HEIC"} and _at(file, 8, 4) in _SEQUENCE_BRANDS:
        with contextlib.suppress(DamagedError):
            sequence = read_sequence(file, size)
            if sequence and sequence.pictures.samples > 1:
                return sequence.pictures.samples, sequence.pictures.duration_ms
    return 1, 0


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


class _TruncatedError(MediaError):
    """Raised when the chunk `name` lacks `missing` bytes of what it announces."""

    def __init__(self, name: bytes, missing: int) -> None:
        super().__init__("unreadable", str(_unreadable("a part of it is missing")))
        self.name, self.missing = name, missing


def _chunks(file: BinaryIO, offset: int, end: int, *, order: str, overhead: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, offset of the content, length of the content) of PNG's chunks (length first) or RIFF's (name first)."""
    for _ in range(MAX_CHUNKS):
        if offset + 8 > end:
            return
        head = _exactly(file, offset, 8)
        first, second = struct.unpack(order, head)
        name, length = (head[4:], first) if order.startswith(">") else (head[:4], second)
        if (missing := offset + overhead + length - end) > 0:
            raise _TruncatedError(name, missing)
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


def _xmp_orientation(xmp: bytes) -> int | None:
    """Return the orientation that an XMP packet states, if it does; it counts where EXIF states none."""
    found = _XMP_ORIENTATION.search(xmp)
    return int(found[1]) if found else None
