"""Filters and colour adjustments as one 3D lookup table. Pillow and `edits.js` interpolate linearly between entries."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any, Final

from media.edit.filters import FILTERS_BY_ID

SIDE: Final = 17
"""Entries of the table per channel, 16 levels apart. 33 entries looked the same and took seven times as long."""

COLOUR_EDITS: Final = ("filter", "brightness", "contrast", "saturation", "warmth")
# Luminance of the primaries of BT.709.
_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722
_STEPS: Final = [step / (SIDE - 1) for step in range(SIDE)]
_Colour = tuple[float, ...]
"""Red, green, blue."""


def colour_table(edits: Mapping[str, Any]) -> list[float]:
    """Return red, green and blue (about 0 to 1) of SIDE³ colours; red varies fastest, then green, then blue.

    Steps: the filter's curves or grey conversion, its saturation, brightness, contrast, saturation, warmth.
    """
    grade = FILTERS_BY_ID.get(edits.get("filter") or "")
    brightness, contrast, saturation, warmth = (edits.get(name, 0) / 100 for name in COLOUR_EDITS[1:])
    curves = (
        [[_filter_curve(step, grade, channel) for step in _STEPS] for channel in range(3)] if grade else [_STEPS] * 3
    )
    table: list[float] = []
    for blue, green, red in product(range(SIDE), repeat=3):
        colour: _Colour = curves[0][red], curves[1][green], curves[2][blue]
        if grade:
            if mix := grade.get("mix"):
                grey = mix[0] * _STEPS[red] + mix[1] * _STEPS[green] + mix[2] * _STEPS[blue]
                colour = tuple(_filter_curve(grey, grade, channel) for channel in range(3))
            colour = tuple(map(_clamp, _saturate(colour, grade["saturation"])))
        if brightness or contrast:
            colour = tuple(_add_contrast(_brighten(one, brightness), contrast) for one in colour)
        if saturation:
            colour = _saturate(colour, 1 + saturation * (0.8 if saturation > 0 else 1))
        table += _warm(colour, warmth) if warmth else colour
    return table


def _filter_curve(x: float, grade: Mapping[str, Any], channel: int) -> float:
    lifted = _clamp(x * grade["slope"][channel] + grade["offset"][channel])
    return _add_contrast(lifted ** grade["power"][channel], grade["contrast"])


def _brighten(x: float, amount: float) -> float:
    """Move the middle greys and leave black and white unchanged, with Schlick's bias curve."""
    return _bias(x, 0.5 + 0.22 * amount)


def _add_contrast(x: float, amount: float) -> float:
    """Apply Schlick's gain curve, an S through black, middle and white; below 0, blend towards middle grey."""
    if amount <= 0:
        return x - (0.5 - x) * 0.4 * amount
    bias = 0.5 - 0.2 * amount
    return _bias(2 * x, bias) / 2 if x < 0.5 else 1 - _bias(2 - 2 * x, bias) / 2


def _bias(x: float, bias: float) -> float:
    """Return Schlick's bias: 0 and 1 stay, and 0.5 becomes `bias`. Source: Graphics Gems IV, page 401."""
    return x / ((1 / bias - 2) * (1 - x) + 1)


def _saturate(colour: _Colour, times: float) -> _Colour:
    red, green, blue = colour
    grey = _RED * red + _GREEN * green + _BLUE * blue
    return grey + (red - grey) * times, grey + (green - grey) * times, grey + (blue - grey) * times


def _warm(colour: _Colour, amount: float) -> _Colour:
    """Shift towards red (or towards blue, below 0) at constant luminance."""
    red, green, blue = colour
    before = _RED * red + _GREEN * green + _BLUE * blue
    red, blue = red * (1 + 0.12 * amount), blue * (1 - 0.18 * amount)
    after = _RED * red + _GREEN * green + _BLUE * blue
    times = before / after if after > 0.001 else 1.0
    return red * times, green * times, blue * times


def _clamp(x: float) -> float:
    return min(max(x, 0.0), 1.0)
