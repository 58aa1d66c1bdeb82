"""Decoding, turning, colours, sizes, encoding. Imported by the child process alone: nothing else loads a decoder."""

from __future__ import annotations

import base64
import contextlib
import io
import math
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, Final

from PIL import GifImagePlugin, Image, ImageCms, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from common.limits import MAX_PHOTO_PIXELS
from media.errors import MediaError
from media.probe import PhotoInfo


def _open_avif(file: BinaryIO) -> Image.Image:
    # Loaded only for its own files: a hole in its decoder is closed by the switch, and others do not wait for it.
    from PIL import AvifImagePlugin

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    return AvifImagePlugin.AvifImageFile(file)


def _open_heic(file: BinaryIO) -> Image.Image:
    import pillow_heif

    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.options.THUMBNAILS = pillow_heif.options.DEPTH_IMAGES = pillow_heif.options.AUX_IMAGES = False
    picture: Image.Image = pillow_heif.HeifImageFile(file)  # type: ignore[no-untyped-call]
    return picture


# Of Pillow's forty formats only these can be opened, whatever a file says it is.
_OPENERS: Final[dict[str, Callable[[BinaryIO], Image.Image]]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "AVIF": _open_avif,
    "HEIC": _open_heic,
}
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_STRIP_ROWS: Final = 256
_Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""
_WHITE: Final = (255, 255, 255)

# On photographs at 1440 px, WebP method 4 takes 1.8 times as long as method 2 and saves 4 % of the bytes.
_WEBP: Final[dict[str, Any]] = {"quality": 80, "method": 2}
_JPEG: Final[dict[str, Any]] = {"quality": 82, "progressive": True, "optimize": True, "subsampling": "4:2:0"}

PLACEHOLDER_SIDE: Final = 16
MAX_PLACEHOLDER_CHARS: Final = 200

Image.MAX_IMAGE_PIXELS = MAX_PHOTO_PIXELS


def widths_for(width: int, ladder: Sequence[int]) -> list[int]:
    """The widths to render a photo of `width` at: those of the ladder it has pixels for, and its own.

    Its own width is added when the ladder would lose more than a tenth of it, and when it is below the whole ladder.
    """
    rungs = [rung for rung in sorted(ladder) if rung <= width]
    if rungs and (len(rungs) == len(ladder) or width <= rungs[-1] * 1.1):
        return rungs
    return [*rungs, width]


def open_upright(
    file: BinaryIO, info: PhotoInfo, size: tuple[int, int], box: tuple[int, int, int, int] | None = None
) -> Image.Image:
    """The picture upright, in sRGB, opaque: its part `box` (by default all), shrunk to `size` (width, height).

    Both are as people see it. Cuts and shrinks before everything else: profile, transparency and turning then cost
    next to nothing, and a picture of 60 megapixels is never held twice.
    """
    image = _OPENERS[info.format](file)
    if image.size != info.stored_size:
        raise MediaError("unreadable", "This photo is damaged: it has two sizes. Save or export it again and try that.")
    profile = image.info.get("icc_profile")
    stored = (size[1], size[0]) if info.orientation >= 5 else size
    whole = box in {None, (0, 0, info.width, info.height)}
    part: _Box = (0, 0, *image.size) if whole or not box else _box_in_file(box, info)
    # A JPEG can be decoded at a half, a quarter or an eighth for a fraction of the time (51 dB from the slow way).
    if info.format == "JPEG":
        image.draft(None, _size_for(image.size, part, stored))
        across, down = image.width / info.stored_size[0], image.height / info.stored_size[1]
        part = (0, 0, *image.size) if whole else (part[0] * across, part[1] * down, part[2] * across, part[3] * down)
    factor = max(1, int(min((part[2] - part[0]) // stored[0], (part[3] - part[1]) // stored[1])) // 2)
    small, part = _flatten(image, factor, part)
    del image
    if whole:
        part = (0, 0, *small.size)
    if small.size != stored or part != (0, 0, *stored):
        small = small.resize(stored, Image.Resampling.LANCZOS, box=part, reducing_gap=2.0)
    if info.orientation in _TURNS:
        small = small.transpose(_TURNS[info.orientation])
    return _to_srgb(small, profile)


def _box_in_file(box: tuple[int, int, int, int], info: PhotoInfo) -> _Box:
    """Where `box` of the upright picture lies in the one that the file stores."""
    left, top, right, bottom = box
    if info.orientation in {2, 3, 6, 7}:
        left, right = info.width - right, info.width - left
    if info.orientation in {3, 4, 7, 8}:
        top, bottom = info.height - bottom, info.height - top
    return (top, left, bottom, right) if info.orientation >= 5 else (left, top, right, bottom)


def _size_for(whole: tuple[int, int], part: _Box, size: tuple[int, int]) -> tuple[int, int]:
    """What a picture of size `whole` can be shrunk to so that its `part` still has `size`."""
    return (
        math.ceil(size[0] * whole[0] / (part[2] - part[0])),
        math.ceil(size[1] * whole[1] / (part[3] - part[1])),
    )


def encode_webp(image: Image.Image) -> bytes:
    return _encode(image, "WEBP", **_WEBP)


def encode_jpeg(image: Image.Image) -> bytes:
    return _encode(image, "JPEG", **_JPEG)


def placeholder(image: Image.Image) -> str:
    """A data: URI below MAX_PLACEHOLDER_CHARS: the picture in PLACEHOLDER_SIDE, to be shown blurred while it loads."""
    scale = PLACEHOLDER_SIDE / max(image.size)
    tiny = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.BOX)
    uri = ""
    for quality in (30, 15, 0):
        uri = "data:image/webp;base64," + base64.b64encode(_encode(tiny, "WEBP", quality=quality, method=6)).decode()
        if len(uri) < MAX_PLACEHOLDER_CHARS:
            break
    return uri


def shrink(image: Image.Image, width: int) -> Image.Image:
    """The same picture, `width` wide; itself if it is that wide already."""
    if width == image.width:
        return image
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)


def _encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    output = io.BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


def _flatten(image: Image.Image, factor: int, part: _Box) -> tuple[Image.Image, _Box]:
    """`image` in L, RGB or CMYK, transparent parts on white, `factor` × `factor` pixels averaged into one.

    It may be cut to what `part` needs; returns also where `part` then is.
    """
    image.load()
    simple = image.mode in {"L", "RGB", "CMYK"} and not image.has_transparency_data
    if simple and factor == 1:
        return image, part
    left, top, right, bottom = (math.floor(part[0]), math.floor(part[1]), math.ceil(part[2]), math.ceil(part[3]))
    right, bottom = min(right, image.width), min(bottom, image.height)
    moved = (
        (part[0] - left) / factor,
        (part[1] - top) / factor,
        (min(part[2], right) - left) / factor,
        (min(part[3], bottom) - top) / factor,
    )
    if simple:
        return image.reduce(factor, (left, top, right, bottom)), moved
    flat = Image.new("RGB", (-(-(right - left) // factor), -(-(bottom - top) // factor)))
    rows = -(-_STRIP_ROWS // factor) * factor
    for row in range(top, bottom, rows):
        strip = _opaque(image.crop((left, row, right, min(row + rows, bottom))))
        flat.paste(strip.reduce(factor) if factor > 1 else strip, (0, (row - top) // factor))
    return flat, moved


def _opaque(strip: Image.Image) -> Image.Image:
    if strip.mode in {"I;16", "I;16L", "I;16B", "I"}:
        # convert() alone would clip all but the darkest 256 of 65,536 greys to white.
        return strip.point(lambda grey: grey * (1 / 257)).convert("L").convert("RGB")
    if not strip.has_transparency_data:
        return strip.convert("RGB")
    strip = strip.convert("RGBA")
    white = Image.new("RGB", strip.size, _WHITE)
    white.paste(strip, mask=strip.getchannel("A"))
    return white


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """`image` in RGB with no metadata; a profile that is broken or of another kind of picture counts as sRGB."""
    converted: Image.Image | None = None
    if profile:
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), ImageCms.Intent.PERCEPTUAL, outputMode="RGB"
            )
    clean = converted or (image if image.mode == "RGB" else image.convert("RGB"))
    # Pillow's encoders write what they find here: comments, profiles, resolution.
    clean.info = {}
    return clean
