"""Rendering of photos: from an uploaded file to the files that pages show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from media.photo.renderer_process import DEFAULT_LIMITS, Limits, Result, run

WIDTHS: Final = (320, 640, 1080, 1440)
RENDERER: Final = 3
"""Version of the rendering of photos and videos. Increase it when the output changes; `manage.py rerender` then renders
the rows with a lower version again."""


@dataclass(frozen=True)
class Rendition:
    """One size of a photo in both formats, without metadata."""

    width: int
    height: int
    webp: bytes
    jpeg: bytes
    """The fallback for browsers without WebP."""


@dataclass(frozen=True)
class Rendered:
    """The result of rendering one photo. Sizes are in pixels, after orientation and crop."""

    width: int
    height: int
    placeholder: str
    """A data: URI of about 200 characters."""
    renditions: tuple[Rendition, ...]
    """At least one, by increasing width; none is wider than the cropped original."""


def render_photo(
    original: BinaryIO,
    widths: Sequence[int] = WIDTHS,
    *,
    edits: Mapping[str, Any] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Rendered:
    """Render `original` upright, in sRGB and without metadata, at the `widths` that do not enlarge it.

    A photo whose width lies between two of `widths` also gets a rendition of its own width, and a photo narrower than
    all of them only that one. `original` may be any file: it is probed again and decoded in a child process. `edits`
    come from `media.edit.parse.parse_edits`. Photos that are too wide or too tall to share are rendered uncropped, so
    that their owner can crop them.

    Raises MediaError if the photo cannot be shown or the crop does not fit it, and TransientMediaError if a retry may
    succeed.

    Cost: for 13 megapixels 0.4 s of one core and 50 MB; of this, starting the child takes 0.07 s. A filter and a
    vignette add 0.1 s.
    """
    result = run({"kind": "photo", "widths": list(widths), "edits": dict(edits or {})}, original, limits)
    return Rendered(
        width=result.answer["width"],
        height=result.answer["height"],
        placeholder=result.answer["placeholder"],
        renditions=to_renditions(result),
    )


def to_renditions(result: Result) -> tuple[Rendition, ...]:
    """Split the renderer's files into renditions, smallest first; the renderer writes the largest first."""
    found: list[Rendition] = []
    at = 0
    for one in result.answer["renditions"]:
        webp = result.files[at : at + one["webp"]]
        at += one["webp"]
        jpeg = result.files[at : at + one["jpeg"]]
        at += one["jpeg"]
        found.append(Rendition(one["width"], one["height"], webp, jpeg))
    return tuple(reversed(found))
