"""The square that an avatar shows of a photo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from common.limits import MIN_AVATAR_SIDE

MAX_ZOOM_PERCENT: Final = 400


def square_box(crop: Mapping[str, int], width: int, height: int) -> tuple[int, int, int, int]:
    """Return a square as (left, top, right, bottom) in pixels of an upright photo of `width` × `height`.

    `x` and `y` place the square: 0 is the left or top edge of the photo, 100 the opposite one, and 50, the default, the
    middle. `zoom` is in per cent of the largest square, which 100 means. A zoom that leaves less than MIN_AVATAR_SIDE
    pixels is reduced.
    """
    shorter = min(width, height)
    side = max(min(MIN_AVATAR_SIDE, shorter), round(shorter * 100 / crop.get("zoom", 100)))
    left, top = (width - side) * crop.get("x", 50) // 100, (height - side) * crop.get("y", 50) // 100
    return left, top, left + side, top + side
