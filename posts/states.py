"""Posts as their readers see them, and the contents that are the same for all readers.

A page first asks which posts a reader may see, with everything that differs between readers (`PostState`, one
statement). The rest is in cached parts (`posts.cards`), and is read here only if a part is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import QuerySet
from django.db.models.expressions import Expression
from django.http import HttpRequest

from accounts.models import User, Viewer
from accounts.statements import ViewerStatement
from common.compiled_queries import CompiledArray
from common.pagination import MAX_BIGINT, Page, cursor_of, page_of
from common.statements import LIMIT, Statement
from posts.models import Media, PersonTag, Post
from posts.models.post import PostQuerySet


class PostState(NamedTuple):
    """What differs between readers of a post; the fields of STATE_FIELDS."""

    pk: int
    card_version: int = 0
    author_version: int = 0
    author_id: int = 0
    like_count: int = 0
    likes_hidden: bool = False
    comment_count: int = 0
    is_liked: bool = False
    is_saved: bool = False
    is_own: bool = False
    named: Collection[str] | None = None
    """Usernames in the caption that the reader may see; None for all."""
    photos_with_people: Collection[int] = ()
    """Ids of the photos in which the reader can see that people are tagged."""


MAX_ROWS: Final = 101
"""The largest number of posts that a list is asked for: a page of 100, and one more."""

STATE_FIELDS: Final = (
    *("pk", "card_version", "author__card_version", "author_id", "like_count", "likes_hidden", "comment_count"),
    *("liked_by_viewer", "saved_by_viewer", "is_own", "named", "photos_with_people"),
)


def states_of(posts: PostQuerySet, viewer: Viewer, *annotations: str) -> QuerySet[Any, Any]:
    """Return tuples of STATE_FIELDS, and of annotations, for `posts`, which must be visible to `viewer`."""
    people: Any = {"photos_with_people": photos_with_people(viewer)}
    return posts.with_viewer_state(viewer).annotate(**people).order_by().values_list(*STATE_FIELDS, *annotations)


def photos_with_people(viewer: Viewer) -> Expression:
    """Return an annotation of posts: the ids of their photos in which `viewer` can see that people are tagged."""
    if viewer.is_authenticated:
        return _PEOPLE_FOR_MEMBER(post="pk", viewer=viewer.pk)
    return _PEOPLE_FOR_ANYBODY(post="pk")


def visible_states(ids: Iterable[int], viewer: Viewer) -> dict[int, PostState]:
    """Return the posts with these ids that `viewer` may see, by id. One statement."""
    return {row[0]: PostState(*row) for row in _VISIBLE.rows(viewer, ids=ids)}


def newest_states(name: str, build: Callable[..., PostQuerySet], **parameters: str) -> ViewerStatement[Any]:
    """Return the statement of a list of posts, newest first, for `page_of_states`.

    `build(viewer, …)` returns the posts of the list that `viewer` may see.
    """

    def states(viewer: Viewer, before: int, **values: Any) -> QuerySet[Any, Any]:
        return states_of(build(viewer, **values).filter(pk__lt=before), viewer).order_by("-pk")[:MAX_ROWS]

    return ViewerStatement[Any](name, states, before="bigint", count=LIMIT, **parameters)


def page_of_states(request: HttpRequest, statement: ViewerStatement[Any], size: int, **values: Any) -> Page[PostState]:
    """Return a page of a list, which comes from `newest_states`, after the request's cursor. One statement."""
    rows = statement.rows(request.user, before=cursor_of(request) or MAX_BIGINT, count=size + 1, **values)
    return page_of(request, [PostState(*row) for row in rows], size, field="pk")


def contents_of(ids: Iterable[int]) -> list[Post]:
    """Return posts with author and media, for rendering parts. Two statements. The caller has checked visibility."""
    ids = list(ids)
    posts = _CONTENTS.rows(ids=ids)
    media = media_by_post(ids)
    for post in posts:
        post.slides = media[post.pk]
    return posts


def media_by_post(ids: Collection[int]) -> dict[int, list[Media]]:
    """Return the media of these posts, in order, by the id of the post. One statement. It checks no permission."""
    media: dict[int, list[Media]] = {pk: [] for pk in ids}
    for medium in _MEDIA.rows(ids=ids):
        if medium.post_id is not None:
            media[medium.post_id].append(medium)
    return media


def _people_in(post: models.expressions.Combinable, viewer: Viewer) -> QuerySet[Any, Any]:
    return PersonTag.objects.visible_to(viewer).filter(media__post_id=post).order_by().values("media_id").distinct()


_IDS: Final = ArrayField(models.BigIntegerField())
_PEOPLE_FOR_MEMBER: Final = CompiledArray(
    lambda post, viewer: _people_in(post, User(pk=viewer)), outer=["post"], output_field=_IDS
)
_PEOPLE_FOR_ANYBODY: Final = CompiledArray(
    lambda post: _people_in(post, AnonymousUser()), outer=["post"], output_field=_IDS
)


def _visible(viewer: Viewer, ids: list[int]) -> QuerySet[Any, Any]:
    return states_of(Post.objects.visible_to(viewer).filter(pk__any_of=ids), viewer)


_VISIBLE: Final = ViewerStatement[Any]("visible_posts", _visible, ids="bigint[]")
_CONTENTS: Final = Statement[Post](
    "contents_of_posts", lambda ids: Post.objects.filter(pk__any_of=ids).with_author(), ids="bigint[]"
)
_MEDIA: Final = Statement[Media](
    "media_of_posts", lambda ids: Media.objects.filter(post_id__any_of=ids).order_by("position"), ids="bigint[]"
)
