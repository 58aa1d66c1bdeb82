"""The feed "For you": the same posts as Following, the newest of them ranked (`feed.ranking`).

A walk through the feed begins with a ranking of the newest MAX_CANDIDATES visible posts, which the further pages
continue, so that nothing comes twice or is left out while new posts arrive and closeness changes. After the ranked
posts come the older ones in the order of Following.

Valkey keeps the last ranking of each reader for an hour. If it is gone, the ranking is made again as of the walk's
start; its order can differ only by likes, comments and choices made since.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, NamedTuple

from django.conf import settings

from accounts.models import User
from common import valkey
from common.ids import first_id_at_ms
from common.pagination import MAX_BIGINT
from common.statements import Statement
from feed import timelines
from feed.contacts import contacts_of
from feed.explore import seen_by
from feed.favourites import favourite_ids
from feed.home import Item, Load, read_home, shown_on_home
from feed.ranking import Candidate, Kind, Ranked, Reader, rank
from feed.tags import newest_tagged_ids

MAX_CANDIDATES: Final = 300
RANKING_SECONDS: Final = 3600


@dataclass(frozen=True)
class ForYouCursor:
    """A position in a reader's walk: after the first `position` ranked posts, or, with `before`, below that id.

    `started_ms` is when the walk began, in milliseconds since 1970.
    """

    started_ms: int
    position: int = 0
    before: int | None = None

    def __str__(self) -> str:
        return f"{self.started_ms}_" + (str(self.position) if self.before is None else f"before_{self.before}")

    @classmethod
    def parse(cls, text: str) -> ForYouCursor:
        """Return the cursor that `str` wrote; for any other text, the start of a new walk."""
        found = re.fullmatch(r"(\d{1,15})_(?:(\d{1,3})|before_(\d{1,19}))", text, re.ASCII)
        now_ms = int(time.time() * 1000)
        if not found or int(found[1]) > now_ms or int(found[3] or 0) > MAX_BIGINT:
            return cls(now_ms)
        return cls(int(found[1]), int(found[2] or 0), int(found[3]) if found[3] else None)


class Reason(NamedTuple):
    """Why a post is in the feed; `tag` is the followed tag if the kind is TAG."""

    kind: Kind
    tag: str = ""


class ForYouPage(NamedTuple, Generic[Item]):
    posts: list[Item]
    next_cursor: ForYouCursor | None
    """None at the end."""
    reasons: dict[int, Reason]
    """By post id. Posts after the ranked ones have a reason only if it is a followed tag."""
    seen_from: int | None
    """The index of the first post seen before, if that part of the ranking begins on this page."""


class _Ranking(NamedTuple):
    posts: list[Ranked]
    tags: dict[int, str]
    """The followed tags that are the only reason for posts, by post id."""
    end: int
    """The feed continues with posts below this id; 0 if there are none."""


def read_for_you(reader: User, *, cursor: ForYouCursor, count: int, load: Load[Item]) -> ForYouPage[Item]:
    """Return up to `count` posts for `reader` from `cursor` on.

    Cost: for the first page, the candidates of Following, four queries of bounded size and about 2 ms for the ranking;
    for further pages, one round trip to Valkey and the queries of `load`.
    """
    if cursor.before is not None:
        return _older(reader, cursor, [], {}, None, count=count, load=load)
    ranking = _ranking(reader, cursor.started_ms)
    posts: list[Item] = []
    reasons: dict[int, Reason] = {}
    position, next_position, seen_from = cursor.position, 0, None
    began_seen = any(one.is_seen for one in ranking.posts[: cursor.position])
    while position < len(ranking.posts) and len(posts) <= count:
        batch = ranking.posts[position : position + count + 1 - len(posts)]
        found = {post.pk: post for post in load(reader, [one.post_id for one in batch])}
        for one in batch:
            position += 1
            if post := found.get(one.post_id):
                if one.is_seen and seen_from is None and not began_seen:
                    seen_from = len(posts)
                posts.append(post)
                reasons[post.pk] = Reason(one.reason, ranking.tags.get(post.pk, ""))
                next_position = position if len(posts) == count else next_position
    if len(posts) > count:
        seen_from = None if seen_from == count else seen_from
        return ForYouPage(posts[:count], replace(cursor, position=next_position), reasons, seen_from)
    if not ranking.end:
        return ForYouPage(posts, None, reasons, seen_from)
    return _older(reader, replace(cursor, before=ranking.end), posts, reasons, seen_from, count=count, load=load)


def _older(
    reader: User,
    cursor: ForYouCursor,
    posts: list[Item],
    reasons: dict[int, Reason],
    seen_from: int | None,
    *,
    count: int,
    load: Load[Item],
) -> ForYouPage[Item]:
    """Return the page of `posts`, continued by Following from the cursor on."""
    room = count - len(posts)
    if not room:
        return ForYouPage(posts, cursor, reasons, seen_from)
    older = read_home(reader, before=cursor.before, count=room, load=load)
    reasons |= {pk: Reason(Kind.TAG, tag) for pk, tag in older.followed_tags.items()}
    end = replace(cursor, before=older.next_cursor) if older.next_cursor else None
    return ForYouPage(posts + older.posts, end, reasons, seen_from)


# --- Ranking ----------------------------------------------------------------------------------------------------------


def ranking_key(reader_id: int) -> str:
    return f"foryou:{reader_id}"


def _ranking(reader: User, started_ms: int) -> _Ranking:
    """Return the ranking of the walk that began at `started_ms`, kept or made again."""
    with valkey.optional("for you is ranked for every page", url=settings.TIMELINE_URL) as is_available:
        if is_available and (kept := _read(valkey.timelines().get(ranking_key(reader.pk)), started_ms)):
            return kept
    ranking = _make(reader, started_ms)
    with valkey.optional("for you is ranked for every page", url=settings.TIMELINE_URL) as is_available:
        if is_available:
            text = json.dumps([started_ms, ranking.posts, ranking.tags, ranking.end])
            valkey.timelines().set(ranking_key(reader.pk), text, ex=RANKING_SECONDS)
    return ranking


def _read(text: Any, started_ms: int) -> _Ranking | None:
    """Return the ranking in `text` if it belongs to the walk that began at `started_ms`."""
    if not text:
        return None
    kept_ms, posts, tags, end = json.loads(text)
    if kept_ms != started_ms:
        return None
    ranked = [Ranked(post_id, Kind(reason), is_seen) for post_id, reason, is_seen in posts]
    return _Ranking(ranked, {int(post_id): tag for post_id, tag in tags.items()}, end)


def _make(reader: User, started_ms: int) -> _Ranking:
    before = first_id_at_ms(started_ms + 1)
    ids = timelines.read(reader, before=before, count=MAX_CANDIDATES + 1)
    tagged = newest_tagged_ids(reader, before=before, count=MAX_CANDIDATES)
    # Both sources have been read down to `end`; there may be more below.
    end = max(ids[MAX_CANDIDATES - 1] if len(ids) > MAX_CANDIDATES else 0, tagged.end)
    own = {pk for pk in ids[:MAX_CANDIDATES] if pk >= end}
    tags = {pk: name for pk, name in tagged.names.items() if pk >= end and pk not in own}
    authors = _AUTHORS.rows(reader=reader.pk, ids=[*own, *tags])
    candidates = [Candidate(pk, author_id, tags.get(pk, "")) for pk, author_id in authors]
    seen = {pk for pk, seen_ms in seen_by(reader).items() if seen_ms < started_ms}
    known = Reader(reader.pk, contacts_of(reader), favourite_ids(reader), seen)
    return _Ranking(rank(candidates, known, now_ms=started_ms), tags, end)


_AUTHORS: Final = Statement[Any](
    "for_you_authors",
    lambda reader, ids: shown_on_home(User(pk=reader), ids).order_by().values_list("pk", "author_id"),
    reader="bigint",
    ids="bigint[]",
)
