"""Photos of the demo content, scaled for the style guide."""

from __future__ import annotations

from functools import cache
from io import BytesIO

from django.conf import settings
from PIL import Image

FOLDER = settings.BASE_DIR / "demo" / "photos"
KEY_PREFIX = "sg"
SIDES = 2000
"""Sides are below this number of pixels."""
GREY = (138, 148, 160)
FALLBACK_SIZE = (640, 480)
"""A grey area of this size replaces photos if the demo content is not installed."""


def key_of(name: str, side: int) -> str:
    """Return the key under which `Media.url_of` and avatars lead to a photo that fits into `side` px.

    It has eight characters, as the short names of keys in pages have.
    """
    names = _names()
    number = names.index(name) if name in names else len(names)
    return f"{KEY_PREFIX}{number * SIDES + side:06d}.jpg"


def photo_of(number: int) -> tuple[str, int]:
    """Return the name, "" if it is not installed, and the side of the photo whose key has this number."""
    names, index = _names(), number // SIDES
    return names[index] if index < len(names) else "", number % SIDES


@cache
def _names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.jpg"))


@cache
def scaled(name: str, side: int) -> tuple[bytes, int, int]:
    """Return a photo as JPEG that fits into `side` px, with its width and height."""
    path = FOLDER / f"{name}.jpg"
    with Image.open(path) if path.exists() else Image.new("RGB", FALLBACK_SIZE, GREY) as image, BytesIO() as file:
        image.thumbnail((side, side))
        image.save(file, "JPEG", quality=80)
        return file.getvalue(), image.width, image.height
