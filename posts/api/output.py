"""Schemas of posts, files, comments and collections in answers of the JSON API, and the conversion of rows to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, Literal

from django.http import HttpRequest
from django.urls import reverse
from ninja import Field, Schema

from accounts.api.people import PersonOut, person_out
from accounts.models import Viewer
from accounts.statements import ViewerStatement
from common.api import Id, absolute
from common.linkify import extract_tags
from common.pagination import MAX_BIGINT, Page, cursor_of, page_of
from common.statements import LIMIT
from posts.models import Audience, Collection, Comment, Media, Post
from posts.models.media import MediaKind, MediaState
from posts.models.post import PostQuerySet
from posts.slides import TaggedPerson, slides_of, with_slides
from posts.states import MAX_ROWS


class ImageOut(Schema):
    """A photo, or the poster of a video, in one size."""

    width: int = Field(description="Width in pixels.", examples=[1080])
    height: int = Field(description="Height in pixels.")
    webp: str = Field(description="URL of the WebP file.")
    jpeg: str = Field(description="URL of the JPEG file.")


class VideoOut(Schema):
    mp4: str = Field(description="URL of the whole video.")
    hls: str | None = Field(description="URL of the HLS playlist; null for short videos.")
    captions: str | None = Field(description="URL of the captions (WebVTT); null if there are none.")
    loops: bool = Field(description="Whether it is an animation: without sound, played in a loop.")


class TaggedOut(Schema):
    """A person tagged in a photo, and the position of the tag."""

    person: PersonOut
    x: float = Field(ge=0, le=1, description="Distance from the left edge, as a fraction of the width.", examples=[0.5])
    y: float = Field(ge=0, le=1, description="Distance from the top, as a fraction of the height.", examples=[0.25])


class MediaOut(Schema):
    """A photo or video."""

    id: Id
    kind: MediaKind
    state: MediaState = Field(
        description="Other people see `ready` files only. The owner's file takes some seconds to process."
    )
    error: str = Field(description='Why processing failed; "" if it did not fail.')
    notice: str = Field(
        description='A remark for the owner, for example that the sound could not be read; "" for other people.'
    )
    progress: int = Field(description="How much of a video has been converted, in per cent.")
    alt: str = Field(description='Alternative text; "" if the author wrote none.')
    width: int = Field(description="Width of the original, in pixels.")
    height: int = Field(description="Height of the original, in pixels.")
    duration_ms: int = Field(description="Length of a video in milliseconds; 0 for a photo.")
    placeholder: str = Field(description="A tiny image as a data: URL, to show while the file loads.")
    images: list[ImageOut] = Field(description="The available sizes, smallest first.")
    video: VideoOut | None = Field(description="Null for a photo, and until a video has been converted.")
    people: list[TaggedOut] = Field(description="People tagged in the photo whom the caller may see.")


class PostOut(Schema):
    """A post, as the caller sees it."""

    id: Id = Field(description="The post's id.", examples=["284316759125000192"])
    shortcode: str = Field(description="The id as it is written in URLs.", examples=["Pyc3HwFEAA"])
    url: str = Field(description="URL of the post's page.")
    author: PersonOut
    created_at: datetime = Field(description="When it was shared, in UTC.")
    edited_at: datetime | None = Field(description="When its author last edited it; null if never.")
    state: Literal["published", "processing", "failed", "archived", "removed"] = Field(
        description="Other people see `published` posts only."
    )
    audience: Audience
    caption: str
    tags: list[str] = Field(description="Hashtags of the caption, without # and in lower case.")
    location: str
    media: list[MediaOut] = Field(description="One to twenty photos and videos, in order.")
    like_count: int | None = Field(description="Null if it is hidden from the caller.")
    comment_count: int
    comments_off: bool = Field(description="Whether comments are turned off.")
    liked: bool = Field(description="Whether the caller likes the post.")
    saved: bool = Field(description="Whether the caller has saved the post.")


class CommentOut(Schema):
    """A comment, or a reply to one."""

    id: Id
    post_id: Id
    parent_id: Id | None = Field(description="For a reply, the first comment of its thread; null for other comments.")
    author: PersonOut
    created_at: datetime
    edited_at: datetime | None
    text: str
    pinned: bool = Field(description="Whether the post's author has pinned it above the other comments.")
    waiting: bool = Field(
        description="Whether it waits for approval by the post's author. Until then only its own author and the "
        "post's author see it."
    )
    like_count: int
    liked: bool = Field(description="Whether the caller likes the comment.")
    reply_count: int = Field(description="Number of replies that the caller may see. List them with ?parent=.")


class CollectionOut(Schema):
    """One of the caller's collections of saved posts."""

    id: Id
    name: str
    url: str


def for_output(posts: PostQuerySet, viewer: Viewer) -> PostQuerySet:
    """Return `posts` with everything that `post_out` reads, in one query whatever their number."""
    return with_slides(posts.with_viewer_state(viewer).with_author(), viewer)


def newest_output(name: str, build: Callable[..., PostQuerySet], **parameters: str) -> ViewerStatement[Post]:
    """Return the statement of a list of posts, newest first, for `page_of_output`.

    `build(viewer, …)` returns the posts of the list that `viewer` may see.
    """

    def output(viewer: Viewer, before: int, **values: Any) -> PostQuerySet:
        return for_output(build(viewer, **values).filter(pk__lt=before), viewer).order_by("-pk")[:MAX_ROWS]

    return ViewerStatement[Post](name, output, before="bigint", count=LIMIT, **parameters)


def page_of_output(request: HttpRequest, statement: ViewerStatement[Post], size: int, **values: Any) -> Page[Post]:
    """Return a page of a list, which comes from `newest_output`, after the request's cursor. One query."""
    before = cursor_of(request) or MAX_BIGINT
    return page_of(request, statement.rows(request.user, before=before, count=size + 1, **values), size)


def visible_output(ids: Iterable[int], viewer: Viewer) -> dict[int, Post]:
    """Return the posts with these ids that `viewer` may see, by id, for `post_out`. One query."""
    return {post.pk: post for post in _VISIBLE.rows(viewer, ids=ids)}


_VISIBLE: Final = ViewerStatement[Post](
    "output_of_posts",
    lambda viewer, ids: for_output(Post.objects.visible_to(viewer).filter(pk__any_of=ids), viewer),
    ids="bigint[]",
)


def post_out(request: HttpRequest, post: Post) -> PostOut:
    """Return the answer for `post`, which comes from `for_output`. No query."""
    return PostOut(**post_fields(request, post))


def post_fields(request: HttpRequest, post: Post) -> dict[str, Any]:
    """Return the fields of a PostOut, for schemas that extend it. `post` comes from `for_output`; no query."""
    slides = slides_of(post)
    return {
        "id": post.pk,
        "shortcode": post.shortcode,
        "url": absolute(request, post.get_absolute_url()),
        "author": person_out(request, post.author),
        "created_at": post.created_at,
        "edited_at": post.edited_at,
        "state": post.state,
        "audience": Audience(post.audience),
        "caption": post.caption,
        "tags": extract_tags(post.caption),
        "location": post.location,
        "media": [media_out(request, medium, people, post=post) for medium, people in slides],
        "like_count": None if post.likes_hidden else post.like_count,
        "comment_count": post.comment_count,
        "comments_off": post.comments_off,
        "liked": post.liked_by_viewer,
        "saved": post.saved_by_viewer,
    }


def media_out(
    request: HttpRequest, medium: Media, people: list[TaggedPerson] | None = None, *, post: Post | None = None
) -> MediaOut:
    """Return the answer for a photo or video of `post`, or for one that its owner has not shared yet. No query."""

    def file(key: str) -> str:
        return absolute(request, medium.url_of(key))

    video = None
    if "mp4" in medium.video:
        captions = ""
        if medium.captions and post is not None:
            captions = reverse("posts:captions", args=[post.shortcode, medium.pk])
        video = VideoOut(
            mp4=file(medium.video["mp4"]),
            hls=file(medium.video["hls"]) if "hls" in medium.video else None,
            captions=absolute(request, captions) or None,
            loops=medium.loops,
        )
    return MediaOut(
        id=medium.pk,
        kind=MediaKind(medium.kind),
        state=MediaState(medium.state),
        error=medium.error,
        notice=medium.notice if request.user.pk == medium.owner_id else "",
        progress=medium.progress,
        alt=medium.alt,
        width=medium.width,
        height=medium.height,
        duration_ms=medium.duration_ms,
        placeholder=medium.placeholder,
        images=[
            ImageOut(width=one["width"], height=one["height"], webp=file(one["webp"]), jpeg=file(one["jpeg"]))
            for one in medium.renditions
        ],
        video=video,
        people=[TaggedOut(person=person_out(request, one.person), x=one.x, y=one.y) for one in people or ()],
    )


def comment_out(request: HttpRequest, comment: Comment) -> CommentOut:
    """Return the answer for `comment`, which comes from `with_viewer_state`. No query."""
    return CommentOut(
        id=comment.pk,
        post_id=comment.post_id,
        parent_id=comment.parent_id,
        author=person_out(request, comment.author),
        created_at=comment.created_at,
        edited_at=comment.edited_at,
        text=comment.text,
        pinned=comment.pinned_at is not None,
        waiting=comment.hidden_until_approved,
        like_count=comment.like_count,
        liked=comment.liked_by_viewer,
        reply_count=comment.reply_count,
    )


def collection_out(request: HttpRequest, collection: Collection) -> CollectionOut:
    url = absolute(request, collection.get_absolute_url())
    return CollectionOut(id=collection.pk, name=collection.name, url=url)
