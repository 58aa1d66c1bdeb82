"""Rendering of profile pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Final

from media.photo.render import Rendition, to_renditions
from media.photo.renderer_process import DEFAULT_LIMITS, Limits, run

SIDES: Final = (96, 320)


def render_avatar(
    original: BinaryIO, sides: Sequence[int] = SIDES, *, limits: Limits = DEFAULT_LIMITS
) -> tuple[Rendition, ...]:
    """Render the middle square of `original` at each of `sides` (pixels), smallest first.

    Enlarges small originals, so that all profile pictures have the same sizes. Has the errors and cost of
    `media.photo.render.render_photo`.
    """
    return to_renditions(run({"kind": "avatar", "sides": list(sides)}, original, limits))
