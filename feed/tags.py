"""Posts of followed tags, for the home page."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from accounts.models import User, Viewer
from common.pagination import MAX_BIGINT
from posts.models import Post
from posts.models.post import PostQuerySet

WINDOW = 60
"""Posts of followed tags that a page looks at first: five times what it shows, because some may be hidden."""


def posts_with_tag(name: str, viewer: Viewer) -> PostQuerySet:
    """Return the posts with the tag `name`, normalized, that `viewer` may see."""
    return Post.objects.visible_to(viewer).filter(tagged__hashtag__name=name)


@dataclass(frozen=True)
class TaggedIds:
    """The newest posts of followed tags, each with one such tag. Below `end` there may be more; 0 if there are none.

    Hidden posts are among them, also at `end`: neither leaves the server before `visible_to` was asked.
    """

    names: dict[int, str]
    end: int


def newest_tagged_ids(reader: User, *, before: int | None, count: int) -> TaggedIds:
    """Return the newest `count` posts of the tags that `reader` follows, below the id `before`.

    Candidates, as the ids of a timeline: `visible_to` decides. One query, which reads at most `count` index entries a
    tag, however many posts it has.
    """
    with connection.cursor() as cursor:
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
