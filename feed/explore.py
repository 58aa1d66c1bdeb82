"""Explore: recent posts that people like, by authors whom one does not follow, and none twice in a week.

The order is `explore_score`, which stands in an index: see `posts.models.post.ExploreScore`. What a reader was shown is
kept in Valkey for a week; when that is lost, posts come again and nothing else happens.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Exists, OuterRef, Q

from accounts.models import User, Viewer
from common import valkey
from common.pagination import MAX_BIGINT
from feed.models import NotInterested, without_muted_tags
from posts.models import Post
from posts.models.post import ExploreScore, PostQuerySet
from social.models import follows

SHOWN_SECONDS: Final = 7 * 24 * 3600
MAX_SHOWN: Final = 5_000
"""Posts that are remembered of a reader: 200 pages in a week. Of more the first come again."""


@dataclass(frozen=True)
class Place:
    """Where a page of Explore ends: the last post's score, and its id."""

    score: int
    post_id: int

    def __str__(self) -> str:
        return f"{self.score}_{self.post_id}"

    @classmethod
    def read(cls, text: str) -> Place | None:
        """What `str` made; None for anything else, which is the first page."""
        found = re.fullmatch(r"(-?\d{1,19})_(-?\d{1,19})", text, re.ASCII)
        if not found or any(abs(int(number)) > MAX_BIGINT for number in found.groups()):
            return None
        return cls(int(found[1]), int(found[2]))


def explore_posts(viewer: Viewer, *, after: Place | None, count: int) -> tuple[list[Post], Place | None]:
    """Up to `count` posts for `viewer` after a place, best first, and where the next ones begin (None at the end).

    Cost: a round trip to Valkey, and the queries of `for_cards`. The index is walked from the best on, past what is not
    for the reader or was shown to them this week: some microseconds each.
    """
    posts = _for_reader(viewer).annotate(score=ExploreScore("folded_likes", "id")).order_by("-score", "-id")
    if after is not None:
        # The first condition says nothing new, but it is a range of the index, which an OR is not.
        posts = posts.filter(score__lte=after.score).filter(Q(score__lt=after.score) | Q(pk__lt=after.post_id))
    found = list(posts.for_cards(viewer)[: count + 1])
    if len(found) <= count:
        return found, None
    last = found[count - 1]
    return found[:count], Place(last.score, last.pk)  # type: ignore[attr-defined]  # annotated


def best_posts(viewer: Viewer, *, count: int) -> list[Post]:
    """The first posts of Explore, whoever shared them: for who is no reader yet."""
    posts = Post.objects.visible_to(viewer).order_by(ExploreScore("folded_likes", "id").desc(), "-id")
    return list(posts.for_cards(viewer)[:count])


def _for_reader(viewer: Viewer) -> PostQuerySet:
    posts = Post.objects.visible_to(viewer).unmuted_by(viewer).filter(without_muted_tags(viewer))
    if not viewer.is_authenticated:
        return posts
    hidden = NotInterested.objects.filter(person_id=viewer.pk, post_id=OuterRef("pk"))
    posts = posts.filter(~follows(viewer, "author_id"), ~Exists(hidden)).exclude(author_id=viewer.pk)
    return posts.exclude(pk__in=shown) if (shown := shown_to(viewer)) else posts


# --- What was shown ---------------------------------------------------------------------------------------------------


def key_of(reader_id: int) -> str:
    return f"explored:{reader_id}"


def shown_to(reader: User) -> list[int]:
    """The posts that Explore showed to `reader` in the last week; none while Valkey is away."""
    if valkey.is_paused():
        return []
    key = key_of(reader.pk)
    try:
        pipe = valkey.client().pipeline(transaction=False)
        pipe.zremrangebyscore(key, "-inf", time.time() - SHOWN_SECONDS)
        pipe.zrange(key, 0, -1)
        return [int(member) for member in pipe.execute()[1]]
    except valkey.ERRORS as error:
        valkey.pause(error, "explore shows again what it has shown")
        return []


def remember(reader: User, posts: Sequence[Post]) -> None:
    """Show these to `reader` no more for a week."""
    if not posts or valkey.is_paused():
        return
    key, now = key_of(reader.pk), time.time()
    try:
        pipe = valkey.client().pipeline(transaction=False)
        pipe.zadd(key, {str(post.pk): now for post in posts})
        pipe.zremrangebyrank(key, 0, -(MAX_SHOWN + 1))
        pipe.expire(key, SHOWN_SECONDS)
        pipe.execute()
    except valkey.ERRORS as error:
        valkey.pause(error, "explore forgets what it has shown")


def forget(reader: User) -> None:
    """Show `reader` everything again."""
    if valkey.is_paused():
        return
    try:
        valkey.client().unlink(key_of(reader.pk))
    except valkey.ERRORS as error:
        valkey.pause(error, "explore does not forget what it has shown")
