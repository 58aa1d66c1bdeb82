"""Posts, comments and who likes them, in the JSON API: reading."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Field, Query, Router, Schema

from accounts.api.authentication import ANYBODY
from accounts.api.people import ListedPersonOut, PersonOut, listed_person_out, person_out, read_id
from accounts.http import MemberRequest
from accounts.models import User, Viewer
from common.api import ID_OR_NOTHING, PROBLEMS, Id, IdPaging, Listed, NotFound, absolute, listed
from common.ids import decode_shortcode
from common.linkify import extract_tags
from common.pagination import Page, page_by_id
from posts.models import Audience, Collection, Comment, CommentLike, Like, Media, Post, Save
from posts.models.media import MediaKind, MediaState
from posts.models.post import PostQuerySet
from posts.queries import page_of_saves
from posts.slides import TaggedPerson, slides_of, with_slides
from social.queries import visible_people_in_order

router = Router(tags=["posts"])


class ImageOut(Schema):
    """A photo, or the picture of a video, in one size."""

    width: int = Field(description="In pixels.", examples=[1080])
    height: int
    webp: str = Field(description="Where it is, as WebP.")
    jpeg: str = Field(description="Where it is, as JPEG.")


class VideoOut(Schema):
    mp4: str = Field(description="Where the whole film is.")
    hls: str | None = Field(description="Where it is in pieces (HLS); null for short ones.")
    captions: str | None = Field(description="Where its captions are (WebVTT); null without any.")
    loops: bool = Field(description="An animation: without sound, over and over.")


class TaggedOut(Schema):
    """Somebody in a photo, and where: fractions of its width and height."""

    person: PersonOut
    x: float = Field(ge=0, le=1, description="From the left.", examples=[0.5])
    y: float = Field(ge=0, le=1, description="From the top.", examples=[0.25])


class MediaOut(Schema):
    """A photo or video."""

    id: Id
    kind: MediaKind
    state: MediaState = Field(
        description="Others see only what is ready; one's own is processed for some seconds first."
    )
    error: str = Field(description='Why it failed; "" if it did not.')
    notice: str = Field(description='What its author should know, such as sound that could not be read; "" for others.')
    progress: int = Field(description="Of a video that is being converted, in per cent.")
    alt: str = Field(description='What is on it, for who does not see it; "" if its author did not say.')
    width: int = Field(description="Of the original, in pixels.")
    height: int
    duration_ms: int = Field(description="Of a video; 0 of photos.")
    placeholder: str = Field(description="A tiny picture as a data: address, to show while the file loads.")
    images: list[ImageOut] = Field(description="By growing width.")
    video: VideoOut | None
    people: list[TaggedOut] = Field(description="Who is tagged in it.")


class PostOut(Schema):
    """A post, as the one who asks sees it."""

    id: Id = Field(description="Its number.", examples=["284316759125000192"])
    shortcode: str = Field(description="The number as it stands in addresses.", examples=["Pyc3HwFEAA"])
    url: str = Field(description="Its page.")
    author: PersonOut
    created_at: datetime = Field(description="When it was shared, in UTC.")
    edited_at: datetime | None = Field(description="When its author last changed it.")
    state: Literal["published", "processing", "failed", "archived", "removed"] = Field(
        description="Others see only what is published."
    )
    audience: Audience
    caption: str
    tags: list[str] = Field(description="Of the caption, without #, in their normal form.")
    location: str
    media: list[MediaOut] = Field(description="One to twenty, in order.")
    like_count: int | None = Field(description="Null where it is hidden from the one who asks.")
    comment_count: int
    comments_off: bool = Field(description="Whether nobody can add a comment.")
    liked: bool = Field(description="By the one who asks.")
    saved: bool = Field(description="By the one who asks.")


class CommentOut(Schema):
    """A comment, or a reply to one."""

    id: Id
    post_id: Id
    parent_id: Id | None = Field(description="Of a reply: the first comment of its thread.")
    author: PersonOut
    created_at: datetime
    edited_at: datetime | None
    text: str
    pinned: bool = Field(description="Whether the post's author shows it before the others.")
    waiting: bool = Field(description="Whether only its author and the post's see it, until the latter approves it.")
    like_count: int
    liked: bool = Field(description="By the one who asks.")
    reply_count: int = Field(description="Of the replies that the one who asks may see: ?parent= lists them.")


class CollectionOut(Schema):
    """One of the caller's collections of saved posts."""

    id: Id
    name: str
    url: str


# --- Finding ----------------------------------------------------------------------------------------------------------


def post_id_of(ref: str) -> int:
    """The number of the post that {id} names, a number or a shortcode. Raises NotFound for what can be none.

    Digits alone are a number: of a hundred million shortcodes one is so, and its post is found by its number only.
    """
    if ref.isascii() and ref.isdigit():
        return read_id(ref)
    pk = decode_shortcode(ref)
    if pk < 0:
        raise NotFound
    return pk


def find_post(posts: PostQuerySet, ref: str) -> Post:
    """The one of `posts` whom {id} names. Raises NotFound."""
    post = posts.filter(pk=post_id_of(ref)).first()
    if post is None:
        raise NotFound
    return post


def find_comment(viewer: User, ref: str, posts: PostQuerySet | None = None) -> Comment:
    """Return the comment with the id `ref` under one of `posts` (by default, all visible ones). Raises NotFound."""
    posts = Post.objects.visible_to(viewer) if posts is None else posts
    comments = Comment.objects.visible_to(viewer).filter(post__in=posts.order_by().values("pk"))
    comment = comments.with_viewer_state(viewer).filter(pk=read_id(ref)).first()
    if comment is None:
        raise NotFound
    return comment


def own_collection(owner: User, ref: str) -> Collection:
    """Return the collection of `owner` with the id `ref`. Raises NotFound."""
    collection = Collection.objects.filter(pk=read_id(ref), owner=owner).first()
    if collection is None:
        raise NotFound
    return collection


def for_answers(posts: PostQuerySet, viewer: Viewer) -> PostQuerySet:
    """All that a PostOut says, in one query whatever the number of posts."""
    return with_slides(posts.with_viewer_state(viewer).with_author(), viewer)


# --- Showing ----------------------------------------------------------------------------------------------------------


def post_out(request: HttpRequest, post: Post) -> PostOut:
    """`post` comes from `for_answers`. No query."""
    return PostOut(**post_fields(request, post))


def post_fields(request: HttpRequest, post: Post) -> dict[str, Any]:
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
    """A photo or video of `post`; of none yet, for who has just uploaded it."""

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
    """`comment` comes from `with_viewer_state`. No query."""
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


# --- Addresses --------------------------------------------------------------------------------------------------------


@router.get("/posts/{id}", auth=ANYBODY, response={200: PostOut, **PROBLEMS})
def get_post(request: HttpRequest, id: str) -> PostOut:  # noqa: A002  (the name in the address)
    """A post, by number or shortcode. Its author gets it in whatever state it is."""
    return post_out(
        request, find_post(for_answers(Post.objects.visible_to_or_owned_by(request.user), request.user), id)
    )


class CommentPaging(IdPaging):
    parent: str = Field("", pattern=ID_OR_NOTHING, description="The replies under this comment, by its number.")


@router.get("/posts/{id}/comments", auth=ANYBODY, response={200: Listed[CommentOut], **PROBLEMS})
def list_comments(
    request: HttpRequest,
    response: HttpResponse,
    id: str,  # noqa: A002
    paging: Query[CommentPaging],
) -> Listed[CommentOut]:
    """The comments of a post, newest first, without replies; with `?parent=` the replies under one of them."""
    post = find_post(Post.objects.visible_to(request.user).only("id", "author_id"), id)
    seen = Comment.objects.visible_to(request.user).filter(post=post)
    if paging.parent:
        pk = read_id(paging.parent)
        if not seen.threads().filter(pk=pk).exists():
            raise NotFound
        seen = Comment.objects.visible_ignoring_thread(request.user).filter(parent_id=pk)
    else:
        seen = seen.threads()
    page = page_by_id(request, seen.with_viewer_state(request.user), paging.limit)
    return listed(request, response, page, [comment_out(request, one) for one in page])


@router.get("/posts/{id}/likes", response={200: Listed[ListedPersonOut], **PROBLEMS})
def list_likes(
    request: MemberRequest,
    response: HttpResponse,
    id: str,  # noqa: A002
    paging: Query[IdPaging],
) -> Listed[ListedPersonOut]:
    """Who likes a post, newest first; where its author hides that, the author alone may ask."""
    told = Post.objects.visible_to(request.user).with_likers_visible_to(request.user)
    post = find_post(told.only("id"), id)
    likes = Like.objects.filter(post=post, liker__in=User.objects.visible_to(request.user))
    page = page_by_id(request, likes, paging.limit)
    people = visible_people_in_order([like.liker_id for like in page], request.user)
    return listed(request, response, Page([], page.next_url), [listed_person_out(request, one) for one in people])


@router.get("/comments/{id}/likes", response={200: Listed[ListedPersonOut], **PROBLEMS})
def list_comment_likes(
    request: MemberRequest,
    response: HttpResponse,
    id: str,  # noqa: A002
    paging: Query[IdPaging],
) -> Listed[ListedPersonOut]:
    """List the people who like a comment, the newest like first."""
    comment = find_comment(request.user, id)
    likes = CommentLike.objects.filter(comment=comment, person__in=User.objects.visible_to(request.user))
    page = page_by_id(request, likes, paging.limit)
    people = visible_people_in_order([like.person_id for like in page], request.user)
    return listed(request, response, Page([], page.next_url), [listed_person_out(request, one) for one in people])


@router.get("/user/archive", response={200: Listed[PostOut], **PROBLEMS})
def list_archive(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> Listed[PostOut]:
    """List the caller's archived posts, the newest first."""
    archived = for_answers(Post.objects.archived_of(request.user), request.user)
    return _posts(request, response, page_by_id(request, archived, paging.limit))


@router.get("/user/saved", response={200: Listed[PostOut], **PROBLEMS})
def list_saved(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> Listed[PostOut]:
    """List the posts that the caller has saved, the last saved first."""
    return _posts(request, response, _page_of_saves(request, Save.objects.all(), paging.limit))


@router.get("/collections", response={200: Listed[CollectionOut], **PROBLEMS})
def list_collections(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> Listed[CollectionOut]:
    """List the caller's collections, the newest first. Nobody else sees them."""
    page = page_by_id(request, Collection.objects.filter(owner=request.user), paging.limit)
    return listed(request, response, page, [collection_out(request, one) for one in page])


@router.get("/collections/{id}/posts", response={200: Listed[PostOut], **PROBLEMS})
def list_posts_of_collection(
    request: MemberRequest,
    response: HttpResponse,
    id: str,  # noqa: A002
    paging: Query[IdPaging],
) -> Listed[PostOut]:
    """List the posts in one of the caller's collections, the last saved first."""
    saves = Save.objects.filter(collection=own_collection(request.user, id))
    return _posts(request, response, _page_of_saves(request, saves, paging.limit))


def _page_of_saves(request: MemberRequest, saves: QuerySet[Save], size: int) -> Page[Post]:
    visible = for_answers(Post.objects.visible_to(request.user), request.user)
    return page_of_saves(request, saves, visible, size)


def _posts(request: MemberRequest, response: HttpResponse, page: Page[Post]) -> Listed[PostOut]:
    return listed(request, response, page, [post_out(request, post) for post in page])
