"""The image decoders. Imported by the renderer's child process alone; no other process loads a decoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, Final

from PIL import GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from common.limits import MAX_PHOTO_PIXELS
from media.errors import MediaError

Image.MAX_IMAGE_PIXELS = MAX_PHOTO_PIXELS


class HeicImage:
    """Minimal image over pillow-heif that crops strips without the copy that `Image.open` makes (a third more memory).

    Has the attributes of Pillow's images that `media.photo.flatten` uses.
    """

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
        """Decode the image. Raises MediaError if its size differs from the header's."""
        self._picture.load()
        if self._picture.size != self.size:
            raise size_mismatch()

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """Return the part (left, top, right, bottom) of the decoded image; copies only these rows."""
        left, top, right, bottom = box
        stride = self._picture.stride
        rows: Any = memoryview(self._picture.data)[top * stride : bottom * stride]
        size = self.width, bottom - top
        strip = Image.frombuffer(self.mode, size, rows, "raw", self.mode, stride, 1)
        return strip.crop((left, 0, right, bottom - top))


def size_mismatch() -> MediaError:
    return MediaError(
        "unreadable", "This photo is damaged: it states two different sizes. Save or export it again and try again."
    )


def _open_avif(file: BinaryIO) -> Image.Image:
    # Loaded for AVIF only: switching the format off keeps a vulnerable decoder out of the process, and other formats
    # do not wait for it to load.
    from PIL import AvifImagePlugin

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    return AvifImagePlugin.AvifImageFile(file)


OPENERS: Final[dict[str, Callable[[BinaryIO], Image.Image | HeicImage]]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "AVIF": _open_avif,
    "HEIC": HeicImage,
}
"""The opener of each format that the probe recognizes; none of Pillow's other formats, about forty, can be reached."""
