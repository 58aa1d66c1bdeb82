"""Home timelines in Valkey: for each active reader, the ids of the newest posts of their followees and of themselves.

A timeline is only a cache of ids. It is built from PostgreSQL if it is missing, extended when a post is published, and
read through `Post.objects.visible_to`, so a stale entry shows nothing and losing Valkey loses nothing.

It is a sorted set whose members all have score 0, so Valkey keeps them in byte order. Each member is a post's id in 8
bytes, big-endian, which sorts like the number. (A score is a double and cannot hold a 63-bit id.) Adding a post twice,
late, or out of order has the same result. Two members above all ids mark the state: BUILDING is added before the build
starts, so that posts published meanwhile are pushed to the timeline, and BUILT when it is complete.

The key contains the reader's `follows_version`, which changes in the transaction of every follow, unfollow, block and
mute. So an outdated timeline is never found again, and no message has to arrive for that.

Posts are pushed to readers seen within PUSHED_TO_SECONDS. A reader who returns after a longer time first reads from
PostgreSQL; a timeline is built at their next visit, when they are pushed to again.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from accounts.models import User
from common import valkey
from posts.visible import published_posts
from social.visible import shown_follows

MAX_POSTS = 500
"""Posts kept in a timeline; older pages come from PostgreSQL."""

PUSHED_TO_SECONDS = 30 * 24 * 3600
"""Readers seen within this time are pushed to (`feed.tasks`)."""

KEPT_SECONDS = 29 * 24 * 3600
"""A timeline that is not read for so long expires. Shorter than PUSHED_TO_SECONDS, so every timeline is pushed to."""

BUILDING = b"\xff" * 7 + b"\xfe"
BUILT = b"\xff" * 8

# KEYS: timelines; ARGV: cap, member. Skips missing timelines, which will be built completely at the next visit.
_PUSH = """
local pushed = 0
for _, key in ipairs(KEYS) do
    if redis.call('EXISTS', key) == 1 then
        redis.call('ZADD', key, 0, ARGV[2])
        redis.call('ZREMRANGEBYRANK', key, 0, -(tonumber(ARGV[1]) + 3))
        pushed = pushed + 1
    end
end
return pushed
"""


def timeline_key(reader_id: int, follows_version: int) -> str:
    return f"timeline:{reader_id}:{follows_version}"


def push(post_id: int, readers: Iterable[tuple[int, int]]) -> int:
    """Add a post to the timelines of `readers`, pairs of (id, follows_version); return how many of these exist.

    One server-side call. Raises one of valkey.ERRORS if Valkey is unavailable.
    """
    keys = [timeline_key(reader_id, version) for reader_id, version in readers]
    if not keys:
        return 0
    return int(valkey.client().eval(_PUSH, len(keys), *keys, MAX_POSTS, _member(post_id)))


def remove_posts(post_ids: Sequence[int], readers: Iterable[tuple[int, int]]) -> int:
    """Remove posts from the timelines of `readers`, pairs of (id, follows_version); return the number of entries."""
    if not post_ids:
        return 0
    members = [_member(post_id) for post_id in post_ids]
    pipe = valkey.client().pipeline(transaction=False)
    for reader_id, version in readers:
        pipe.zrem(timeline_key(reader_id, version), *members)
    return sum(pipe.execute())


def read(reader: User, *, before: int | None, count: int) -> list[int]:
    """Return up to `count` ids of posts for `reader`'s home, newest first, below the id `before`.

    They come from Valkey as far as the timeline reaches, and then from PostgreSQL. They are candidates: filter them by
    `visible_to` before showing them. Cost: one round trip to Valkey; for a missing timeline, a query of about 9 µs for
    each followee.
    """
    if valkey.is_paused() or not _is_pushed_to(reader):
        return newest_ids(reader, before=before, count=count)
    key = timeline_key(reader.pk, reader.follows_version)
    try:
        ids, cached = _read_cached(key, before, count)
        if cached is None:
            _build(reader, key)
            ids, cached = _read_cached(key, before, count)
        if cached is not None and (len(ids) >= count or cached < MAX_POSTS):
            return ids
    except valkey.ERRORS as error:
        valkey.pause(error, "timelines are read from the database")
        return newest_ids(reader, before=before, count=count)
    # A full timeline ends at its cap, and older posts come from the database.
    last = ids[-1] if ids else before
    return ids + newest_ids(reader, before=last, count=count - len(ids))


def newest_ids(reader: User, *, before: int | None, count: int) -> list[int]:
    """Return the same ids from PostgreSQL alone. Reads at most `count` index entries for each followee."""
    follows, values = shown_follows(reader).named("follows")
    posts, _ = published_posts().named("posts")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT newest.id
            FROM (SELECT follow.followee_id AS id FROM ({follows}) AS follow UNION ALL SELECT %(reader)s) AS followee
            CROSS JOIN LATERAL (
                SELECT post.id FROM ({posts}) AS post
                WHERE post.author_id = followee.id AND post.id < %(before)s
                ORDER BY post.id DESC LIMIT %(count)s
            ) AS newest
            ORDER BY newest.id DESC LIMIT %(count)s
            """,  # noqa: S608  (the SQL of shown_follows and published_posts)
            values | {"reader": reader.pk, "before": before if before is not None else (1 << 63) - 1, "count": count},
        )
        return [row[0] for row in cursor.fetchall()]


def _is_pushed_to(reader: User) -> bool:
    """Return True if new posts are being pushed to this reader, and will be for another day at least."""
    return reader.last_seen_at > timezone.now() - timedelta(seconds=KEPT_SECONDS)


def _read_cached(key: str, before: int | None, count: int) -> tuple[list[int], int | None]:
    """Return the ids, and the number of posts in the whole timeline, or None if it is missing or incomplete."""
    pipe = valkey.client().pipeline(transaction=False)
    pipe.zscore(key, BUILT)
    pipe.zcard(key)
    below = BUILDING if before is None else _member(before)
    pipe.zrange(key, b"(" + below, b"-", desc=True, bylex=True, offset=0, num=count)
    pipe.expire(key, KEPT_SECONDS)
    built, size, members, _ = pipe.execute()
    return [_id(member) for member in members], None if built is None else size - 2


def _build(reader: User, key: str) -> None:
    """Build the timeline.

    BUILDING is added first: a post published meanwhile is in the query's snapshot, or it is pushed.
    """
    client = valkey.client()
    client.zadd(key, {BUILDING: 0})
    ids = newest_ids(reader, before=None, count=MAX_POSTS)
    client.zadd(key, {BUILDING: 0, BUILT: 0} | {_member(post_id): 0 for post_id in ids})
    client.expire(key, KEPT_SECONDS)
    client.unlink(timeline_key(reader.pk, reader.follows_version - 1))


def _member(post_id: int) -> bytes:
    return struct.pack(">q", post_id)


def _id(member: bytes) -> int:
    return int(struct.unpack(">q", member)[0])
