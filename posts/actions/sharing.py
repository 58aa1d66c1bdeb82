"""Create posts from uploaded files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Sum

from accounts.models import User
from common.ids import snowflake_at
from common.limits import MAX_POST_BYTES, MAX_SLIDES
from common.refusals import Refusal
from media.edit.crop import center_crop, crop_box, shape_problem
from media.edit.parse import parse_edits
from media.errors import MediaError
from posts.actions.hashtags import add_hashtags
from posts.actions.media import Upload, delete_medium, receive_files, requeue_rendering
from posts.actions.mentions import sync_mentions
from posts.actions.publishing import publish_if_ready
from posts.models import Audience, Media, Post, UploadSession
from posts.models.media import MediaState


@dataclass(frozen=True)
class Slide:
    """An unshared file of the author and how to show it in a post.

    `edits` is unvalidated: a JSON string, or its decoded value. With `crop_to_center`, a photo that is too wide or too
    tall is cropped to its middle unless `edits` has a crop.
    """

    media_id: int
    alt: str = ""
    edits: object = None
    crop_to_center: bool = False


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


def create_post(
    *, author: User, uploads: Sequence[Upload], caption: str = "", location: str = "", at: datetime | None = None
) -> Post:
    """Store files and share them as a post, published once workers have rendered them.

    `uploads` are 1 to MAX_SLIDES photos and videos. Raises MediaError, with a message for the author, if a file is
    unusable. On any error all files are deleted again. `at` backdates the post, for imports and the demo.
    """
    if not 1 <= len(uploads) <= MAX_SLIDES:
        raise ValueError(f"a post has 1 to {MAX_SLIDES} photos and videos, not {len(uploads)}")
    taken = receive_files(owner=author, uploads=uploads)
    slides = [Slide(medium.pk, upload.alt) for medium, upload in zip(taken, uploads, strict=True)]
    try:
        return share_post(author=author, slides=slides, caption=caption, location=location, at=at)
    except BaseException:
        for medium in taken:
            delete_medium(medium)
        raise


@transaction.atomic
def share_post(
    *,
    author: User,
    slides: Sequence[Slide],
    caption: str = "",
    location: str = "",
    audience: str = Audience.EVERYONE,
    at: datetime | None = None,
) -> Post:
    """Create a post of 1 to MAX_SLIDES files that `author` has uploaded; it is published once all are rendered.

    The caller has cleaned the texts and checked their lengths. Raises SlidesRefusedError for files that are missing,
    failed, owned by someone else or already shared: of two simultaneous calls with the same file, the second fails.
    Files are rendered again only if their edits have changed, so a post without edits is often published immediately.
    `at` backdates the post, for imports and the demo.

    Cost: about ten queries, whatever the number of slides.
    """
    if not 1 <= len(slides) <= MAX_SLIDES:
        raise ValueError(f"a post has 1 to {MAX_SLIDES} photos and videos, not {len(slides)}")
    # Locked in the order of their ids, so that two posts with the same files cannot deadlock.
    locked = Media.objects.select_for_update().filter(owner_id=author.pk, pk__in=[slide.media_id for slide in slides])
    media = {medium.pk: medium for medium in locked.order_by("pk")}
    edits, errors = validate_slides(slides, media)
    if errors:
        raise SlidesRefusedError(errors)
    sizes = UploadSession.objects.filter(media__in=media).aggregate(total=Sum("size", default=0))
    if too_much := too_many_bytes(sizes["total"]):
        raise SlidesRefusedError(message=too_much)
    post = Post(author=author, caption=caption, location=location, audience=audience)
    if at is not None:
        post.pk = snowflake_at(at, owner_id=author.pk)
    post.save(force_insert=True)
    changed = []
    for position, (slide, wanted) in enumerate(zip(slides, edits, strict=True)):
        medium = media[slide.media_id]
        if medium.edits != wanted:
            changed.append(medium)
        medium.post, medium.position, medium.alt, medium.edits = post, position, slide.alt, wanted
    Media.objects.bulk_update(media.values(), ["post", "position", "alt", "edits"])
    requeue_rendering(changed)
    add_hashtags(post)
    sync_mentions(post)
    if publish_if_ready(post.pk):
        post.refresh_from_db()
    return post


def too_many_bytes(total: int) -> str:
    """Return an error message if files of `total` bytes are too much for one post, else ""."""
    if total <= MAX_POST_BYTES:
        return ""
    return (
        f"Together these files have {total // 2**20:,} MB. A post holds at most {MAX_POST_BYTES // 2**20:,} MB: "
        "share them in several."
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
        raise MediaError("missing", "This file is not there any more. Add it again.")
    if slide.media_id in seen:
        raise MediaError("twice", "This file is in the post twice. Remove one of the two.")
    if medium.post_id is not None:
        raise MediaError("shared", "This file has been shared already. Look at your profile, or add it again.")
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
