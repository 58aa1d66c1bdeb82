"""Crops: validation, conversion to pixels, and the limits of a photo's shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from common.limits import MAX_PHOTO_RATIO, MIN_PHOTO_RATIO, MIN_PHOTO_SIDE
from media.errors import InvalidEditsError

RATIOS: Final[dict[str, float | None]] = {
    "original": None,
    "1:1": 1.0,
    "4:5": 4 / 5,
    "16:9": 16 / 9,
    # The limits, for photos that exceed them and cannot be shared in their original shape.
    "3:1": MAX_PHOTO_RATIO,
    "1:3": MIN_PHOTO_RATIO,
}
"""Width divided by height; None keeps the ratio of the original."""
RATIO_TOLERANCE: Final = 0.01
"""Accepted difference between the ratio of a crop and the one it names, as a fraction of its width."""


def parse_crop(crop: object) -> dict[str, Any] | None:
    """Validate a crop and return it with all five keys, or None if it keeps the whole photo.

    x, y, width and height are fractions of the upright photo, rounded to six digits. Raises InvalidEditsError.
    """
    if crop is None or crop == {}:
        return None
    if not isinstance(crop, Mapping) or set(crop) - {"ratio", "x", "y", "width", "height"}:
        raise InvalidEditsError("The crop must have ratio, x, y, width and height, and nothing else. Crop it again.")
    ratio = crop.get("ratio", "original")
    if not isinstance(ratio, str) or ratio not in RATIOS:
        raise InvalidEditsError(f"The crop's ratio must be one of {', '.join(RATIOS)}. Crop it again.")
    x, y = _fraction("x", crop.get("x", 0)), _fraction("y", crop.get("y", 0))
    width, height = _fraction("width", crop.get("width", 1)), _fraction("height", crop.get("height", 1))
    if not width or not height:
        raise InvalidEditsError("The crop's width and height must be above 0. Crop it again.")
    for names, end in (("x and width", x + width), ("y and height", y + height)):
        if end > 1.001:
            raise InvalidEditsError(f"The crop's {names} add up to {end:.3f}; they can reach at most 1. Crop it again.")
    if ratio == "original" and (x, y, width, height) == (0, 0, 1, 1):
        return None
    return {"ratio": ratio, "x": x, "y": y, "width": min(width, 1 - x), "height": min(height, 1 - y)}


def _fraction(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InvalidEditsError(f"The crop's {name} must be a number from 0 to 1. Crop it again.")
    return round(float(value), 6)


def crop_box(edits: Mapping[str, Any], width: int, height: int) -> tuple[int, int, int, int]:
    """Return the crop as (left, top, right, bottom) in pixels of a photo of `width` × `height`, after its orientation.

    The box has exactly the ratio that the crop names, up to whole pixels. Raises InvalidEditsError if the fractions
    describe another ratio, or if the result is smaller than MIN_PHOTO_SIDE.
    """
    crop = edits.get("crop")
    if crop is None:
        return 0, 0, width, height
    ratio = RATIOS[crop["ratio"]] or width / height
    wide, high = crop["width"] * width, crop["height"] * height
    if abs(wide - high * ratio) > max(RATIO_TOLERANCE * wide, 1.5):
        raise InvalidEditsError(
            f"The crop is {wide / high:.2f} times as wide as high; its ratio, {crop['ratio']}, is {ratio:.2f}. "
            "Crop it again."
        )
    across = max(1, min(round(wide), round(height * ratio), width))
    down = max(1, min(round(across / ratio), height))
    if max(across, down) < MIN_PHOTO_SIDE:
        raise InvalidEditsError(
            f"The crop has {across:,} × {down:,} pixels. Photos need at least {MIN_PHOTO_SIDE} on the longer side. "
            "Zoom out."
        )
    left = max(0, min(round(crop["x"] * width), width - across))
    top = max(0, min(round(crop["y"] * height), height - down))
    return left, top, left + across, top + down


def center_crop(width: int, height: int) -> dict[str, Any]:
    """Return the largest centred crop of a photo that is too wide or too tall to share."""
    if width > height:
        share = round(MAX_PHOTO_RATIO * height / width, 6)
        return {"ratio": "3:1", "x": round((1 - share) / 2, 6), "y": 0.0, "width": share, "height": 1.0}
    share = round(width / MIN_PHOTO_RATIO / height, 6)
    return {"ratio": "1:3", "x": 0.0, "y": round((1 - share) / 2, 6), "width": 1.0, "height": share}


def shape_problem(edits: Mapping[str, Any], width: int, height: int) -> str:
    """Return a sentence if the cropped photo is too wide or too tall to share, or "" if it can be shared."""
    crop = edits.get("crop") or {"ratio": "original"}
    ratio = RATIOS[crop["ratio"]] or width / height
    if ratio > MAX_PHOTO_RATIO:
        return "This photo is too wide. Crop it to 3:1 or less."
    return "This photo is too tall. Crop it to 1:3 or less." if ratio < MIN_PHOTO_RATIO else ""
