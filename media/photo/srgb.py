"""Conversion to sRGB by an ICC profile or a lookup table."""

from __future__ import annotations

import contextlib
import io

from PIL import Image, ImageCms, ImageFilter

from media.photo import cicp


def to_srgb(image: Image.Image, profile: bytes | None, table: list[float] | None) -> Image.Image:
    """Return `image` in RGB and sRGB, without metadata; `table` is a result of `media.photo.cicp.to_srgb`.

    A profile that is damaged, or made for another colour mode, counts as sRGB.
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
        clean = clean.filter(ImageFilter.Color3DLUT(cicp.SIDE, table))
    # Pillow's encoders write comments, profiles and resolution from here.
    clean.info = {}
    return clean
