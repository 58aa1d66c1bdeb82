"""Queries about tags: their posts, follows and mutes of a viewer, and the newest posts of followed tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from django.db.models import Exists, OuterRef, QuerySet, Value
from django.http import HttpRequest

from accounts.models import User, Viewer
from accounts.statements import ViewerStatement
from common.linkify import extract_tags
from common.pagination import MAX_BIGINT, Page
from common.replicas import read_connection
from common.subqueries import RowCount
from feed.models import TagFollow, TagMute
from posts.models import Hashtag, Post
from posts.models.post import PostQuerySet
from posts.states import PostState, newest_states, page_of_states

WINDOW = 60
"""The number of posts of followed tags that a page reads first, five times its size, because some may be hidden."""
MAX_COUNTED_POSTS: Final = 1_000
"""Counting checks the visibility of each post; more are shown as "1,000+"."""


def posts_with_tag(name: str, viewer: Viewer) -> PostQuerySet:
    """Return the posts with the normalized tag `name` that `viewer` may see."""
    return Post.objects.visible_to(viewer).filter(tagged__hashtag__name=name)


def is_tag(name: str) -> bool:
    """Return True if a caption can contain the normalized `name` as a tag."""
    return extract_tags(f"#{name}") == [name]


class TagState(NamedTuple):
    """A tag and a viewer's choices for it. Following ends a mute, and muting ends following."""

    pk: int = 0
    """The id of the `Hashtag`; 0 for a tag that was never used."""
    is_followed: bool = False
    is_muted: bool = False


def tag_state(name: str, viewer: Viewer) -> TagState:
    """Return the tag `name` and the choices of `viewer` for it. One query."""
    found = _TAG.first(viewer, tag=name)
    return TagState(*found) if found else TagState()


def _tag(viewer: Viewer, tag: str) -> QuerySet[Any, Any]:
    choices: list[Any] = [Value(False)] * 2
    if viewer.is_authenticated:
        choices = [
            Exists(chosen.objects.filter(person_id=viewer.pk, hashtag_id=OuterRef("pk")))
            for chosen in (TagFollow, TagMute)
        ]
    return Hashtag.objects.filter(name=tag).values_list("pk", *choices)


_TAG: Final = ViewerStatement[Any]("tag", _tag, tag="text")


def page_of_tag(request: HttpRequest, tag_id: int, size: int) -> Page[PostState]:
    """Return a page of the posts with a tag, newest first. One query, which walks the index of the tag."""
    return page_of_states(request, _POSTS, size, tag=tag_id)


def count_tagged_posts(tag_id: int, viewer: Viewer) -> int:
    """Return the number of posts with a tag that `viewer` may see, at most MAX_COUNTED_POSTS + 1. One query."""
    found = _COUNT.first(viewer, tag=tag_id)
    return found[0] if found else 0


def _posts(viewer: Viewer, tag: int) -> PostQuerySet:
    return Post.objects.visible_to(viewer).filter(tagged__hashtag_id=tag)


def _count(viewer: Viewer, tag: int) -> QuerySet[Any, Any]:
    posts = Post.objects.visible_to(viewer).filter(tagged__hashtag_id=OuterRef("pk")).order_by()
    return Hashtag.objects.filter(pk=tag).values_list(RowCount(posts.values("pk")[: MAX_COUNTED_POSTS + 1]))


_POSTS: Final = newest_states("posts_of_tag", _posts, tag="bigint")
_COUNT: Final = ViewerStatement[Any]("post_count_of_tag", _count, tag="bigint")


def follows_tags(person: str) -> Exists:
    """Return the condition of `user.flags.follows_tags`: the person in the outer field `person` follows a tag."""
    return Exists(TagFollow.objects.filter(person=OuterRef(person)))


@dataclass(frozen=True)
class TaggedIds:
    """The newest posts of followed tags. They may include hidden posts, so filter them before showing anything."""

    names: dict[int, str]
    """One of the followed tags of each post, by post id."""
    end: int
    """There may be more posts below this id; 0 if there are none."""


def newest_tagged_ids(reader: User, *, before: int | None, count: int) -> TaggedIds:
    """Return the newest `count` posts of the tags that `reader` follows, below the id `before`.

    They are candidates, like the ids of a timeline, and not filtered by visibility. No query for readers who follow no
    tags; otherwise one, which reads at most `count` index entries per tag.
    """
    if not reader.flags.follows_tags:
        return TaggedIds({}, 0)
    with read_connection().cursor() as cursor:
        cursor.execute(
            """
            SELECT newest.post_id, min(tag.name)
            FROM feed_tagfollow AS follow
            JOIN posts_hashtag AS tag ON tag.id = follow.hashtag_id
            CROSS JOIN LATERAL (
                SELECT tagged.post_id FROM posts_posthashtag AS tagged
                WHERE tagged.hashtag_id = follow.hashtag_id AND tagged.post_id < %(before)s
                ORDER BY tagged.post_id DESC LIMIT %(count)s
            ) AS newest
            WHERE follow.person_id = %(reader)s
            GROUP BY newest.post_id ORDER BY newest.post_id DESC LIMIT %(count)s
            """,
            {"reader": reader.pk, "before": MAX_BIGINT if before is None else before, "count": count},
        )
        names = dict(cursor.fetchall())
    return TaggedIds(names, min(names) if len(names) == count else 0)
