"""The vignette: a mask that darkens an image towards its corners."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL import Image

_SQUARES: Final = 32_767
"""Fixed-point scale of squared distances: 1 is an edge. A corner has 2, which still fits the 65,536 entries of
Pillow's lookup table."""
_STRIP_ROWS: Final = 256


def darken_corners(image: Image.Image, strength: float) -> None:
    """Multiply the pixels of `image` by the vignette's brightness, in place; `strength` is 0 to 1.

    Works in strips of _STRIP_ROWS rows, so the mask never has the size of the image.
    """
    from PIL import Image, ImageChops, ImageMath

    light = [_brightness_at(square / _SQUARES, strength) for square in range(2 * _SQUARES + 1)]
    light += [light[-1]] * (65_536 - len(light))
    across = Image.new("I", (image.width, 1))
    across.putdata(_squared_distances(image.width))
    down = Image.new("I", (1, image.height))
    down.putdata(_squared_distances(image.height))
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


def _squared_distances(length: int) -> list[int]:
    """Return the squared distance of each pixel from the middle of a row or column, _SQUARES at the edge."""
    return [math.floor(_SQUARES * ((2 * at + 1 - length) / length) ** 2 + 0.5) for at in range(length)]


def _brightness_at(square: float, strength: float) -> int:
    """Return the brightness (0 to 255) at a squared distance: 0 in the middle, 1 at an edge's middle, 2 in a corner."""
    half = square / 2
    return math.floor(255 * (1 - 0.8 * strength * half * math.sqrt(half)) + 0.5)
