"""Rendering of profile pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import BinaryIO, Final

from media.photo.render import Rendition, to_renditions
from media.photo.renderer_process import DEFAULT_LIMITS, Limits, run

SIDES: Final = (96, 320)


def render_avatar(
    original: BinaryIO,
    sides: Sequence[int] = SIDES,
    *,
    crop: Mapping[str, int] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Rendition, ...]:
    """Render a square of `original` at each of `sides` (pixels), smallest first.

    `crop` has the keys of `media.edit.square`; without it, the square is the largest one in the middle. Enlarges small
    originals, so that all profile pictures have the same sizes. Has the errors and cost of
    `media.photo.render.render_photo`.
    """
    return to_renditions(run({"kind": "avatar", "sides": list(sides), "crop": dict(crop or {})}, original, limits))
