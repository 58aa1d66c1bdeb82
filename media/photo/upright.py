"""Opening of a photo: decode, crop, shrink, rotate, and convert to sRGB."""

from __future__ import annotations

from typing import BinaryIO, Final

from PIL import Image

from media.photo import cicp, ffmpeg_decoder
from media.photo.decoders import OPENERS, size_mismatch
from media.photo.flatten import reduce_and_flatten
from media.photo.png_profile import png_profile
from media.photo.srgb import to_srgb
from media.photo.truncated import open_truncated
from media.probe import PhotoInfo

_TRANSPOSITIONS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Transpositions by EXIF orientation."""


def open_upright(
    file: BinaryIO,
    info: PhotoInfo,
    size: tuple[int, int],
    box: tuple[int, int, int, int] | None = None,
    *,
    ffmpeg: str = "",
) -> Image.Image:
    """Return the part `box` of a photo (by default the whole photo) at `size`, upright, opaque and in sRGB.

    `box` (left, top, right, bottom) and `size` (width, height) are in pixels after the orientation is applied. `ffmpeg`
    is the path of the program that decodes large images, or "". Raises MediaError if the file is damaged; decoders may
    raise any exception.

    Crops and shrinks first, so that colours, transparency and rotation cost little and an image of 60 megapixels is
    never in memory twice.
    """
    if info.truncated_at:
        return open_truncated(file, info, lambda one: _open_upright(one, info, size, box))
    return _open_upright(file, info, size, box, ffmpeg=ffmpeg)


def _open_upright(
    file: BinaryIO,
    info: PhotoInfo,
    size: tuple[int, int],
    box: tuple[int, int, int, int] | None,
    *,
    ffmpeg: str = "",
) -> Image.Image:
    image = OPENERS[info.format](file)
    if image.size != info.stored_size:
        raise size_mismatch()
    table = cicp.to_srgb(*info.colours) if info.colours else None
    # `info.colours` is only set where it takes precedence over a profile.
    profile = None if info.colours else image.info.get("icc_profile")
    implied = png_profile(image.info) if info.format == "PNG" and not (info.colours or profile) else None
    stored = (size[1], size[0]) if info.orientation >= 5 else size
    part = _to_stored_box(box or (0, 0, info.width, info.height), info)
    small: Image.Image | None = None
    if ffmpeg and ffmpeg_decoder.is_large(info) and image.mode == "RGB" and info.frames == 1:
        # Pillow has only read the header. Excludes animations, whose first frame in ffmpeg may be a mere patch.
        small = ffmpeg_decoder.decode(ffmpeg, info, stored, part)
    if small is None:
        flat, rest = reduce_and_flatten(image, info, stored, part)
        # Frees the decoded image before more memory is needed.
        del image
        small = flat.resize(stored, Image.Resampling.LANCZOS, box=rest, reducing_gap=2.0)
    if info.orientation in _TRANSPOSITIONS:
        small = small.transpose(_TRANSPOSITIONS[info.orientation])
    if implied:
        # Such a profile is for RGB, also if the PNG is grey.
        return to_srgb(small.convert("RGB"), implied, None)
    return to_srgb(small, profile, table)


def _to_stored_box(box: tuple[int, int, int, int], info: PhotoInfo) -> tuple[int, int, int, int]:
    """Convert a box of the upright photo to the image as stored."""
    left, top, right, bottom = box
    if info.orientation in {2, 3, 6, 7}:
        left, right = info.width - right, info.width - left
    if info.orientation in {3, 4, 7, 8}:
        top, bottom = info.height - bottom, info.height - top
    return (top, left, bottom, right) if info.orientation >= 5 else (left, top, right, bottom)
