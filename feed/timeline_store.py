"""Timelines in Valkey: one list of post ids for each reader, newest first and without repeats.

Members have 8 bytes, big-endian. The last member is smaller than every id and describes the list: the
`follows_version` of the reader that it belongs to, and its state.

- BUILDING: a reader's request is collecting the posts from PostgreSQL. Posts published meanwhile are added here.
- COMPLETE: it has all posts of its sources.
- CUT: older posts exist in PostgreSQL. It has all posts down to its oldest one.

Every change is one script, so lists are sorted and free of repeats at all times. Adding a post twice, late or out of
order has the same result."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from common import valkey
from feed import timeline_scripts

MAX_POSTS = 500
"""Posts kept in a timeline; older pages come from PostgreSQL."""

PUSH_BATCH: Final = 250
"""Timelines for each call of the push script, which blocks Valkey for 1 to 2 ms."""

REMOVE_BATCH: Final = 25
"""Timelines for each call of the remove script, which reads them completely."""

BUILD_SECONDS: Final = 3_600
"""A timeline whose build was abandoned expires after this time."""

BUILDING, COMPLETE, CUT = 1, 2, 3

_PUSH: Final = valkey.BatchScript(timeline_scripts.PUSH)
_START: Final = valkey.BatchScript(timeline_scripts.START)
_CHANGE: Final = valkey.BatchScript(timeline_scripts.CHANGE)
_REMOVE: Final = valkey.BatchScript(timeline_scripts.REMOVE)


@dataclass(frozen=True)
class StoredPage:
    """Part of a built timeline."""

    ids: list[int]
    has_more: bool
    """True if the timeline may contain more posts below the last of `ids`."""
    is_cut: bool
    """True if PostgreSQL has posts below the oldest of the timeline."""
    seconds_left: int
    """The time until the timeline expires."""
    extra: Any
    """The value of the additional key."""


def timeline_key(reader_id: int) -> str:
    """Return the key. In a cluster, the part in braces decides on the node, also for `pulled_authors.pulled_key`."""
    return f"timeline:{{{reader_id}}}"


def pack(post_ids: Iterable[int]) -> bytes:
    """Return the members of these ids, concatenated."""
    ids = list(post_ids)
    return struct.pack(f">{len(ids)}q", *ids)


def unpack(members: bytes) -> list[int]:
    """Return the ids of concatenated members."""
    return list(struct.unpack(f">{len(members) // 8}q", members))


@dataclass
class Pushed:
    timelines: int = 0
    """How many timelines have changed."""


@contextmanager
def pushing(post_id: int, readers: Sequence[tuple[int, int]]) -> Iterator[Pushed]:
    """Context manager: add a post to the existing timelines of `readers`, pairs of (id, follows_version).

    Valkey works while the block runs; after it all timelines have the post. Cost: one call for each PUSH_BATCH
    timelines, on a cluster for each node, and more for a post that is late. Raises one of valkey.ERRORS; then some
    timelines may have it.
    """
    server, member, pushed = valkey.timelines(), pack([post_id]), Pushed()
    keys = [f"timeline:{{{reader_id}}}" for reader_id, _ in readers]  # `timeline_key`, inlined for speed.
    versions = dict(zip(keys, (version for _, version in readers), strict=True))
    calls = [(batch, _push_arguments(batch, versions, member)) for batch in _batches(server, keys, PUSH_BATCH)]
    with _PUSH.sent(server, calls) as results:
        yield pushed
    for (batch, _), (changed, done) in zip(calls, results, strict=True):
        pushed.timelines += changed
        left = batch[done:]
        while left:
            ((changed, done),) = _PUSH(server, left, *_push_arguments(left, versions, member))
            pushed.timelines += changed
            left = left[done:]


def push(post_id: int, readers: Sequence[tuple[int, int]]) -> int:
    """Add a post to the existing timelines of `readers` like `pushing`; return how many have changed."""
    with pushing(post_id, readers) as pushed:
        pass
    return pushed.timelines


def _push_arguments(keys: Sequence[str], versions: dict[str, int], member: bytes) -> tuple[int, bytes, bytes]:
    return MAX_POSTS, member, struct.pack(f">{len(keys)}I", *map(versions.__getitem__, keys))


def remove(post_ids: Sequence[int], reader_ids: Iterable[int]) -> int:
    """Remove posts from the timelines of these readers; return the number of entries."""
    server, members = valkey.timelines(), pack(post_ids)
    keys = [timeline_key(reader_id) for reader_id in reader_ids] if post_ids else []
    return sum(sum(_REMOVE(server, batch, MAX_POSTS, members)) for batch in _batches(server, keys, REMOVE_BATCH))


def read(reader_id: int, follows_version: int, *, before: int | None, count: int, extra_key: str) -> StoredPage | None:
    """Return up to `count` posts, newest first, below the id `before`; None if the timeline is not built.

    The value of `extra_key` is read in the same round trip. The first page reads `count` members, other pages the whole
    timeline (5 KB).
    """
    key = timeline_key(reader_id)
    last, members, seconds_left, extra = valkey.send(
        valkey.timelines(),
        ("LINDEX", key, -1),
        ("LRANGE", key, 0, count - 1 if before is None else -1),
        ("TTL", key),
        ("GET", extra_key),
    )
    if last is None:
        return None
    version, state = _state(last)
    if version != follows_version or state == BUILDING:
        return None
    at_end = bool(members) and members[-1] == last
    ids = unpack(b"".join(members[:-1] if at_end else members))
    if before is not None:
        # Ids descend, and bisect needs ascending keys.
        ids = ids[bisect_right(ids, -before, key=lambda post_id: -post_id) :]
        at_end = len(ids) <= count
        ids = ids[:count]
    return StoredPage(ids, has_more=not at_end, is_cut=state == CUT, seconds_left=seconds_left, extra=extra)


def versions(reader_ids: Sequence[int]) -> dict[int, int]:
    """Map the readers that have a built timeline to the `follows_version` that it belongs to. One round trip."""
    pipe = valkey.timelines().pipeline(transaction=False)
    for reader_id in reader_ids:
        pipe.lindex(timeline_key(reader_id), -1)
    states = [(reader_id, _state(last)) for reader_id, last in zip(reader_ids, pipe.execute(), strict=True) if last]
    return {reader_id: version for reader_id, (version, state) in states if state != BUILDING}


def all_ids(reader_id: int) -> list[int]:
    """Return all posts of the timeline, newest first. Reads 5 KB."""
    return unpack(b"".join(valkey.timelines().lrange(timeline_key(reader_id), 0, -2)))  # type: ignore[arg-type]


def start_build(reader_id: int, follows_version: int) -> bool:
    """Have posts that are published from now on added to the timeline; return False if there is a newer one."""
    return bool(_START(valkey.timelines(), [timeline_key(reader_id)], MAX_POSTS, follows_version, BUILD_SECONDS)[0])


def finish_build(reader_id: int, follows_version: int, ids: Sequence[int], *, keep_seconds: int) -> None:
    """Store the newest ids, at most MAX_POSTS, together with the ids pushed since `start_build`.

    Does nothing if the timeline has been lost meanwhile, or built by another request.
    """
    _change(reader_id, follows_version, follows_version, added=ids, is_build=True, keep_seconds=keep_seconds)


def add_author(reader_id: int, follows_version: int, post_ids: Sequence[int]) -> bool:
    """Add the newest MAX_POSTS posts of a new followee, or all that there are, newest first.

    The timeline of the version before `follows_version` becomes one of that version. Returns False if it does not
    exist, or belongs to another version: then it is rebuilt when it is next read.
    """
    return _change(reader_id, follows_version - 1, follows_version, added=post_ids)


def remove_author(reader_id: int, follows_version: int, post_ids: Sequence[int], *, of: int) -> bool:
    """Remove the posts of someone who is no longer followed. Otherwise like `add_author`.

    `of` is the number of posts that the timeline had when `post_ids` were selected. If it has changed, the timeline is
    left to be rebuilt, because the new post may be by the same author.
    """
    return _change(reader_id, follows_version - 1, follows_version, removed=post_ids, expected_posts=of)


def keep(reader_id: int, seconds: int) -> None:
    """Let the timeline expire after `seconds`."""
    valkey.timelines().expire(timeline_key(reader_id), seconds)


def delete(reader_id: int) -> int:
    """Delete the timeline; return 1 if there was one."""
    return int(valkey.timelines().unlink(timeline_key(reader_id)))


def _change(
    reader_id: int,
    expected_version: int,
    version: int,
    *,
    added: Sequence[int] = (),
    removed: Sequence[int] = (),
    is_build: bool = False,
    keep_seconds: int = 0,
    expected_posts: int = -1,
) -> bool:
    has_older = len(added) >= MAX_POSTS
    changed = _CHANGE(
        valkey.timelines(),
        [timeline_key(reader_id)],
        *(MAX_POSTS, expected_version, version, int(is_build), keep_seconds, int(has_older)),
        pack(added),
        pack(removed),
        expected_posts,
    )
    return bool(changed[0])


def _state(last: bytes) -> tuple[int, int]:
    """Return (follows_version, state) of a timeline from its last member."""
    return divmod(unpack(last)[0], 4)


def _batches(server: valkey.Client, keys: Iterable[str], size: int) -> Iterator[list[str]]:
    """Split keys into lists of at most `size`, each on one node."""
    for group in valkey.by_node(server, keys):
        for at in range(0, len(group), size):
            yield group[at : at + size]
