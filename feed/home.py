"""The posts of somebody's home page."""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import User
from feed import timelines
from feed.models import without_muted_tags
from feed.tags import newest_tagged_ids
from posts.models import Post
from posts.models.post import PostQuerySet

Load = Callable[[PostQuerySet, User], PostQuerySet]

MAX_ROUNDS = 5
"""Of reading on where posts are hidden, each four times the last: some 4,000 candidates, then a short page."""


def home_posts(
    reader: User, *, before: int | None, count: int, load: Load = PostQuerySet.for_cards
) -> tuple[list[Post], int | None]:
    """Up to `count` posts for `reader`'s home, newest first, and the cursor of the next ones (None at the end).

    Timelines and followed tags give candidates; `visible_to` and the reader's mutes decide. Where they hide some, more
    are read, so that a page is short only at the end, or where very many posts of a tag are hidden. A post that is
    there for its tag alone has that as `followed_tag`. `load` says what is read of each. Usually one round trip to
    Valkey, a query and those of `load`: two for cards.
    """
    posts: list[Post] = []
    tagged = newest_tagged_ids(reader, before=before)
    batch = count
    for _ in range(MAX_ROUNDS):
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
        if len(posts) > count or (len(posts) == count and end):
            return posts[:count], posts[count - 1].pk
        if not end:
            return posts, None
        before = end
        if end > read_to:
            # No more of the tags has been read, and none will be: one query a page.
            return posts, end
        batch *= 4
    return posts, before
