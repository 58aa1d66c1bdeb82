"""The posts of somebody's home page."""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import User
from feed import timelines
from feed.models import without_muted_tags
from feed.tags import WINDOW, newest_tagged_ids
from posts.models import Post
from posts.models.post import PostQuerySet

Load = Callable[[PostQuerySet, User], PostQuerySet]

MAX_BATCH = 4_000
"""Candidates that are read at once where many posts are hidden."""


def home_posts(
    reader: User, *, before: int | None, count: int, load: Load = PostQuerySet.for_cards
) -> tuple[list[Post], int | None]:
    """Return up to `count` posts for `reader`'s home, newest first, and the cursor of the next page (None at the end).

    Timelines and followed tags give candidates; `visible_to` and the reader's mutes decide. Where they hide some, more
    are read, each time four times as many, until one post more than the page is found: what is hidden changes neither
    how many posts a page has, nor its cursor, which is the id of the last one. A post that is there for its tag alone
    has that as `followed_tag`. `load` says what is read of each. Usually one round trip to Valkey, a query and those of
    `load`: two for cards.
    """
    posts: list[Post] = []
    batch, window = count + 1, WINDOW
    tagged = newest_tagged_ids(reader, before=before, count=window)
    while True:
        ids = timelines.read(reader, before=before, count=batch + 1)
        read_to = ids[batch - 1] if len(ids) > batch else 0
        # What both sources have been read down to: below it there may be more.
        end = max(read_to, tagged.end)
        own = {pk for pk in ids[:batch] if pk >= end}
        also = {pk for pk in tagged.names if pk >= end and (before is None or pk < before)}
        found = Post.objects.visible_to(reader).unmuted_by(reader)
        found = load(found.filter(without_muted_tags(reader), pk__in=own | also), reader)
        for post in sorted(found, key=lambda post: post.pk, reverse=True):
            post.followed_tag = "" if post.pk in own else tagged.names[post.pk]
            posts.append(post)
        if len(posts) > count:
            return posts[:count], posts[count - 1].pk
        if not end:
            return posts, None
        before = end
        batch = min(batch * 4, MAX_BATCH)
        if end == tagged.end:
            window = min(window * 4, MAX_BATCH)
            tagged = newest_tagged_ids(reader, before=before, count=window)
