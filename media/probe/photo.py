"""The probe of photos: format, dimensions, orientation and animation, within the site's limits."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from common.limits import MAX_PHOTO_BYTES, MAX_PHOTO_RATIO, MIN_PHOTO_RATIO
from media.errors import MediaError
from media.probe.gif import gif_delays, read_gif
from media.probe.heif import read_avif, read_heic
from media.probe.jpeg import read_jpeg
from media.probe.limits import MAX_ANIMATION_FRAMES, MAX_ANIMATION_PIXELS, check_photo_size
from media.probe.movie import read_sequence
from media.probe.png import png_delays, read_png
from media.probe.reader import DamagedError, Header, read_at
from media.probe.video import is_video
from media.probe.webp import read_webp, webp_delays

EXTENSIONS: Final = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "AVIF": ".avif",
    "HEIC": ".heic",
    "GIF": ".gif",
}
PHOTO_KINDS: Final = "JPEG, PNG, WebP, AVIF, HEIC or GIF"

_READERS: Final[dict[str, Callable[[BinaryIO, int], Header]]] = {
    "JPEG": read_jpeg,
    "PNG": read_png,
    "WEBP": read_webp,
    "GIF": read_gif,
    "AVIF": read_avif,
    "HEIC": read_heic,
}
_DELAYS: Final[dict[str, Callable[[BinaryIO], Iterator[int]]]] = {
    "GIF": gif_delays,
    "WEBP": webp_delays,
    "PNG": png_delays,
}
_SHORTEST_DELAY_MS: Final = 10
_DEFAULT_DELAY_MS: Final = 100

_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_STILL_BRANDS: Final = frozenset({b"avif", b"heic", b"heix", b"mif1"})
_SEQUENCE_BRANDS: Final = frozenset({b"avis", b"msf1", b"hevc", b"hevx"})
"""Main brands of files that are meant to be played as a sequence and not shown as their primary image."""
_HEIF_BRANDS: Final = _AVIF_BRANDS | {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


@dataclass(frozen=True)
class PhotoInfo:
    """A photo that passed the probe and can be decoded. Sizes are in pixels, after the orientation is applied."""

    format: str
    """A key of EXTENSIONS."""
    width: int
    height: int
    bytes: int
    orientation: int
    """The EXIF orientation to apply to the decoded image; 5 to 8 swap width and height. 1 for most HEIC, whose decoder
    rotates."""
    frames: int = 1
    """Number of complete frames of an animated GIF, WebP, PNG, AVIF or HEIC."""
    duration_ms: int = 0
    """Total duration of the frames; 0 for a still image."""
    colours: tuple[int, int] | None = None
    """(primaries, transfer) as numbered by ITU-T H.273 (CICP), or None.

    In PNG they take precedence over an ICC profile. In AVIF and HEIC a profile takes precedence, and this is None.
    """
    truncated_at: int = 0
    """Offset of the end of usable data in a file without an end marker, whose image may be complete; otherwise 0."""

    @property
    def needs_crop(self) -> bool:
        """Return True if the photo is wider or taller than posts allow, and must be cropped to be shared."""
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


def probe_photo(file: BinaryIO, *, without: Collection[str] = (), is_avatar: bool = False) -> PhotoInfo:
    """Return the properties of a photo within the site's limits, and rewind `file`.

    `without` lists formats, in lower case, whose decoders are switched off. `is_avatar` applies the limits of profile
    pictures, which are cropped to a square and shown small. Raises MediaError with one of the codes empty, too-large,
    unsupported, switched-off, unreadable, too-small, too-many-pixels, shape, too-complex.

    Cost: one read per chunk or box for PNG, WebP, AVIF and HEIC; for JPEG one pass over the file, 1 to 2 ms for a
    phone's photo and about 15 ms for 30 MB.
    """
    try:
        size = file.seek(0, os.SEEK_END)
        if size == 0:
            raise MediaError("empty", "This file is empty. Choose it again, or choose another one.")
        if size > MAX_PHOTO_BYTES:
            raise MediaError(
                "too-large",
                f"This photo is larger than {_megabytes(MAX_PHOTO_BYTES)}. Make it smaller and try again.",
            )
        kind, header = _read_header(file, size, without)
        width, height = header.size
        if header.orientation >= 5:
            width, height = height, width
        check_photo_size(width, height, is_avatar=is_avatar)
        # Animations are shown as their first frame if videos are switched off.
        frames, duration_ms = (1, 0) if "video" in without else _animation(kind, file, size)
        info = PhotoInfo(
            kind, width, height, size, header.orientation, frames, duration_ms, header.colours, header.truncated_at
        )
        if info.is_animated and info.needs_crop and not is_avatar:
            raise MediaError(
                "shape",
                f"This animation has {width:,} × {height:,} pixels. One side can be at most "
                f"{MAX_PHOTO_RATIO:.0f} times the other. Crop it and try again.",
            )
        return info
    finally:
        file.seek(0)


def _read_header(file: BinaryIO, size: int, without: Collection[str]) -> tuple[str, Header]:
    kind = _kind_of(read_at(file, 0, 64))
    if kind.lower() in without:
        raise MediaError("switched-off", f"{kind} photos aren’t accepted right now. Save it as JPEG and try again.")
    try:
        return kind, _READERS[kind](file, size)
    except DamagedError as error:
        raise MediaError(
            "unreadable", f"This photo is damaged: {error}. Save or export it again and try again."
        ) from error


def _kind_of(head: bytes) -> str:
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if is_heif(head):
        return "AVIF" if _brands(head) & _AVIF_BRANDS else "HEIC"
    if is_video(head):
        raise MediaError("unsupported", f"This is a video. Choose a photo in {PHOTO_KINDS}.")
    raise MediaError("unsupported", f"We can’t read this file as a photo. Use {PHOTO_KINDS}.")


def is_heif(head: bytes) -> bool:
    """Return True if a file that begins with `head` is HEIC or AVIF: by its main brand, or by a brand of still images
    in its list of compatible brands."""
    return head[4:8] == b"ftyp" and (head[8:12] in _HEIF_BRANDS or not _STILL_BRANDS.isdisjoint(_brands(head)))


def _brands(head: bytes) -> set[bytes]:
    # The main brand, four bytes of version, and the compatible brands.
    (length,) = struct.unpack_from(">I", head)
    return {head[8:12], *(head[at : at + 4] for at in range(16, min(length, len(head)), 4))}


def _animation(kind: str, file: BinaryIO, size: int) -> tuple[int, int]:
    """Return (frames, milliseconds) of an animation, or (1, 0) for a still image."""
    if kind in _DELAYS:
        return _sum_of_delays(_DELAYS[kind](file))
    if kind in {"AVIF", "HEIC"} and read_at(file, 8, 4) in _SEQUENCE_BRANDS:
        with contextlib.suppress(DamagedError):
            sequence = read_sequence(file, size)
            if sequence and sequence.pictures.samples > 1:
                return sequence.pictures.samples, sequence.pictures.duration_ms
    return 1, 0


def _sum_of_delays(delays: Iterator[int]) -> tuple[int, int]:
    """Return (frames, milliseconds) up to the first damaged frame, or (1, 0) for a still image."""
    frames = duration_ms = 0
    with contextlib.suppress(DamagedError, MediaError):
        for delay in delays:
            frames += 1
            # Browsers and ffmpeg also show frames with a delay of at most 10 ms for 100 ms.
            duration_ms += delay if delay > _SHORTEST_DELAY_MS else _DEFAULT_DELAY_MS
            if frames > MAX_ANIMATION_FRAMES:
                break
    return (frames, duration_ms) if frames > 1 else (1, 0)


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f}".removesuffix(".0") + " MB"
