"""Slides of a post that is about to be shared: which uploaded files it has, and whether they may be in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from common.limits import MAX_POST_BYTES
from common.refusals import Refusal
from media.edit.crop import center_crop, crop_box, shape_problem
from media.edit.parse import parse_edits
from media.errors import MediaError
from posts.models import Media
from posts.models.media import MediaState


@dataclass(frozen=True)
class Slide:
    """An unshared file of the author, and how to show it in a post."""

    media_id: int
    alt: str = ""
    edits: object = None
    """Unvalidated: a JSON string, its decoded value, or None for no edits."""
    crop_to_center: bool = False
    """Crop a photo that is too wide or too tall to its middle, unless `edits` has a crop."""


@dataclass(frozen=True)
class SlideError:
    """The reason why the file `media_id` cannot be shared; `name` is its original file name."""

    media_id: int
    name: str
    message: str


class SlidesRefusedError(Refusal):
    """Raised when nothing was shared: `errors` has the reason for each file, or `message` one about all files."""

    def __init__(self, errors: Sequence[SlideError] = (), message: str = "") -> None:
        super().__init__(message or "; ".join(f"{error.name or error.media_id}: {error.message}" for error in errors))
        self.errors = list(errors)


def too_many_bytes(total: int) -> str:
    """Return an error message if files of `total` bytes are too much for one post, else ""."""
    if total <= MAX_POST_BYTES:
        return ""
    return (
        f"These files are {total // 2**20:,} MB in total. The limit is {MAX_POST_BYTES // 2**20:,} MB per post. "
        "Share them in several posts."
    )


def validate_slides(
    slides: Sequence[Slide], media: Mapping[int, Media]
) -> tuple[list[dict[str, Any]], list[SlideError]]:
    """Return the normalized edits of the valid slides, and the errors of the others.

    `media` maps ids to the author's own media; a slide that is not among them is an error.
    """
    edits: list[dict[str, Any]] = []
    errors: list[SlideError] = []
    seen: set[int] = set()
    for slide in slides:
        medium = media.get(slide.media_id)
        try:
            edits.append(_validate_slide(medium, slide, seen))
        except MediaError as error:
            errors.append(SlideError(slide.media_id, medium.original_name if medium else "", str(error)))
        seen.add(slide.media_id)
    return edits, errors


def _validate_slide(medium: Media | None, slide: Slide, seen: AbstractSet[int]) -> dict[str, Any]:
    if medium is None:
        raise MediaError("missing", "This file is no longer available. Add it again.")
    if slide.media_id in seen:
        raise MediaError("twice", "This file is in the post twice. Remove one of them.")
    if medium.post_id is not None:
        raise MediaError("shared", "This file was already shared. Check your profile, or add it again.")
    if medium.state == MediaState.FAILED:
        raise MediaError("failed", f"{medium.error} Remove this file, or try it again.")
    edits = parse_edits(slide.edits, video=medium.is_video)
    if not medium.is_video:
        if slide.crop_to_center and medium.shape_problem and "crop" not in edits:
            edits["crop"] = center_crop(medium.width, medium.height)
        if problem := shape_problem(edits, medium.width, medium.height):
            raise MediaError("shape", problem)
        crop_box(edits, medium.width, medium.height)
    return edits
