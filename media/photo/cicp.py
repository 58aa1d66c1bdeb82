"""Conversion to sRGB of colours that a file describes by code points (CICP, ITU-T H.273) instead of an ICC profile.

The result is a 3D lookup table between whose entries Pillow interpolates. Curves: IEC 61966-2-1 (sRGB), SMPTE ST 2084
(PQ), and ARIB STD-B67 (HLG); ITU-R BT.2100 contains the latter two.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Final

SIDE: Final = 33
"""Entries of the table per channel."""

_Row = tuple[float, float, float]

# Linear light of these primaries (H.273 table 2; white point D65) to linear sRGB.
_MATRICES: Final[dict[int, tuple[_Row, _Row, _Row]]] = {
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
_IDENTITY: Final = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_PQ, _HLG = 16, 18

WHITE_NITS: Final = 203
"""Luminance in cd/m² that HDR content uses for diffuse white (ITU-R BT.2408)."""
PEAK: Final = 1000 / WHITE_NITS
"""Luminance, as a multiple of white, above which differences are lost."""
_KNEE: Final = 0.6
"""Luminance below which HDR is unchanged; from there up to PEAK it is compressed."""


def to_srgb(primaries: int, transfer: int) -> list[float] | None:
    """Return red, green and blue (0 to 1) of SIDE³ colours, red varying fastest, or None if no conversion is needed.

    `primaries` and `transfer` are numbers of H.273. As in browsers, the curves of BT.601, BT.709 and BT.2020 count as
    that of sRGB. Compresses luminance above white (PQ and HLG) and clips colours outside sRGB.
    """
    matrix = _MATRICES.get(primaries, _IDENTITY)
    to_light = _CURVES.get(transfer, _srgb_to_linear)
    if matrix is _IDENTITY and to_light is _srgb_to_linear:
        return None
    light = [to_light(step / (SIDE - 1)) for step in range(SIDE)]
    table: list[float] = []
    for blue, green, red in product(light, repeat=3):
        colour = red, green, blue
        if transfer == _HLG:
            colour = _hlg_to_display(colour)
        mixed = [row[0] * colour[0] + row[1] * colour[1] + row[2] * colour[2] for row in matrix]
        if transfer in {_PQ, _HLG}:
            brightest = max(mixed)
            times = _compress(brightest) / brightest if brightest > _KNEE else 1.0
            mixed = [one * times for one in mixed]
        table += [_linear_to_srgb(min(max(one, 0.0), 1.0)) for one in mixed]
    return table


def _srgb_to_linear(x: float) -> float:
    return x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4


def _linear_to_srgb(light: float) -> float:
    return light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def _pq_to_linear(x: float) -> float:
    """Return the luminance of a PQ value (SMPTE ST 2084) as a multiple of white."""
    root = x ** (32 / 2523)
    nits: float = 10_000 * (max(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (8192 / 1305)
    return nits / WHITE_NITS


def _hlg_to_linear(x: float) -> float:
    """Return the scene light of an HLG value (ARIB STD-B67), from 0 to 1."""
    exp: float = 2.718281828459045 ** ((x - 0.55991073) / 0.17883277)
    return x * x / 3 if x <= 0.5 else (exp + 0.28466892) / 12


def _hlg_to_display(scene: _Row) -> _Row:
    """Convert HLG scene light to the light of a 1,000 cd/m² display (gamma 1.2, BT.2100), in multiples of white."""
    luminance = 0.2627 * scene[0] + 0.6780 * scene[1] + 0.0593 * scene[2]
    times = PEAK * luminance**0.2
    return scene[0] * times, scene[1] * times, scene[2] * times


def _compress(light: float) -> float:
    """Map luminance from _KNEE to PEAK smoothly to the range from _KNEE to 1."""
    beyond, room = (min(light, PEAK) - _KNEE) / (PEAK - _KNEE), (1 - _KNEE) / (PEAK - _KNEE)
    # Both ranges as fractions: a hyperbola through (0, 0), where its slope continues that below _KNEE, and (1, 1).
    bend = 1 / room - 1
    return _KNEE + (1 - _KNEE) * beyond * (1 + bend) / (1 + bend * beyond)


_CURVES: Final[dict[int, Callable[[float], float]]] = {
    4: lambda x: x**2.2,
    5: lambda x: x**2.8,
    8: lambda x: x,
    _PQ: _pq_to_linear,
    _HLG: _hlg_to_linear,
}
