"""What people do to a photo before they share it: crop, filter, adjustments. `static/js/edits.js` computes the same.

Edits are JSON: {"crop": {"ratio", "x", "y", "width", "height"}, "filter", "brightness", "contrast", "saturation",
"warmth", "vignette"}, every key optional. All that concerns colour becomes one table of SIDE³ colours; between its
entries both sides interpolate in the same way. Whoever changes a formula or a number here changes it there too:
`tests/e2e/test_edits.py` compares the pixels.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from common.limits import MAX_PHOTO_RATIO, MIN_PHOTO_RATIO, MIN_PHOTO_SIDE
from media.errors import MediaError

if TYPE_CHECKING:
    from PIL import Image

FILTERS: Final[list[dict[str, Any]]] = json.loads(Path(__file__).with_name("filters.json").read_text())
"""In the order of the composer.

Of each: "mix" (shares of red, green and blue in a grey picture; absent in a coloured one), then "slope", "offset" and
"power" of each channel, then "contrast" (-1 to 1) and "saturation" (1 leaves it).
"""
RATIOS: Final[dict[str, float | None]] = {
    "original": None,
    "1:1": 1.0,
    "4:5": 4 / 5,
    "16:9": 16 / 9,
    # The limits: for photos beyond them, whose own ratio cannot be shared.
    "3:1": MAX_PHOTO_RATIO,
    "1:3": MIN_PHOTO_RATIO,
}
ADJUSTMENTS: Final = {
    "brightness": (-100, 100),
    "contrast": (-100, 100),
    "saturation": (-100, 100),
    "warmth": (-100, 100),
    "vignette": (0, 100),
}
MAX_EDITS_CHARS: Final = 2_000
"""Of the JSON: many times what the longest needs."""
RATIO_TOLERANCE: Final = 0.01

SIDE: Final = 17
"""Of the table: 16 levels from one entry to the next. 33 looked the same and took seven times as long."""

_COLOURS: Final = ("filter", "brightness", "contrast", "saturation", "warmth")
_FILTERS_BY_ID: Final = {one["id"]: one for one in FILTERS}
_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722
_STEPS: Final = [step / (SIDE - 1) for step in range(SIDE)]
_SQUARES: Final = 32_767
_STRIP_ROWS: Final = 256
_Colour = tuple[float, ...]
"""Red, green, blue."""


# --- What people send ----------------------------------------------------------------------------------------------


def parse_edits(raw: object, *, video: bool = False) -> dict[str, Any]:
    """`raw`, JSON or what was read from it, with only what changes something: {} for none.

    Raises MediaError "edits" with a sentence that names the field and its limit. Videos can only be cropped. Whether
    a crop fits its photo is for `crop_box`, where the size is known.
    """
    fields = _read(raw)
    if unknown := set(fields) - {"crop", "filter", *ADJUSTMENTS}:
        raise _invalid(f"These edits have {len(unknown)} fields that we do not know. Open the photo's edits again.")
    edits: dict[str, Any] = {}
    if (crop := _crop(fields.get("crop"))) is not None:
        edits["crop"] = crop
    if chosen := fields.get("filter"):
        if not isinstance(chosen, str) or chosen not in _FILTERS_BY_ID:
            raise _invalid(
                f"We have no such filter. Choose one of {', '.join(one['name'] for one in FILTERS)}, or none."
            )
        edits["filter"] = chosen
    for name, (least, most) in ADJUSTMENTS.items():
        if value := _whole_number(name, fields.get(name), least, most):
            edits[name] = value
    if video and edits.keys() - {"crop"}:
        raise _invalid("Videos can be cropped, but not filtered or adjusted. Remove the filter and the adjustments.")
    return edits


def _read(raw: object) -> Mapping[str, Any]:
    if isinstance(raw, str | bytes):
        if len(raw) > MAX_EDITS_CHARS:
            raise _invalid(f"These edits are longer than {MAX_EDITS_CHARS:,} characters. Open the photo's edits again.")
        try:
            raw = json.loads(raw) if raw.strip() else None
        except (ValueError, RecursionError) as error:
            raise _invalid("These edits cannot be read. Open the photo's edits again.") from error
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise _invalid("Edits must be an object with fields. Open the photo's edits again.")
    return raw


def _crop(crop: object) -> dict[str, Any] | None:
    if crop is None or crop == {}:
        return None
    if not isinstance(crop, Mapping) or set(crop) - {"ratio", "x", "y", "width", "height"}:
        raise _invalid("The crop must have ratio, x, y, width and height, and nothing else. Crop it again.")
    ratio = crop.get("ratio", "original")
    if not isinstance(ratio, str) or ratio not in RATIOS:
        raise _invalid(f"The crop's ratio must be one of {', '.join(RATIOS)}. Crop it again.")
    x, y = _fraction("x", crop.get("x", 0)), _fraction("y", crop.get("y", 0))
    width, height = _fraction("width", crop.get("width", 1)), _fraction("height", crop.get("height", 1))
    if not width or not height:
        raise _invalid("The crop's width and height must be above 0. Crop it again.")
    for names, end in (("x and width", x + width), ("y and height", y + height)):
        if end > 1.001:
            raise _invalid(f"The crop's {names} add up to {end:.3f}; they can reach at most 1. Crop it again.")
    if ratio == "original" and (x, y, width, height) == (0, 0, 1, 1):
        return None
    return {"ratio": ratio, "x": x, "y": y, "width": min(width, 1 - x), "height": min(height, 1 - y)}


def _fraction(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _invalid(f"The crop's {name} must be a number from 0 to 1. Crop it again.")
    return round(float(value), 6)


def _whole_number(name: str, value: object, least: int, most: int) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _invalid(f"{name.capitalize()} must be a whole number from {least} to {most}.")
    return value


def _invalid(sentence: str) -> MediaError:
    return MediaError("edits", sentence)


def crop_box(edits: Mapping[str, Any], width: int, height: int) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) in pixels of an original that people see as `width` × `height`.

    Of the very ratio that the crop names. Raises MediaError "edits" when it is of another, or smaller than a photo
    can be.
    """
    crop = edits.get("crop")
    if crop is None:
        return 0, 0, width, height
    ratio = RATIOS[crop["ratio"]] or width / height
    wide, high = crop["width"] * width, crop["height"] * height
    if abs(wide - high * ratio) > max(RATIO_TOLERANCE * wide, 1.5):
        raise _invalid(
            f"The crop is {wide / high:.2f} times as wide as high; its ratio, {crop['ratio']}, is {ratio:.2f}. "
            "Crop it again."
        )
    across = max(1, min(round(wide), round(height * ratio), width))
    down = max(1, min(round(across / ratio), height))
    if max(across, down) < MIN_PHOTO_SIDE:
        raise _invalid(
            f"The crop has {across:,} × {down:,} pixels; photos need at least {MIN_PHOTO_SIDE} on the longer side. "
            "Zoom out."
        )
    left = max(0, min(round(crop["x"] * width), width - across))
    top = max(0, min(round(crop["y"] * height), height - down))
    return left, top, left + across, top + down


def center_crop(width: int, height: int) -> dict[str, Any]:
    """Return the crop that leaves the most of a photo beyond our limits of shape: its middle."""
    if width > height:
        share = round(MAX_PHOTO_RATIO * height / width, 6)
        return {"ratio": "3:1", "x": round((1 - share) / 2, 6), "y": 0.0, "width": share, "height": 1.0}
    share = round(width / MIN_PHOTO_RATIO / height, 6)
    return {"ratio": "1:3", "x": 0.0, "y": round((1 - share) / 2, 6), "width": 1.0, "height": share}


def shape_problem(edits: Mapping[str, Any], width: int, height: int) -> str:
    """Say why a photo of `width` × `height` pixels, so edited, is too wide or too tall to share; "" if it is not."""
    crop = edits.get("crop") or {"ratio": "original"}
    ratio = RATIOS[crop["ratio"]] or width / height
    if ratio > MAX_PHOTO_RATIO:
        return "This photo is too wide. Crop it to 3:1 or less."
    return "This photo is too tall. Crop it to 1:3 or less." if ratio < MIN_PHOTO_RATIO else ""


# --- Colours -------------------------------------------------------------------------------------------------------


def apply_edits(image: Image.Image, edits: Mapping[str, Any]) -> Image.Image:
    """Return `image` (RGB, already cropped) with its colours adjusted; modifies `image`.

    Cost: for 1440 × 1800 pixels some 60 ms and two strips of memory beside the result.
    """
    # Here, so that a web process, which only reads edits, loads no Pillow.
    from PIL import ImageFilter

    if any(edits.get(name) for name in _COLOURS):
        image = image.filter(ImageFilter.Color3DLUT(SIDE, colour_table(edits)))
    if strength := edits.get("vignette"):
        _darken_corners(image, strength / 100)
    return image


def colour_table(edits: Mapping[str, Any]) -> list[float]:
    """Red, green and blue (0 to 1, and a little beyond) of SIDE³ colours: red grows first, then green, then blue."""
    grade = _FILTERS_BY_ID.get(edits.get("filter") or "")
    brightness, contrast, saturation, warmth = (edits.get(name, 0) / 100 for name in _COLOURS[1:])
    curves = [[_curved(step, grade, channel) for step in _STEPS] for channel in range(3)] if grade else [_STEPS] * 3
    table: list[float] = []
    for blue, green, red in product(range(SIDE), repeat=3):
        colour: _Colour = curves[0][red], curves[1][green], curves[2][blue]
        if grade:
            if mix := grade.get("mix"):
                grey = mix[0] * _STEPS[red] + mix[1] * _STEPS[green] + mix[2] * _STEPS[blue]
                colour = tuple(_curved(grey, grade, channel) for channel in range(3))
            colour = tuple(map(_clamped, _saturated(colour, grade["saturation"])))
        if brightness or contrast:
            colour = tuple(_contrasted(_brightened(one, brightness), contrast) for one in colour)
        if saturation:
            colour = _saturated(colour, 1 + saturation * (0.8 if saturation > 0 else 1))
        table += _warmed(colour, warmth) if warmth else colour
    return table


def _curved(x: float, grade: Mapping[str, Any], channel: int) -> float:
    """The filter's curve of one channel."""
    lifted = _clamped(x * grade["slope"][channel] + grade["offset"][channel])
    return _contrasted(lifted ** grade["power"][channel], grade["contrast"])


def _brightened(x: float, amount: float) -> float:
    """Schlick's bias: black and white stay, the middle moves."""
    return _biased(x, 0.5 + 0.22 * amount)


def _contrasted(x: float, amount: float) -> float:
    """Above 0 Schlick's gain, an S through black, middle and white; below 0 towards the middle grey."""
    if amount <= 0:
        return x - (0.5 - x) * 0.4 * amount
    bias = 0.5 - 0.2 * amount
    return _biased(2 * x, bias) / 2 if x < 0.5 else 1 - _biased(2 - 2 * x, bias) / 2


def _biased(x: float, bias: float) -> float:
    return x / ((1 / bias - 2) * (1 - x) + 1)


def _saturated(colour: _Colour, times: float) -> _Colour:
    red, green, blue = colour
    grey = _RED * red + _GREEN * green + _BLUE * blue
    return grey + (red - grey) * times, grey + (green - grey) * times, grey + (blue - grey) * times


def _warmed(colour: _Colour, amount: float) -> _Colour:
    """More red and less blue, or the other way round, as light as before."""
    red, green, blue = colour
    before = _RED * red + _GREEN * green + _BLUE * blue
    red, blue = red * (1 + 0.12 * amount), blue * (1 - 0.18 * amount)
    after = _RED * red + _GREEN * green + _BLUE * blue
    times = before / after if after > 0.001 else 1.0
    return red * times, green * times, blue * times


def _clamped(x: float) -> float:
    return min(max(x, 0.0), 1.0)


# --- Vignette ------------------------------------------------------------------------------------------------------


def _darken_corners(image: Image.Image, strength: float) -> None:
    """Multiply each pixel of `image`, in place, by what its place has left: all in the middle, least in the corners."""
    from PIL import Image, ImageChops, ImageMath

    light = [_light_at(square / _SQUARES, strength) for square in range(2 * _SQUARES + 1)]
    light += [light[-1]] * (65_536 - len(light))
    across = Image.new("I", (image.width, 1))
    across.putdata(_squares(image.width))
    down = Image.new("I", (1, image.height))
    down.putdata(_squares(image.height))
    for top in range(0, image.height, _STRIP_ROWS):
        box = (0, top, image.width, min(top + _STRIP_ROWS, image.height))
        rows = box[3] - top
        squares = ImageMath.lambda_eval(
            lambda args: args["across"] + args["down"],
            across=across.resize((image.width, rows), Image.Resampling.NEAREST),
            down=down.crop((0, top, 1, box[3])).resize((image.width, rows), Image.Resampling.NEAREST),
        )
        mask = squares.point(light, "L")
        image.paste(ImageChops.multiply(image.crop(box), Image.merge("RGB", (mask, mask, mask))), box)


def _squares(length: int) -> list[int]:
    """Of each pixel the square of how far it is from the middle, _SQUARES at the edge."""
    return [math.floor(_SQUARES * ((2 * at + 1 - length) / length) ** 2 + 0.5) for at in range(length)]


def _light_at(square: float, strength: float) -> int:
    """Of 255; `square` is 0 in the middle, 1 in the middle of an edge, 2 in a corner."""
    half = square / 2
    return math.floor(255 * (1 - 0.8 * strength * half * math.sqrt(half)) + 0.5)
