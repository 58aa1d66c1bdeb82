"""Queries about tags: their posts, follows and mutes of a viewer, and the newest posts of followed tags."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from accounts.models import User, Viewer
from common.linkify import extract_tags
from common.pagination import MAX_BIGINT
from common.replicas import read_connection
from feed.models import TagFollow, TagMute
from posts.models import Hashtag, Post
from posts.models.post import PostQuerySet

WINDOW = 60
"""The number of posts of followed tags that a page reads first, five times its size, because some may be hidden."""


def posts_with_tag(name: str, viewer: Viewer) -> PostQuerySet:
    """Return the posts with the normalized tag `name` that `viewer` may see."""
    return Post.objects.visible_to(viewer).filter(tagged__hashtag__name=name)


def is_tag(name: str) -> bool:
    """Return True if a caption can contain the normalized `name` as a tag."""
    return extract_tags(f"#{name}") == [name]


@dataclass(frozen=True)
class TagState:
    """A viewer's choices for a tag. Following ends a mute, and muting ends following."""

    is_followed: bool = False
    is_muted: bool = False


def tag_state(name: str, viewer: Viewer) -> TagState:
    """Return the choices of `viewer` for the tag `name`. One query; none for visitors."""
    if not viewer.is_authenticated:
        return TagState()
    followed = Exists(TagFollow.objects.filter(person_id=viewer.pk, hashtag_id=OuterRef("pk")))
    muted = Exists(TagMute.objects.filter(person_id=viewer.pk, hashtag_id=OuterRef("pk")))
    state = Hashtag.objects.filter(name=name).values_list(followed, muted).first()
    return TagState(*state) if state else TagState()


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
