"""Home timelines in Valkey: per active reader, the ids of the newest posts of those they follow, and their own.

A timeline is a cache of ids and nothing more. It is made from PostgreSQL when missing, pushed to when a post is
published, and read through `Post.objects.visible_to`, so a stale entry shows nothing and losing Valkey loses nothing.

It is a sorted set whose members all have score 0, so Valkey keeps them in byte order: each is a post's id in 8 bytes,
big-endian, which sorts as the number does. (A score is a double and cannot hold a 63-bit id.) Adding a post twice, or
late, or out of order ends the same. Two members above all ids mark the state: BUILDING from the moment a reader
starts to make the timeline, so that posts published meanwhile are pushed to it, and BUILT when it is whole.

The key carries the reader's `follows_version`, which moves in the transaction of every follow, unfollow, block and
mute: a timeline from before is not found any more, and no message has to arrive for that.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from django.db import connection
from django.utils import timezone

from accounts.models import User
from common import valkey
from posts.visible import published_posts
from social.visible import shown_follows

MAX_POSTS = 500
"""Posts kept in a timeline; older pages come from PostgreSQL."""

KEPT_SECONDS = 29 * 24 * 3600
"""After so long without a visit a timeline goes; the next visit makes it anew. Shorter than readers are pushed to
(`feed.tasks.ACTIVE_DAYS`), so that there is no timeline that is not pushed to any more."""

BUILDING = b"\xff" * 7 + b"\xfe"
BUILT = b"\xff" * 8

# KEYS: timelines; ARGV: cap, member. Only timelines that exist: the others are made whole on their next visit.
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
    """Put a post into the timelines of `readers`, pairs of (id, follows_version); return how many there were.

    One server-side call. Raises one of valkey.ERRORS when Valkey is not to be had.
    """
    keys = [timeline_key(reader_id, version) for reader_id, version in readers]
    if not keys:
        return 0
    return int(valkey.client().eval(_PUSH, len(keys), *keys, MAX_POSTS, _member(post_id)))


def remove_posts(post_ids: Sequence[int], readers: Iterable[tuple[int, int]]) -> int:
    """Remove posts from the timelines of `readers`, pairs of (id, follows_version); return how many entries."""
    if not post_ids:
        return 0
    members = [_member(post_id) for post_id in post_ids]
    pipe = valkey.client().pipeline(transaction=False)
    for reader_id, version in readers:
        pipe.zrem(timeline_key(reader_id, version), *members)
    return sum(pipe.execute())


def read(reader: User, *, before: int | None, count: int) -> list[int]:
    """Up to `count` ids of posts for `reader`'s home, newest first, below the cursor `before`.

    From Valkey while the timeline reaches, else from PostgreSQL. Ids are candidates: whoever shows them filters them
    by `visible_to`. Cost: one round trip to Valkey; for a missing timeline one query of ~9 µs a followee.
    """
    if valkey.is_paused():
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
    # A full timeline was cut at its cap: what is older comes from the database.
    last = ids[-1] if ids else before
    return ids + newest_ids(reader, before=last, count=count - len(ids))


def newest_ids(reader: User, *, before: int | None, count: int) -> list[int]:
    """The same from PostgreSQL alone: the newest `count` of each followee by their index, merged.

    However long ago the followed people last posted, it reads `count` index entries of each and no more.
    """
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


def _read_cached(key: str, before: int | None, count: int) -> tuple[list[int], int | None]:
    """The ids, and how many posts the whole timeline holds: None if it is missing or only being built."""
    pipe = valkey.client().pipeline(transaction=False)
    pipe.zscore(key, BUILT)
    pipe.zcard(key)
    below = BUILDING if before is None else _member(before)
    pipe.zrange(key, b"(" + below, b"-", desc=True, bylex=True, offset=0, num=count)
    pipe.expire(key, KEPT_SECONDS)
    built, size, members, _ = pipe.execute()
    return [_id(member) for member in members], None if built is None else size - 2


def _build(reader: User, key: str) -> None:
    """Make the timeline. A post published meanwhile is in the query's snapshot or is pushed: BUILDING comes first."""
    client = valkey.client()
    # Somebody who was long away is pushed to again from here on, not from the end of this request.
    User.objects.filter(pk=reader.pk).update(last_seen_at=timezone.now())
    client.zadd(key, {BUILDING: 0})
    ids = newest_ids(reader, before=None, count=MAX_POSTS)
    client.zadd(key, {BUILDING: 0, BUILT: 0} | {_member(post_id): 0 for post_id in ids})
    client.expire(key, KEPT_SECONDS)
    client.unlink(timeline_key(reader.pk, reader.follows_version - 1))


def _member(post_id: int) -> bytes:
    return struct.pack(">q", post_id)


def _id(member: bytes) -> int:
    return int(struct.unpack(">q", member)[0])
