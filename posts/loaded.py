"""Posts with everything that their cards and pages show, from statements that are compiled once per process.

The posts equal the results of `PostQuerySet.for_cards`, and have `has_preview`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser

from accounts.models import User, Viewer
from accounts.statements import ViewerStatement
from common.compiled_queries import CompiledExists
from common.statements import LIMIT, Statement
from posts.models import Post
from posts.models.post import PostQuerySet
from posts.states import MAX_ROWS, PostState, media_by_post, photos_with_people, states_of

MORE_POSTS: Final = 6


def visible_post_of(post_id: int, viewer: Viewer) -> Post | None:
    """Return the post if `viewer` may see it, or None. Two queries."""
    return next(iter(_with_media(_VISIBLE.rows(viewer, ids=[post_id]))), None)


def visible_or_own_post_of(post_id: int, viewer: Viewer) -> Post | None:
    """Return the post if `viewer` may see it, or it is theirs in any state, or None. Two queries."""
    return next(iter(_with_media(_VISIBLE_OR_OWN.rows(viewer, ids=[post_id]))), None)


def visible_posts_of(ids: Iterable[int], viewer: Viewer) -> dict[int, Post]:
    """Return the posts with these ids that `viewer` may see, by id. Two queries at most."""
    ids = list(ids)
    posts = _VISIBLE.rows(viewer, ids=ids) if ids else []
    return {post.pk: post for post in _with_media(posts)}


def more_posts_of(author_id: int, viewer: Viewer, *, but: int) -> list[PostState]:
    """Return the newest MORE_POSTS visible posts of an author without the post `but`. One query."""
    return [PostState(*row) for row in _MORE.rows(viewer, author=author_id, but=but)]


def archived_posts_of(person: User, *, before: int, count: int) -> list[Post]:
    """Return `count` archived posts of `person` below the id `before`, newest first. Two queries."""
    return _with_media(_ARCHIVED.rows(viewer=person.pk, before=before, count=count))


def _with_media(posts: list[Post]) -> list[Post]:
    media = media_by_post([post.pk for post in posts]) if posts else {}
    for post in posts:
        post.slides = media[post.pk]
        for slide in post.slides:
            slide.has_people = slide.pk in post.photos_with_people
    return posts


def _loaded(posts: PostQuerySet, viewer: Viewer) -> PostQuerySet:
    annotations: dict[str, Any] = {
        "photos_with_people": photos_with_people(viewer),
        "has_preview": _IS_PUBLIC(post="pk"),
    }
    loaded: PostQuerySet = posts.with_viewer_state(viewer).with_author().annotate(**annotations)
    return loaded


def _archived(viewer: int, before: int) -> PostQuerySet:
    person = User(pk=viewer)
    archived = _loaded(Post.objects.archived_of(person).filter(pk__lt=before), person)
    return archived.order_by("-pk")[:MAX_ROWS]


def _more(viewer: Viewer, author: int, but: int) -> Any:
    others = Post.objects.visible_to(viewer).filter(author_id=author).exclude(pk=but)
    return states_of(others, viewer).order_by("-pk")[:MORE_POSTS]


_IS_PUBLIC: Final = CompiledExists(
    lambda post: Post.objects.visible_to(AnonymousUser()).filter(pk=post), outer=["post"]
)
_VISIBLE: Final = ViewerStatement[Post](
    "loaded_posts",
    lambda viewer, ids: _loaded(Post.objects.visible_to(viewer).filter(pk__any_of=ids), viewer),
    ids="bigint[]",
)
_VISIBLE_OR_OWN: Final = ViewerStatement[Post](
    "loaded_or_own_posts",
    lambda viewer, ids: _loaded(Post.objects.visible_to_or_owned_by(viewer).filter(pk__any_of=ids), viewer),
    ids="bigint[]",
)
_MORE: Final = ViewerStatement[Any]("more_posts", _more, author="bigint", but="bigint")
_ARCHIVED: Final = Statement[Post]("archived_posts", _archived, viewer="bigint", before="bigint", count=LIMIT)
