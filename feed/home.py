"""The posts of a home page."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from accounts.models import User
from feed import timelines
from feed.models import without_muted_tags
from feed.tags import WINDOW, newest_tagged_ids
from posts.models import Post
from posts.models.post import PostQuerySet

Load = Callable[[PostQuerySet, User], PostQuerySet]

MAX_BATCH = 4_000
"""Upper limit of the candidates read at once, when most posts are hidden."""


class HomePosts(NamedTuple):
    posts: list[Post]
    next_cursor: int | None
    """The id below which the next page begins; None at the end."""
    followed_tags: dict[int, str]
    """The followed tag that is the only reason for a post to be on the page, by post id."""


def home_posts(reader: User, *, before: int | None, count: int, load: Load = PostQuerySet.for_cards) -> HomePosts:
    """Return up to `count` posts for `reader`'s home, newest first, with ids below `before`.

    Timelines and followed tags give candidates; `visible_to` and the reader's mutes filter them. If some are hidden,
    more are read, four times as many each time, until there is one post more than the page. So hidden posts change
    neither the size of a page nor its cursor, which is the id of its last post.

    `load` reads the posts. Cost: usually one round trip to Valkey, one query, and the queries of `load` (two for
    cards).
    """
    posts: list[Post] = []
    followed_tags: dict[int, str] = {}
    batch, window = count + 1, WINDOW
    tagged = newest_tagged_ids(reader, before=before, count=window)
    while True:
        ids = timelines.read(reader, before=before, count=batch + 1)
        read_to = ids[batch - 1] if len(ids) > batch else 0
        # Both sources have been read down to `end`; there may be more below.
        end = max(read_to, tagged.end)
        own = {pk for pk in ids[:batch] if pk >= end}
        also = {pk for pk in tagged.names if pk >= end and (before is None or pk < before)}
        found = Post.objects.visible_to(reader).unmuted_by(reader)
        found = load(found.filter(without_muted_tags(reader), pk__in=own | also), reader)
        posts += sorted(found, key=lambda post: post.pk, reverse=True)
        followed_tags |= {pk: tagged.names[pk] for pk in also - own}
        if len(posts) > count:
            return HomePosts(posts[:count], posts[count - 1].pk, followed_tags)
        if not end:
            return HomePosts(posts, None, followed_tags)
        before = end
        batch = min(batch * 4, MAX_BATCH)
        if end == tagged.end:
            window = min(window * 4, MAX_BATCH)
            tagged = newest_tagged_ids(reader, before=before, count=window)
