"""From an uploaded photo to the files that pages show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from media import child_process

WIDTHS: Final = (320, 640, 1080, 1440)
RENDERER: Final = 3
"""Grows when what is made of a photo or video changes: rows with a lower one are what `manage.py rerender` is for."""
DEFAULT_LIMITS: Final = child_process.Limits()


@dataclass(frozen=True)
class Rendition:
    """The picture at one size, in both formats, without any metadata."""

    width: int
    height: int
    webp: bytes
    jpeg: bytes
    """For browsers that know no WebP."""


@dataclass(frozen=True)
class Rendered:
    """What pages need of one photo. Sizes in pixels, upright, after the crop."""

    width: int
    height: int
    placeholder: str
    """A data: URI of about 200 characters."""
    renditions: tuple[Rendition, ...]
    """By growing width, at least one, none wider than what the crop leaves of the original."""


def render_photo(
    original: BinaryIO,
    widths: Sequence[int] = WIDTHS,
    *,
    edits: Mapping[str, Any] | None = None,
    limits: child_process.Limits = DEFAULT_LIMITS,
) -> Rendered:
    """Render `original`, upright, in sRGB and without metadata, at those of `widths` that it has pixels for.

    A photo between two widths also gets its own, one narrower than all gets only that. `original` may be anything:
    it is probed again and decoded in a child process. `edits` are as `media.edits.parse_edits` returns them; without a
    crop, a photo that is too wide or too tall to be shared is rendered as it is, for its owner to crop it. Raises
    MediaError when it cannot be shown or the crop does not fit it, TransientMediaError when trying again may help.

    Cost: for 13 megapixels 0.4 s of one core and 50 MB; starting the child is 0.07 s of it, a filter and a vignette
    another 0.1 s.
    """
    result = child_process.run({"kind": "photo", "widths": list(widths), "edits": dict(edits or {})}, original, limits)
    return Rendered(
        width=result.answer["width"],
        height=result.answer["height"],
        placeholder=result.answer["placeholder"],
        renditions=renditions_of(result),
    )


def renditions_of(result: child_process.Result) -> tuple[Rendition, ...]:
    """The child answers from the largest down; here they grow."""
    described: list[dict[str, Any]] = result.answer["renditions"]
    found: list[Rendition] = []
    at = 0
    for one in described:
        webp = result.files[at : at + one["webp"]]
        at += one["webp"]
        jpeg = result.files[at : at + one["jpeg"]]
        at += one["jpeg"]
        found.append(Rendition(one["width"], one["height"], webp, jpeg))
    return tuple(reversed(found))
