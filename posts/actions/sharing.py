"""Create posts from uploaded files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.db.models import Sum

from accounts.models import User
from common.ids import snowflake_at
from common.limits import MAX_SLIDES
from posts.actions.hashtags import add_hashtags
from posts.actions.media import Upload, delete_media, receive_files, requeue_rendering
from posts.actions.mentions import sync_mentions
from posts.actions.new_slides import Slide, SlidesRefusedError, too_many_bytes, validate_slides
from posts.actions.publishing import publish_if_ready
from posts.actions.rate_limits import CountHit, count_hit, count_new_post
from posts.actions.requests import InvalidRequestError, ShareRequest, slide_errors
from posts.models import Audience, Media, Post, UploadSession

Result = TypeVar("Result")


def create_post(
    *, author: User, uploads: Sequence[Upload], caption: str = "", location: str = "", at: datetime | None = None
) -> Post:
    """Store files and share them as a post, published once workers have rendered them.

    `uploads` are 1 to MAX_SLIDES photos and videos. Raises MediaError, with a message for the author, if a file is
    unusable. On any error all files are deleted again. `at` backdates the post, for imports and the demo.
    """
    if not 1 <= len(uploads) <= MAX_SLIDES:
        raise ValueError(f"a post has 1 to {MAX_SLIDES} photos and videos, not {len(uploads)}")
    stored = receive_files(owner=author, uploads=uploads)
    slides = [Slide(medium.pk, upload.alt) for medium, upload in zip(stored, uploads, strict=True)]
    try:
        return share_post(author=author, slides=slides, caption=caption, location=location, at=at)
    except BaseException:
        delete_media(stored)
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


def share(
    author: User, request: ShareRequest, *, once: Callable[[Callable[[], Post]], Result], count: CountHit = count_hit
) -> Result:
    """Share a post as `request` says, and return what `once` returns.

    `once` is called with a function that makes the post. It calls this function within a transaction, or not at all if
    an identical request has made its post already; uploads that end up in no post are deleted then.

    Raises InvalidRequestError for invalid fields and for slides that another request has just shared or deleted; its
    `stored` uploads are the caller's to keep or delete. Raises what `count` raises for too many posts, and MediaError
    if the uploads cannot be stored; none of them is kept then.
    """
    if errors := request.errors(author):
        raise InvalidRequestError(errors)
    count_new_post(author, count)
    # Files first, for storage has no transactions.
    stored = receive_files(owner=author, uploads=request.uploads)
    for medium, upload in zip(stored, request.uploads, strict=True):
        medium.alt = upload.alt

    def make() -> Post:
        return share_post(
            author=author,
            slides=[*request.slides, *(Slide(medium.pk, medium.alt) for medium in stored)],
            caption=request.caption,
            location=request.location,
            audience=request.audience,
        )

    try:
        result = once(make)
    except SlidesRefusedError as error:
        raise InvalidRequestError(list(slide_errors(error)), stored) from error
    except BaseException:
        delete_media(stored)
        raise
    if stored:
        delete_media(Media.objects.unshared_of(author).filter(pk__in=[medium.pk for medium in stored]))
    return result
