"""Colours that a file describes by numbers (CICP, the `colr` box of AVIF and HEIC) instead of by a profile, as sRGB.

The numbers are those of ITU-T H.273. What comes out is a table of colours, as for edits: between its entries Pillow
interpolates.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Final

SIDE: Final = 33

_Row = tuple[float, float, float]

# From linear light of these primaries, all with the white of D65, to that of sRGB.
_TO_SRGB: Final[dict[int, tuple[_Row, _Row, _Row]]] = {
    9: (  # BT.2020
        (1.660491, -0.587641, -0.072850),
        (-0.124550, 1.132900, -0.008349),
        (-0.018151, -0.100579, 1.118730),
    ),
    12: (  # Display P3
        (1.224940, -0.224940, 0.0),
        (-0.042057, 1.042057, 0.0),
        (-0.019638, -0.078636, 1.098274),
    ),
}
_SAME: Final = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_PQ, _HLG = 16, 18

WHITE_NITS: Final = 203
"""How bright the white of a page is in HDR: BT.2408."""
PEAK: Final = 1000 / WHITE_NITS
"""The brightest light that is told from a brighter one, in whites."""
_KNEE: Final = 0.6
"""Below, HDR looks as ordinary pictures do; from there on it is pressed together up to PEAK."""


def to_srgb(primaries: int, transfer: int) -> list[float] | None:
    """Red, green and blue (0 to 1) of SIDE³ colours, red growing first; None when they are, or count as, sRGB's own.

    The curves of BT.601, BT.709 and BT.2020 count as sRGB's, as in browsers. Light beyond white (PQ, HLG) is pressed
    together, colours beyond sRGB are clipped.
    """
    matrix = _TO_SRGB.get(primaries, _SAME)
    to_light = _CURVES.get(transfer, _from_srgb)
    if matrix is _SAME and to_light is _from_srgb:
        return None
    light = [to_light(step / (SIDE - 1)) for step in range(SIDE)]
    table: list[float] = []
    for blue, green, red in product(light, repeat=3):
        colour = red, green, blue
        if transfer == _HLG:
            colour = _as_on_a_screen(colour)
        mixed = [row[0] * colour[0] + row[1] * colour[1] + row[2] * colour[2] for row in matrix]
        if transfer in {_PQ, _HLG}:
            brightest = max(mixed)
            times = _pressed(brightest) / brightest if brightest > _KNEE else 1.0
            mixed = [one * times for one in mixed]
        table += [_as_srgb(min(max(one, 0.0), 1.0)) for one in mixed]
    return table


def _from_srgb(x: float) -> float:
    return x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4


def _as_srgb(light: float) -> float:
    return light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def _from_pq(x: float) -> float:
    """SMPTE ST 2084, in whites."""
    root = x ** (32 / 2523)
    nits: float = 10_000 * (max(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (8192 / 1305)
    return nits / WHITE_NITS


def _from_hlg(x: float) -> float:
    """ARIB STD-B67: of the light of the scene, 1 at its brightest."""
    exp: float = 2.718281828459045 ** ((x - 0.55991073) / 0.17883277)
    return x * x / 3 if x <= 0.5 else (exp + 0.28466892) / 12


def _as_on_a_screen(scene: _Row) -> _Row:
    """Light of an HLG scene as a screen of 1,000 nits shows it, in whites."""
    luminance = 0.2627 * scene[0] + 0.6780 * scene[1] + 0.0593 * scene[2]
    times = PEAK * luminance**0.2
    return scene[0] * times, scene[1] * times, scene[2] * times


def _pressed(light: float) -> float:
    """What is above _KNEE, up to PEAK, between _KNEE and 1: without a kink, and the slower the brighter."""
    beyond, room = (min(light, PEAK) - _KNEE) / (PEAK - _KNEE), (1 - _KNEE) / (PEAK - _KNEE)
    # A hyperbola through (0, 0) with slope 1 and through (1, 1), in units of both ranges.
    bend = 1 / room - 1
    return _KNEE + (1 - _KNEE) * beyond * (1 + bend) / (1 + bend * beyond)


_CURVES: Final[dict[int, Callable[[float], float]]] = {
    4: lambda x: x**2.2,
    5: lambda x: x**2.8,
    8: lambda x: x,
    _PQ: _from_pq,
    _HLG: _from_hlg,
}
