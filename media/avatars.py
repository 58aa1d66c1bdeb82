from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Final

from media import child_process
from media.photos import DEFAULT_LIMITS, Rendition, renditions_of

SIDES: Final = (96, 320)


def render_avatar(
    original: BinaryIO, sides: Sequence[int] = SIDES, *, limits: child_process.Limits = DEFAULT_LIMITS
) -> tuple[Rendition, ...]:
    """The middle square of `original` at each of `sides` (pixels), by growing side.

    A smaller original is enlarged, so that every picture of a person has the same sizes. Errors and cost are those
    of `media.photos.render_photo`.
    """
    return renditions_of(child_process.run({"kind": "avatar", "sides": list(sides)}, original, limits))
