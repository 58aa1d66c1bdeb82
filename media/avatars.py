from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Final

from media import sandbox
from media.photos import DEFAULT_LIMITS, Rendition, renditions_of

SIDES: Final = (96, 320)


def render_avatar(
    original: BinaryIO, sides: Sequence[int] = SIDES, *, limits: sandbox.Limits = DEFAULT_LIMITS
) -> tuple[Rendition, ...]:
    """The middle square of `original` at each of `sides` (pixels), by growing side.

    A smaller original is enlarged, so that every picture of a person has the same sizes. Errors and cost are those
    of `media.photos.render_photo`.
    """
    return renditions_of(sandbox.run({"kind": "avatar", "sides": list(sides)}, original, limits))
