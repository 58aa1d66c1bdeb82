"""Explore: recent posts that people like, by authors the reader does not follow.

Posts are ordered by `posts.models.post.explore_score`, which an index stores. Posts that the reader has seen there in
the last week come after all others, so that Explore shows new things first and is never empty.
"Seen" means in view for a second, reported by the page's script. Valkey remembers it for a week; if it is lost, posts
come up again in their usual place.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import User, Viewer
from accounts.statements import ViewerStatement
from common import valkey
from common.pagination import MAX_BIGINT
from common.statements import LIMIT
from feed.models import NotInterested, without_muted_tags
from posts.models import Post
from posts.models.post import PostQuerySet
from posts.states import MAX_ROWS, PostState, states_of
from social.conditions import follows

SEEN_SECONDS: Final = 7 * 24 * 3600
MAX_SEEN: Final = 5_000
"""Seen posts remembered per reader; the oldest are dropped first."""
MAX_SEEN_PER_REPORT: Final = 50

Select = Callable[[PostQuerySet, Viewer], QuerySet[Any, Any]]


class HasId(Protocol):
    @property
    def pk(self) -> int: ...


Item = TypeVar("Item", bound=HasId)


class Scored(NamedTuple, Generic[Item]):
    """A post with its `explore_score`."""

    item: Item
    score: int


@dataclass(frozen=True)
class ExploreCursor:
    """A position in one reader's walk through Explore.

    `started_ms` is when the walk began (milliseconds since 1970). It divides the posts into those seen before
    that time and all others, so the walk keeps its order while its own tiles are reported as seen. `score` and
    `post_id` belong to the last post shown, or None at the start of a part.
    """

    started_ms: int
    is_seen_part: bool = False
    score: int | None = None
    post_id: int = 0

    def __str__(self) -> str:
        part = "seen" if self.is_seen_part else "new"
        position = "" if self.score is None else f"_{self.score}_{self.post_id}"
        return f"{self.started_ms}_{part}{position}"

    @classmethod
    def parse(cls, text: str) -> ExploreCursor:
        """Return the cursor that `str` wrote; for any other text, the start of a new walk."""
        found = re.fullmatch(r"(\d{1,15})_(new|seen)(?:_(-?\d{1,19})_(-?\d{1,19}))?", text, re.ASCII)
        if not found:
            return cls(now_ms())
        score, post_id = (None, 0) if found[3] is None else (int(found[3]), int(found[4]))
        if max(abs(score or 0), abs(post_id)) > MAX_BIGINT:
            return cls(now_ms())
        return cls(int(found[1]), found[2] == "seen", score, post_id)


@dataclass(frozen=True)
class ExplorePage(Generic[Item]):
    """One page: new posts first, then posts that the reader has seen before."""

    posts: list[Item]
    seen_from: int | None
    """The index in `posts` of the first post seen before, if the second part of the walk begins on this page."""
    next: ExploreCursor | None
    """None at the end."""
    new_count: int
    """The number of new posts; the others were seen before."""


def now_ms() -> int:
    return int(time.time() * 1000)


def explore_page(viewer: Viewer, *, cursor: ExploreCursor, count: int) -> ExplorePage[PostState]:
    """Return up to `count` posts for tiles; see `read_explore`."""
    return read_explore(viewer, cursor=cursor, count=count, lists=_STATES)


def read_explore(viewer: Viewer, *, cursor: ExploreCursor, count: int, lists: ExploreLists[Item]) -> ExplorePage[Item]:
    """Return up to `count` posts for `viewer` from `cursor` on, best first.

    Cost: one round trip to Valkey, one query for new posts, and another one for posts seen before if the page reaches
    them. The index is read from the best post on and skips posts that this reader does not get.
    """
    seen = seen_by(viewer) if viewer.is_authenticated else {}
    before = [post_id for post_id, seen_ms in seen.items() if seen_ms < cursor.started_ms]
    posts: list[Scored[Item]] = []
    if not cursor.is_seen_part:
        posts = lists.new(viewer, before, cursor, count + 1)
        if len(posts) > count:
            return ExplorePage(_items(posts[:count]), None, _end(cursor, posts[count - 1]), new_count=count)
        cursor = ExploreCursor(cursor.started_ms, is_seen_part=True)
    room = count - len(posts)
    again = lists.seen(viewer, before, cursor, room + 1) if before else []
    seen_from = len(posts) if again and room and cursor.score is None else None
    if len(again) <= room:
        return ExplorePage(_items(posts + again), seen_from, None, new_count=len(posts))
    end = _end(cursor, again[room - 1]) if room else cursor
    return ExplorePage(_items(posts + again[:room]), seen_from, end, new_count=len(posts))


def _items(posts: list[Scored[Item]]) -> list[Item]:
    return [one.item for one in posts]


def best_posts(viewer: Viewer, *, count: int) -> list[PostState]:
    """Return the first posts of Explore by all authors, for visitors. One query."""
    return [PostState(*row) for row in _BEST.rows(viewer, count=count)]


def _best(viewer: Viewer) -> QuerySet[Any, Any]:
    best = Post.objects.visible_to(viewer).by_explore_score()
    return states_of(best, viewer).order_by("-score", "-id")[:MAX_ROWS]


_BEST: Final = ViewerStatement[Any]("best_posts", _best, count=LIMIT)


def _end(cursor: ExploreCursor, last: Scored[Any]) -> ExploreCursor:
    return replace(cursor, score=last.score, post_id=last.item.pk)


class ExploreLists(Generic[Item]):
    """The statements of the two parts of Explore: posts that are new to the reader, and posts seen before.

    `select(posts, viewer)` chooses the columns of rows, with `score`, and `make(row)` makes an item of a row.
    """

    def __init__(self, name: str, select: Select, make: Callable[[Any], Scored[Item]]) -> None:
        def new(viewer: Viewer, ids: list[int], score: int, post: int) -> QuerySet[Any, Any]:
            # PostgreSQL makes a hash table of a subquery in a prepared plan too, unlike of `<> ALL`.
            seen = RawSQL("SELECT unnest(%s)", (ids,))
            return rows(_for_reader(viewer).exclude(pk__in=seen), viewer, score, post)

        def again(viewer: Viewer, ids: list[int], score: int, post: int) -> QuerySet[Any, Any]:
            return rows(_for_reader(viewer).filter(pk__any_of=ids), viewer, score, post)

        def rows(posts: PostQuerySet, viewer: Viewer, score: int, post: int) -> QuerySet[Any, Any]:
            selected = select(posts.by_explore_score(after=(score, post)), viewer)
            return selected.order_by("-score", "-pk")[:MAX_ROWS]

        parameters = {"ids": "bigint[]", "score": "bigint", "post": "bigint", "count": LIMIT}
        self._new = ViewerStatement[Any](f"explore_{name}", new, **parameters)
        self._seen = ViewerStatement[Any](f"explored_{name}", again, **parameters)
        self._make = make

    def new(self, viewer: Viewer, seen: list[int], cursor: ExploreCursor, count: int) -> list[Scored[Item]]:
        """Return posts after the cursor that are not in `seen`. One query."""
        return self._rows(self._new, viewer, seen, cursor, count)

    def seen(self, viewer: Viewer, seen: list[int], cursor: ExploreCursor, count: int) -> list[Scored[Item]]:
        """Return posts after the cursor that are in `seen`. One query."""
        return self._rows(self._seen, viewer, seen, cursor, count)

    def _rows(
        self, statement: ViewerStatement[Any], viewer: Viewer, ids: list[int], cursor: ExploreCursor, count: int
    ) -> list[Scored[Item]]:
        score, post = (MAX_BIGINT, MAX_BIGINT) if cursor.score is None else (cursor.score, cursor.post_id)
        return [self._make(row) for row in statement.rows(viewer, ids=ids, score=score, post=post, count=count)]


def _for_reader(viewer: Viewer) -> PostQuerySet:
    posts = Post.objects.visible_to(viewer).unmuted_by(viewer).filter(without_muted_tags(viewer))
    if not viewer.is_authenticated:
        return posts
    hidden = NotInterested.objects.filter(person_id=viewer.pk, post_id=OuterRef("pk"))
    return posts.filter(~follows(viewer, "author_id"), ~Exists(hidden)).exclude(author_id=viewer.pk)


def _select_states(posts: PostQuerySet, viewer: Viewer) -> QuerySet[Any, Any]:
    return states_of(posts, viewer, "score")


_STATES: Final = ExploreLists[PostState]("states", _select_states, lambda row: Scored(PostState(*row[:-1]), row[-1]))


# --- Seen posts -------------------------------------------------------------------------------------------------------


def seen_key(reader_id: int) -> str:
    return f"explored:{reader_id}"


def seen_by(reader: User) -> dict[int, int]:
    """Map the ids of posts that `reader` saw in Explore in the last week to when (milliseconds since 1970).

    Empty while Valkey is away.
    """
    with valkey.optional("explore shows seen posts in their usual place", url=settings.TIMELINE_URL) as is_available:
        if is_available:
            oldest = now_ms() - SEEN_SECONDS * 1000
            found: Any = valkey.timelines().zrangebyscore(seen_key(reader.pk), oldest, "+inf", withscores=True)
            return {int(member): int(seen_ms) for member, seen_ms in found}
    return {}


def remember_seen(reader: User, post_ids: Iterable[int]) -> None:
    """Record that `reader` saw these posts in Explore; the first time counts. No effect while Valkey is away."""
    if not (members := {str(post_id): now_ms() for post_id in post_ids}):
        return
    key = seen_key(reader.pk)
    with valkey.optional("explore does not remember seen posts", url=settings.TIMELINE_URL) as is_available:
        if not is_available:
            return
        pipe = valkey.timelines().pipeline(transaction=False)
        pipe.zremrangebyscore(key, "-inf", now_ms() - SEEN_SECONDS * 1000)
        pipe.zadd(key, members, nx=True)
        pipe.zremrangebyrank(key, 0, -(MAX_SEEN + 1))
        pipe.expire(key, SEEN_SECONDS)
        pipe.execute()
