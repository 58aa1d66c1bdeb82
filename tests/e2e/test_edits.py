"""Edits look the same in the browser's preview and in the published renditions."""

from __future__ import annotations

import base64
import io
import json
import math
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from common.limits import MIN_PHOTO_SIDE
from media.edit.apply import apply_edits
from media.edit.crop import RATIOS, crop_box
from media.edit.filters import FILTERS
from media.edit.parse import ADJUSTMENTS, parse_edits
from media.photo.render import render_photo

ORIGINALS = Path(__file__).resolve().parent.parent / "files" / "originals"
PHOTO = ORIGINALS / "hazel-dragonfly-display-p3-13mp.jpg"
UPRIGHT = ORIGINALS / "wisteria-portrait-orientation-6-gps.jpg"
MIXED = {"filter": "reel", "brightness": 25, "contrast": -30, "saturation": 40, "warmth": -35, "vignette": 60}

MAX_DIFFERENCE, MAX_MEAN_DIFFERENCE = 2, 0.5
"""The largest differences allowed, in levels of 255."""
MIN_GREY_DB, MIN_COLOUR_DB = 35, 39
"""The least peak signal-to-noise ratios."""

LOAD = """async ([module, filters]) => {
  window.edits = await import(module);
  return window.edits.useFilters(filters);
}"""
# The browser's own canvas and decoder are used; the results are raw RGBA pixels in Base64.
APPLY = """([pixels, width, height, edits]) => {
  const data = Uint8ClampedArray.from(atob(pixels), (one) => one.charCodeAt(0));
  const picture = window.edits.applyEdits(new ImageData(data, width, height), edits);
  return btoa(Array.from(picture.data, (one) => String.fromCharCode(one)).join(""));
}"""
PREVIEW = """async ([jpeg, edits, width, height]) => {
  const bytes = Uint8Array.from(atob(jpeg), (one) => one.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
  const rect = window.edits.cropRect(edits, picture.width, picture.height);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, rect.x, rect.y, rect.width, rect.height, 0, 0, width, height);
  const drawn = window.edits.applyEdits(context.getImageData(0, 0, width, height), edits);
  return btoa(Array.from(drawn.data, (one) => String.fromCharCode(one)).join(""));
}"""


@pytest.fixture
def page(open_browser):
    page = open_browser()
    page.goto("/")
    # Load the module as the composer does, under the content security policy of the site.
    names = page.evaluate(LOAD, ["/static/js/edits.js", FILTERS])
    assert names == [{"id": one["id"], "name": one["name"]} for one in FILTERS]
    return page


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """Return a real photo with a scale of all greys and one of saturated colours pasted into its corner."""
    with Image.open(PHOTO) as opened:
        opened.draft("RGB", (528, 396))
        photo = ImageOps.fit(opened.convert("RGB"), (480, 360))
    hues = Image.merge(
        "HSV", [Image.linear_gradient("L"), Image.linear_gradient("L").rotate(90), Image.new("L", (256, 256), 255)]
    )
    photo.paste(hues.convert("RGB").resize((90, 90)), (0, 0))
    photo.paste(Image.linear_gradient("L").resize((90, 90)), (90, 0))
    return photo


def edited_in_browser(page, photo: Image.Image, edits: dict) -> Image.Image:
    pixels = base64.b64encode(photo.convert("RGBA").tobytes()).decode()
    answer = base64.b64decode(page.evaluate(APPLY, [pixels, *photo.size, edits]))
    return Image.frombytes("RGBA", photo.size, answer).convert("RGB")


def differences(one: Image.Image, other: Image.Image) -> tuple[int, float]:
    """Return the largest and the mean difference of two pictures, in levels of 255."""
    off = ImageChops.difference(one, other)
    extrema: Any = off.getextrema()
    return max(most for _, most in extrema), sum(ImageStat.Stat(off).mean) / 3


def psnr(one: Image.Image, other: Image.Image) -> float:
    """Return the peak signal-to-noise ratio."""
    squares = ImageStat.Stat(ImageChops.difference(one, other)).sum2
    return 10 * math.log10(255**2 / (sum(squares) / len(squares) / (one.width * one.height)))


EACH: list[dict[str, Any]] = [{"filter": one["id"]} for one in FILTERS]
EACH += [{name: end} for name, ends in ADJUSTMENTS.items() for end in ends if end]
EACH += [MIXED, MIXED | {"filter": "umber", "vignette": 100}, {"warmth": 100, "saturation": 100}]


def test_every_filter_and_adjustment_has_the_same_pixels_in_the_preview(page, photo):
    found = {}
    no_edits: dict[str, Any] = {}
    for edits in [no_edits, *EACH]:
        assert parse_edits(edits) == edits
        found[json.dumps(edits)] = differences(edited_in_browser(page, photo, edits), apply_edits(photo.copy(), edits))
        assert edits == {} or differences(apply_edits(photo.copy(), edits), photo)[1] > 0.5

    print(f"\nlargest {max(most for most, _ in found.values())}, mean {max(mean for _, mean in found.values()):.3f}")
    assert max(found["{}"]) == 0
    assert {name: off for name, off in found.items() if off[0] > MAX_DIFFERENCE or off[1] > MAX_MEAN_DIFFERENCE} == {}


@pytest.mark.parametrize(
    ("path", "width", "edits"),
    [
        (PHOTO, 1080, MIXED),
        pytest.param(
            PHOTO,
            810,
            {"filter": "ember", "crop": {"ratio": "1:1", "x": 0.125, "y": 0, "width": 0.75, "height": 1}},
            marks=pytest.mark.deep,
        ),
        (UPRIGHT, 648, {"filter": "linen", "vignette": 40, "crop": {"x": 0.2, "y": 0.1, "width": 0.6, "height": 0.6}}),
        pytest.param(
            UPRIGHT,
            1080,
            {"warmth": 60, "crop": {"ratio": "4:5", "y": 0.03125, "height": 0.9375}},
            marks=pytest.mark.deep,
        ),
    ],
    ids=["mixed", "square", "zoomed", "portrait"],
)
def test_published_renditions_look_like_the_preview(page, path, width, edits):
    """Compare grey per pixel and colour by means of 4 × 4 pixels, because JPEG and WebP store colour at half size.

    The differences come from compression, not from the edits: a WebP alone is at 39 dB from its source, and the
    preview starts from a JPEG.
    """
    edits = parse_edits(edits)
    with path.open("rb") as file:
        plain = render_photo(file, [1080]).renditions[0]
    with path.open("rb") as file:
        one = render_photo(file, [width], edits=edits).renditions[0]

    jpeg = base64.b64encode(plain.jpeg).decode()
    pixels = base64.b64decode(page.evaluate(PREVIEW, [jpeg, edits, one.width, one.height]))
    preview = Image.frombytes("RGBA", (one.width, one.height), pixels).convert("RGB")

    for data in (one.jpeg, one.webp):
        published = Image.open(io.BytesIO(data)).convert("RGB")
        grey = psnr(preview.convert("L"), published.convert("L"))
        colour = psnr(preview.reduce(4), published.reduce(4))
        print(f"\n{path.name}, {one.width} px: {grey:.1f} dB in grey, {colour:.1f} dB in colour")
        assert grey >= MIN_GREY_DB
        assert colour >= MIN_COLOUR_DB


def test_browser_and_server_have_the_same_adjustments_and_ratios(page):
    offered = page.evaluate("() => [window.edits.ADJUSTMENTS, window.edits.RATIOS]")

    assert {one["id"]: (one["min"], one["max"]) for one in offered[0]} == ADJUSTMENTS
    assert {one["id"]: one["value"] for one in offered[1]} == pytest.approx(RATIOS)


def test_browser_and_server_agree_on_which_edits_are_neutral(page):
    neutral = [None, {}, {"crop": None, "filter": "", "warmth": 0}, {"crop": {"ratio": "original"}}]
    others = [MIXED, {"vignette": 1}, {"crop": {"ratio": "1:1"}}, {"crop": {"x": 0.5, "width": 0.5}}]

    is_neutral = page.evaluate("all => all.map((edits) => window.edits.isNeutral(edits))", [*neutral, *others])

    assert is_neutral == [True] * len(neutral) + [False] * len(others)
    assert [parse_edits(edits) == {} for edits in [*neutral, *others]] == is_neutral


def test_every_crop_made_by_the_browser_is_valid_on_the_server(page):
    made = "([ratio, size, zoom, x]) => window.edits.cropOf(ratio, ...size, zoom, { x, y: 0.9 })"
    sizes = [(4224, 3168), (1836, 2448), (1001, 333), (150, 450)]

    for size, ratio, (zoom, x) in product(sizes, RATIOS, ((1, 0.5), (1, 0), (2.7, 0.31), (7, 1))):
        edits = parse_edits({"crop": page.evaluate(made, [ratio, size, zoom, x])})
        if max(size) / zoom < 3 * MIN_PHOTO_SIDE:
            continue  # The crop may be smaller than the smallest photo allowed.
        left, top, right, bottom = crop_box(edits, *size)
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]
