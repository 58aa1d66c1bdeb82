"""The feed "Favourites": all posts of the reader's favourites, newest first."""

from __future__ import annotations

from typing import Final

from accounts.models import User
from common.compiled_queries import PreparedFragment
from common.pagination import MAX_BIGINT
from common.replicas import read_connection
from feed.home import MAX_BATCH, Item, Load
from posts.visible import published_posts
from social.models import Follow


def favourite_ids(reader: User) -> set[int]:
    """Return the ids of the favourites, at most MAX_FAVOURITES."""
    return set(Follow.objects.filter(follower=reader, is_favourite=True).values_list("followee_id", flat=True))


def read_favourites(reader: User, *, before: int | None, count: int, load: Load[Item]) -> tuple[list[Item], int | None]:
    """Return up to `count` posts of the favourites below the id `before`, and the id below which the next page begins.

    The id is None at the end. `load` returns the candidates that are shown (`feed.home.unmuted_posts`). Reads
    more candidates while some are hidden, like `feed.home.read_home`. Cost: usually one query of up to `count` index
    entries for each favourite, and one call of `load`.
    """
    posts: list[Item] = []
    batch = count + 1
    while True:
        ids = _newest_ids(reader, before=before, count=batch)
        posts += sorted(load(reader, ids), key=lambda post: post.pk, reverse=True)
        if len(posts) > count:
            return posts[:count], posts[count - 1].pk
        if len(ids) < batch:
            return posts, None
        before = ids[-1]
        batch = min(batch * 4, MAX_BATCH)


def _newest_ids(reader: User, *, before: int | None, count: int) -> list[int]:
    favourites, values = _FAVOURITES(reader=reader.pk).named("favourites")
    posts, _ = published_posts().named("posts")
    with read_connection().cursor() as cursor:
        cursor.execute(
            f"""
            SELECT newest.id FROM ({favourites}) AS favourite
            CROSS JOIN LATERAL (
                SELECT post.id FROM ({posts}) AS post
                WHERE post.author_id = favourite.followee_id AND post.id < %(before)s
                ORDER BY post.id DESC LIMIT %(count)s
            ) AS newest
            ORDER BY newest.id DESC LIMIT %(count)s
            """,  # noqa: S608  (compiled from querysets)
            values | {"before": MAX_BIGINT if before is None else before, "count": count},
        )
        return [row[0] for row in cursor.fetchall()]


_FAVOURITES: Final = PreparedFragment(
    lambda reader: Follow.objects.filter(follower_id=reader, is_favourite=True).order_by().values("followee_id"),
    "reader",
)
