"""The posts of somebody's home page."""

from __future__ import annotations

from accounts.models import User
from feed import timelines
from posts.models import Post

MAX_ROUNDS = 5
"""Of reading on where posts are hidden, each four times the last: some 4,000 candidates, then a short page."""


def home_posts(reader: User, *, before: int | None, count: int) -> tuple[list[Post], int | None]:
    """Up to `count` posts for `reader`'s home, newest first, and the cursor of the next ones (None at the end).

    Timelines hold candidates; `visible_to` decides. Where it hides some, more are read, so that a page is short only
    at the end. Usually one round trip to Valkey and two queries.
    """
    posts: list[Post] = []
    batch = count
    for _ in range(MAX_ROUNDS):
        ids = timelines.read(reader, before=before, count=batch + 1)
        found = Post.objects.visible_to(reader).unmuted_by(reader).filter(pk__in=ids[:batch]).for_cards(reader)
        posts += sorted(found, key=lambda post: post.pk, reverse=True)
        if len(posts) > count or (len(posts) == count and len(ids) > batch):
            return posts[:count], posts[count - 1].pk
        if len(ids) <= batch:
            return posts, None
        before = ids[batch - 1]
        batch *= 4
    return posts, before
