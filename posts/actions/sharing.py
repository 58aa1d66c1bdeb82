"""Make posts of uploaded files."""

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
from media.edits import center_crop, crop_box, parse_edits, shape_problem
from media.errors import MediaError
from posts.actions.hashtags import add_hashtags
from posts.actions.media import Upload, delete_medium, receive_files, requeue_rendering
from posts.actions.mentions import sync_mentions
from posts.actions.publishing import publish_if_ready
from posts.models import Audience, Media, Post, UploadSession
from posts.models.media import MediaState


@dataclass(frozen=True)
class Slide:
    """A file of one's own that is not shared yet, as it is to be shown: `edits` as they came, JSON or what it says.

    With `crop_to_center` a photo that is too wide or too tall, and has no crop, is cut to its middle.
    """

    media_id: int
    alt: str = ""
    edits: object = None
    crop_to_center: bool = False


@dataclass(frozen=True)
class SlideError:
    """Why the file `media_id` cannot be a slide of the post; `name` is what its owner calls it."""

    media_id: int
    name: str
    message: str


class SlidesRefusedError(ValueError):
    """Nothing was shared: `errors` says why, file by file; `message` does, if it is the fault of all together."""

    def __init__(self, errors: Sequence[SlideError] = (), message: str = "") -> None:
        super().__init__(message or "; ".join(f"{error.name or error.media_id}: {error.message}" for error in errors))
        self.errors = list(errors)
        self.message = message


def create_post(
    *, author: User, uploads: Sequence[Upload], caption: str = "", location: str = "", at: datetime | None = None
) -> Post:
    """Keep the originals and make the post, which is published once the worker has rendered them.

    `uploads` are 1 to MAX_SLIDES photos and videos, each probed here (media.errors.MediaError says in words what is
    wrong with one). Either everything is stored or nothing: what was taken is deleted when something fails. `at`
    backdates the post, for imports and the demo.
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
    """Make a post of 1 to MAX_SLIDES files that `author` has uploaded; it is published once all are rendered.

    Texts are clean and within their limits. A file is in one post at most: of two that share it at once, the second
    gets SlidesRefusedError, as for files that are gone, failed or another's. A file whose edits differ from those it
    was rendered with is rendered again; the others are not, so that a post without edits is often published at once.
    `at` backdates the post, for imports and the demo.

    Cost: some ten queries, whatever the number of slides.
    """
    if not 1 <= len(slides) <= MAX_SLIDES:
        raise ValueError(f"a post has 1 to {MAX_SLIDES} photos and videos, not {len(slides)}")
    # Locked in one order, so that two posts with the same files wait for one another and never both.
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
    """What to say of files that have `total` bytes together: "" if that is not too much for a post."""
    if total <= MAX_POST_BYTES:
        return ""
    return (
        f"Together these files have {total // 2**20:,} MB. A post holds at most {MAX_POST_BYTES // 2**20:,} MB: "
        "share them in several."
    )


def validate_slides(
    slides: Sequence[Slide], media: Mapping[int, Media]
) -> tuple[list[dict[str, Any]], list[SlideError]]:
    """Return the normalized edits of each slide, and the errors; `media` are the author's own."""
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
