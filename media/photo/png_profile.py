"""ICC profile for a PNG that describes its colours by the chunks gAMA and cHRM alone.

The chunks cICP, iCCP and sRGB take precedence over these two, in this order (W3C Portable Network Graphics, third
edition). Pillow reads the two and ignores them. The profile's layout is that of ICC.1, version 4.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Final

_Vector = tuple[float, float, float]
_Columns = tuple[_Vector, _Vector, _Vector]
"""A matrix of 3 × 3."""

_SRGB: Final = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
"""The x and y of white, red, green and blue."""
_SRGB_GAMMA: Final = 0.45455
_TOLERANCE: Final = 0.005
_MIN_GAMMA: Final = 0.1
_MAX_GAMMA: Final = 10
"""Values beyond these are errors: hardly any differences would be left in the image."""
_D50: Final = (0.9642, 1.0, 0.8249)
_BRADFORD: Final = ((0.8951, -0.7502, 0.0389), (0.2664, 1.7135, -0.0685), (-0.1614, 0.0367, 1.0296))
"""XYZ to the responses of cones, which chromatic adaptation scales."""
_SRGB_CURVE: Final = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def png_profile(info: Mapping[Any, Any]) -> bytes | None:
    """Return a profile for RGB, or None if the image counts as sRGB; `info` is Pillow's `info` of the image.

    Encoders write the gamma 1/2.2 and the primaries of sRGB next to an sRGB chunk or in its place, so together they
    mean sRGB with its own curve. Impossible values count as missing, and sRGB replaces a missing chunk.
    """
    if "srgb" in info:
        return None
    gamma: float | None = info.get("gamma")
    if gamma is not None and not _MIN_GAMMA <= gamma <= _MAX_GAMMA:
        gamma = None
    chromaticities: tuple[float, ...] = info.get("chromaticity", _SRGB)
    colorants = _colorants(chromaticities)
    if colorants is None or _are_close(chromaticities, _SRGB):
        if gamma is None or _are_close((gamma,), (_SRGB_GAMMA,)):
            return None
        colorants = _colorants(_SRGB)
    return _profile(colorants, gamma) if colorants else None


def _are_close(values: tuple[float, ...], others: tuple[float, ...]) -> bool:
    return all(abs(one - other) <= _TOLERANCE for one, other in zip(values, others, strict=True))


def _colorants(chromaticities: tuple[float, ...]) -> _Columns | None:
    """Return the XYZ of red, green and blue light with white at D50, or None if the chromaticities are impossible."""
    points = tuple(zip(chromaticities[0::2], chromaticities[1::2], strict=True))
    if not all(0 <= x <= 1 and 0 < y <= 1 and x + y <= 1 for x, y in points):
        return None
    white, red, green, blue = ((x / y, 1.0, (1 - x - y) / y) for x, y in points)
    amounts = _solve((red, green, blue), white)
    cones = _apply(_BRADFORD, white)
    if amounts is None or min(*amounts, *cones) <= 0:
        return None
    scales = [wanted / cone for wanted, cone in zip(_apply(_BRADFORD, _D50), cones, strict=True)]
    adapted: list[_Vector] = []
    for colour, amount in zip((red, green, blue), amounts, strict=True):
        long, medium, short = _apply(_BRADFORD, colour)
        scaled = long * amount * scales[0], medium * amount * scales[1], short * amount * scales[2]
        adapted.append(_solve(_BRADFORD, scaled) or scaled)
    return adapted[0], adapted[1], adapted[2]


def _apply(matrix: _Columns, vector: _Vector) -> _Vector:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    x, y, z = vector
    return a * x + d * y + g * z, b * x + e * y + h * z, c * x + f * y + i * z


def _solve(matrix: _Columns, vector: _Vector) -> _Vector | None:
    """Return the vector that `matrix` maps to `vector` (Cramer's rule), or None if none or several exist."""
    a, b, c = matrix
    if abs(whole := _determinant(a, b, c)) < 1e-9:
        return None
    return _determinant(vector, b, c) / whole, _determinant(a, vector, c) / whole, _determinant(a, b, vector) / whole


def _determinant(a: _Vector, b: _Vector, c: _Vector) -> float:
    return (
        a[0] * (b[1] * c[2] - b[2] * c[1])
        - b[0] * (a[1] * c[2] - a[2] * c[1])
        + c[0] * (a[1] * b[2] - a[2] * b[1])
    )  # fmt: skip


def _profile(colorants: _Columns, gamma: float | None) -> bytes:
    """Return an ICC display profile; without a `gamma`, with the curve of sRGB."""
    if gamma is None:
        curve = struct.pack(">4s4xHxx5i", b"para", 3, *map(_fixed, _SRGB_CURVE))
    else:
        curve = struct.pack(">4s4xHxxi", b"para", 0, _fixed(1 / gamma))
    contents = {b"wtpt": _xyz(_D50)}
    contents |= {name: _xyz(one) for name, one in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=True)}
    contents |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    start = 128 + 4 + 12 * len(contents)
    table, body = struct.pack(">I", len(contents)), b""
    for name, content in contents.items():
        table += struct.pack(">4sII", name, start + len(body), len(content))
        body += content
    header = struct.pack(
        ">I4xI4s4s4s12x4s28x3i48x",
        *(start + len(body), 0x04000000, b"mntr", b"RGB ", b"XYZ ", b"acsp"),
        *map(_fixed, _D50),
    )
    return header + table + body


def _fixed(number: float) -> int:
    """Return a number as s15Fixed16Number."""
    return round(number * 65536)


def _xyz(vector: _Vector) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *map(_fixed, vector))
