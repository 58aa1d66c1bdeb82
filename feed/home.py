"""The posts of a home page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

from django.db.models import QuerySet

from accounts.models import User
from common.statements import Statement
from feed import timelines
from feed.models import without_muted_tags
from feed.tags import WINDOW, newest_tagged_ids
from feed.volume import within_volume
from posts.models import Post
from posts.models.post import PostQuerySet
from posts.states import PostState, states_of

MAX_BATCH = 4_000
"""Upper limit of the candidates read at once, when most posts are hidden."""


class HasId(Protocol):
    @property
    def pk(self) -> int: ...


Item = TypeVar("Item", bound=HasId)


Load = Callable[[User, list[int]], Sequence[Item]]
"""Loads the posts with these ids that the reader is shown."""


class HomePosts(NamedTuple, Generic[Item]):
    posts: list[Item]
    next_cursor: int | None
    """The id below which the next page begins; None at the end."""
    followed_tags: dict[int, str]
    """The followed tag that is the only reason for a post to be on the page, by post id."""


def home_posts(reader: User, *, before: int | None, count: int) -> HomePosts[PostState]:
    """Return up to `count` posts for `reader`'s home page; see `read_home`."""
    return read_home(reader, before=before, count=count, load=home_states)


def read_home(reader: User, *, before: int | None, count: int, load: Load[Item]) -> HomePosts[Item]:
    """Return up to `count` posts for `reader`'s home, newest first, with ids below `before`.

    Timelines and followed tags give candidates. `load` returns the candidates that the reader may see, has
    not muted and has not turned down (`shown_on_home`). If some are hidden, more are read, four times as many each
    time, until there is one post more than the page. So hidden posts change neither the size of a page nor its cursor,
    which is the id of its last post.

    Cost: usually one round trip to Valkey, one query for readers who follow tags, and one call of `load`.
    """
    posts: list[Item] = []
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
        posts += sorted(load(reader, [*own | also]), key=lambda post: post.pk, reverse=True)
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


def shown_on_home(reader: User, ids: list[int]) -> PostQuerySet:
    """Filter `unmuted_posts` by the volumes that `reader` chose for their authors."""
    return unmuted_posts(reader, ids).filter(within_volume(reader))


def unmuted_posts(reader: User, ids: list[int]) -> PostQuerySet:
    """Return the posts with these ids that `reader` may see and has not muted, by person or by tag."""
    posts: PostQuerySet = Post.objects.visible_to(reader).unmuted_by(reader)
    return posts.filter(without_muted_tags(reader), pk__any_of=ids)


def home_states(reader: User, ids: list[int]) -> list[PostState]:
    """Load posts for cards (`read_home`). One statement."""
    return list(map(PostState._make, _STATES.rows(reader=reader.pk, ids=ids)))


def favourite_states(reader: User, ids: list[int]) -> list[PostState]:
    """Load posts for cards of the feed Favourites, at any volume. One statement."""
    return [PostState(*row) for row in _FAVOURITE_STATES.rows(reader=reader.pk, ids=ids)]


def _states(reader: int, ids: list[int]) -> QuerySet[Any, Any]:
    return states_of(shown_on_home(User(pk=reader), ids), User(pk=reader))


_STATES: Final = Statement[Any]("home_posts", _states, reader="bigint", ids="bigint[]")
_FAVOURITE_STATES: Final = Statement[Any](
    "favourite_posts",
    lambda reader, ids: states_of(unmuted_posts(User(pk=reader), ids), User(pk=reader)),
    reader="bigint",
    ids="bigint[]",
)
