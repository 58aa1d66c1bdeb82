"""Decoding, turning, colours, sizes, encoding. Imported by the child process alone: nothing else loads a decoder."""

from __future__ import annotations

import base64
import contextlib
import io
import math
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, Final

from PIL import GifImagePlugin, Image, ImageCms, ImageFilter, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from common.limits import MAX_PHOTO_PIXELS
from media import colours
from media.errors import MediaError
from media.ffmpeg_decoder import decode, is_large
from media.probe import PhotoInfo
from media.truncated import open_truncated


def _open_avif(file: BinaryIO) -> Image.Image:
    # Loaded only for its own files: a hole in its decoder is closed by the switch, and others do not wait for it.
    from PIL import AvifImagePlugin

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    return AvifImagePlugin.AvifImageFile(file)


class _Heic:
    """As much of a picture as is needed to cut strips of it: Pillow's own would be a second copy, a third larger."""

    has_transparency_data = True

    def __init__(self, file: BinaryIO) -> None:
        import pillow_heif

        options = pillow_heif.options
        options.DECODE_THREADS = 1
        options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
        pictures: Any = pillow_heif.open_heif(file, remove_stride=False)
        self._picture: Any = pictures[pictures.primary_index]
        self.size: tuple[int, int] = self._picture.size
        self.mode: str = self._picture.mode
        self.info: dict[str, Any] = self._picture.info

    @property
    def width(self) -> int:
        return self.size[0]

    @property
    def height(self) -> int:
        return self.size[1]

    def load(self) -> None:
        self._picture.load()
        if self._picture.size != self.size:
            raise _two_sizes()

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        left, top, right, bottom = box
        stride = self._picture.stride
        rows: Any = memoryview(self._picture.data)[top * stride : bottom * stride]
        size = self.width, bottom - top
        strip = Image.frombuffer(self.mode, size, rows, "raw", self.mode, stride, 1)
        return strip.crop((left, 0, right, bottom - top))


# Of Pillow's forty formats only these can be opened, whatever a file says it is.
_OPENERS: Final[dict[str, Callable[[BinaryIO], Image.Image | _Heic]]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "AVIF": _open_avif,
    "HEIC": _Heic,
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
    file: BinaryIO,
    info: PhotoInfo,
    size: tuple[int, int],
    box: tuple[int, int, int, int] | None = None,
    *,
    ffmpeg: str = "",
) -> Image.Image:
    """The picture upright, in sRGB, opaque: its part `box` (by default all), shrunk to `size` (width, height).

    Both are as people see it. Cuts and shrinks before everything else: profile, transparency and turning then cost
    next to nothing, and a picture of 60 megapixels is never held twice. `ffmpeg` is the program for large ones.
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
    image = _OPENERS[info.format](file)
    if image.size != info.stored_size:
        raise _two_sizes()
    table = colours.to_srgb(*info.colours) if info.colours else None
    # The numbers of a PNG count more than its profile; where those of others do not, `info` has none.
    profile = None if info.colours else image.info.get("icc_profile")
    stored = (size[1], size[0]) if info.orientation >= 5 else size
    part = _box_in_file(box or (0, 0, info.width, info.height), info)
    small: Image.Image | None = None
    if ffmpeg and is_large(info) and image.mode == "RGB" and info.frames == 1:
        # Its header is all that was needed of Pillow; of an animation, ffmpeg's first picture may be but a patch.
        small = decode(ffmpeg, info, stored, part)
    if small is None:
        flat, rest = _reduced(image, info, stored, part)
        # Its memory, before more is needed.
        del image
        small = flat.resize(stored, Image.Resampling.LANCZOS, box=rest, reducing_gap=2.0)
    if info.orientation in _TURNS:
        small = small.transpose(_TURNS[info.orientation])
    return _to_srgb(small, profile, table)


def _two_sizes() -> MediaError:
    return MediaError("unreadable", "This photo is damaged: it has two sizes. Save or export it again and try that.")


def _box_in_file(box: tuple[int, int, int, int], info: PhotoInfo) -> tuple[int, int, int, int]:
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


def _reduced(
    image: Image.Image | _Heic, info: PhotoInfo, size: tuple[int, int], box: tuple[int, int, int, int]
) -> tuple[Image.Image, _Box]:
    """A picture in L, RGB or CMYK, transparent parts on white, that shows at least the part `box` of `image`.

    And where in it that part is: a few times as large as `size`.
    """
    part: _Box = box
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        # It can be decoded at a half, a quarter or an eighth for a fraction of the time (51 dB from the slow way).
        image.draft(None, _size_for(image.size, part, size))
        times = round(info.stored_size[0] / image.width)
        part = box[0] / times, box[1] / times, min(box[2] / times, image.width), min(box[3] / times, image.height)
    image.load()
    factor = max(1, int(min((part[2] - part[0]) // size[0], (part[3] - part[1]) // size[1])) // 2)
    if isinstance(image, _Heic) or image.mode not in {"L", "RGB", "CMYK"} or image.has_transparency_data:
        return _flattened(image, part, factor, size[0])
    if factor == 1:
        return image, part
    region = _pixels_around(part)
    return image.reduce(factor, region), _within(part, region, factor)


def _flattened(image: Image.Image | _Heic, part: _Box, factor: int, width: int) -> tuple[Image.Image, _Box]:
    """The strips of `image` in RGB, transparent parts on white; and where in that `part` is.

    `factor` × `factor` pixels are averaged into one. Where that is 1, strips are brought to `width` one by one: just
    what `resize` does first of all, so that no second picture of full size is needed.
    """
    region = _pixels_around(part)
    left, top, right, bottom = region
    there = _within(part, region, factor)
    across = -(-(right - left) // factor) if factor > 1 else width
    flat = Image.new("RGB", (across, -(-(bottom - top) // factor)))
    rows = -(-_STRIP_ROWS // factor) * factor
    for row in range(top, bottom, rows):
        strip = _opaque(image.crop((left, row, right, min(row + rows, bottom))))
        if factor > 1:
            strip = strip.reduce(factor)
        elif strip.width != width or there[0] or there[2] != width:
            ends = (there[0], 0, there[2], strip.height)
            strip = strip.resize((width, strip.height), Image.Resampling.LANCZOS, box=ends)
        flat.paste(strip, (0, (row - top) // factor))
    return flat, there if factor > 1 else (0, there[1], width, there[3])


def _pixels_around(part: _Box) -> tuple[int, int, int, int]:
    return math.floor(part[0]), math.floor(part[1]), math.ceil(part[2]), math.ceil(part[3])


def _within(part: _Box, region: tuple[int, int, int, int], factor: int) -> _Box:
    """Where `part` is in a picture that was cut to `region` and shrunk by `factor`."""
    left, top = region[:2]
    return (part[0] - left) / factor, (part[1] - top) / factor, (part[2] - left) / factor, (part[3] - top) / factor


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


def _to_srgb(image: Image.Image, profile: bytes | None, table: list[float] | None) -> Image.Image:
    """`image` in RGB with no metadata, its colours told by a profile or else by a table.

    A profile that is broken or of another kind of picture counts as sRGB.
    """
    converted: Image.Image | None = None
    if profile:
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), ImageCms.Intent.PERCEPTUAL, outputMode="RGB"
            )
    clean = converted or (image if image.mode == "RGB" else image.convert("RGB"))
    if table:
        clean = clean.filter(ImageFilter.Color3DLUT(colours.SIDE, table))
    # Pillow's encoders write what they find here: comments, profiles, resolution.
    clean.info = {}
    return clean
