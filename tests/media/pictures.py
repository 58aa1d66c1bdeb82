"""Images for tests, and helpers to inspect rendered images."""

from __future__ import annotations

import io
import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image, ImageChops, ImageStat

pillow_heif.register_heif_opener()

FILES = Path(__file__).resolve().parent.parent / "files"
BAD = FILES / "bad"
ORIGINALS = FILES / "originals"
EXPECTED = json.loads((BAD / "expected.json").read_text())
HOSTILE_NAMES = json.loads((BAD / "hostile-names.json").read_text())


def encoded(image: Image.Image, kind: str = "JPEG", **options) -> io.BytesIO:
    file = io.BytesIO()
    if kind == "HEIC" and "exif" in options:
        options["exif"] = options["exif"].tobytes()
    image.save(file, "HEIF" if kind == "HEIC" else kind, **options)
    file.seek(0)
    return file


def turned(first: str, *others: str) -> list[object]:
    """Return cases (format, EXIF orientation): all eight for the first format, 6 for others (the rest are `deep`)."""
    cases: list[object] = [(first, orientation) for orientation in range(1, 9)]
    for kind, orientation in product(others, range(1, 9)):
        cases.append(pytest.param(kind, orientation, marks=[] if orientation == 6 else [pytest.mark.deep]))
    return cases


def decoded(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def quarters(width: int = 400, height: int = 300) -> Image.Image:
    """Return an image of red, green, blue and white quarters, which shows its orientation."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("lime", (width // 2, 0, width, height // 2))
    image.paste("blue", (0, height // 2, width // 2, height))
    image.paste("white", (width // 2, height // 2, width, height))
    return image


def pixel(image: Image.Image, place: tuple[int, int]) -> Any:
    """Return a number for a grey picture, a tuple for others; untyped, because the test knows which."""
    return image.getpixel(place)


def corner_colours(image: Image.Image) -> list[tuple[int, int, int]]:
    """Return the colours of the four quarters, clockwise from the top left, with channels rounded to 0 or 255."""
    w, h = image.size
    places = [(w // 4, h // 4), (3 * w // 4, h // 4), (3 * w // 4, 3 * h // 4), (w // 4, 3 * h // 4)]
    rgb = image.convert("RGB")
    colours = [pixel(rgb, place) for place in places]
    return [(255 * (r > 127), 255 * (g > 127), 255 * (b > 127)) for r, g, b in colours]


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two images of the same size, in levels of 0 to 255."""
    assert one.size == other.size
    stat = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB")))
    return sum(stat.mean) / 3


def jpeg_of_many_scans(scans: int, side: int = 400) -> io.BytesIO:
    """Return a small progressive JPEG with its last scan repeated; the decoder passes over the image for each."""
    data = encoded(Image.linear_gradient("L").resize((side, side)), progressive=True, quality=50).getvalue()
    starts = [match.start() for match in re.finditer(b"\xff\xda", data)]
    last = data[starts[-1] : -2]
    return io.BytesIO(data[: starts[-1]] + last * (scans - len(starts) + 1) + b"\xff\xd9")
