"""The posts of somebody's home page."""

from __future__ import annotations

from accounts.models import User
from feed import timelines
from posts.models import Post


def home_posts(reader: User, *, before: int | None, count: int) -> tuple[list[Post], int | None]:
    """Up to `count` posts for `reader`'s home, newest first, and the cursor of the next ones (None at the end).

    Timelines hold candidates; `visible_to` decides. Where it hides some, more are read, so that a page is short only
    at the end. Usually one round trip to Valkey and two queries.
    """
    posts: list[Post] = []
    while True:
        ids = timelines.read(reader, before=before, count=count + 1)
        found = Post.objects.visible_to(reader).filter(pk__in=ids[:count]).for_cards(reader)
        posts += sorted(found, key=lambda post: post.pk, reverse=True)
        if len(ids) <= count:
            at_end = len(posts) <= count
            return posts[:count], None if at_end else posts[count - 1].pk
        if len(posts) >= count:
            return posts[:count], posts[count - 1].pk
        before = ids[count - 1]
