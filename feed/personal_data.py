"""Registers the personal data of this app in PostgreSQL and Valkey (`personal_data.registry`).

Erasing raises valkey.ERRORS if Valkey is unavailable, so that nothing is skipped.
"""

from __future__ import annotations

from typing import Any

from common import valkey
from feed import explore, for_you, pulled_authors
from feed import timeline_store as store
from personal_data import registry
from personal_data.registry import ErasureResult, PersonalTable
from posts.models import Post
from social.models import Follow

READERS_AT_ONCE = 1_000


def register() -> None:
    registry.register(
        "feed",
        PersonalTable("feed.TagFollow", "person", export_name="followed_tags", export_row=_tag, related=("hashtag",)),
        PersonalTable("feed.TagMute", "person", export_name="muted_tags", export_row=_tag, related=("hashtag",)),
        PersonalTable(
            "feed.NotInterested", "person", export_name="not_interested", export_row=_hidden, related=("post",)
        ),
        PersonalTable(
            "feed.DismissedPerson",
            "person",
            export_name="dismissed_suggestions",
            export_row=_dismissed,
            related=("dismissed",),
        ),
        PersonalTable(
            "feed.DismissedPerson", "dismissed", export_excluded_because="visible only to the person who dismissed them"
        ),
        PersonalTable("feed.PulledAuthor", "author", export_excluded_because="follows from the number of followers"),
        _erase_from_followers,
        _erase_timelines,
    )


def _tag(row: Any) -> dict[str, Any]:
    return {"tag": row.hashtag.name, "since": row.created_at}


def _hidden(row: Any) -> dict[str, Any]:
    return {"post": row.post.shortcode, "since": row.created_at}


def _dismissed(row: Any) -> dict[str, Any]:
    return {"username": row.dismissed.username, "since": row.created_at}


def _erase_timelines(person_id: int) -> ErasureResult:
    """Delete the user's home timeline, their ranking of For you, and the list of posts that they have seen."""
    keys = [store.timeline_key(person_id), pulled_authors.pulled_key(person_id)]
    keys += [explore.seen_key(person_id), for_you.ranking_key(person_id)]
    return ErasureResult(cache_keys=valkey.unlink(valkey.timelines(), keys))


def _erase_from_followers(person_id: int) -> ErasureResult:
    """Remove the user's posts from their followers' timelines. A timeline holds few more than MAX_POSTS of them."""
    posts = Post.objects.filter(author_id=person_id).order_by("-pk").values_list("pk", flat=True)
    ids = list(posts[: 2 * store.MAX_POSTS])
    readers = Follow.objects.filter(followee_id=person_id).values_list("follower_id", flat=True)
    removed = ErasureResult()
    batch: list[int] = []
    for reader_id in readers.iterator(READERS_AT_ONCE):
        batch.append(reader_id)
        if len(batch) == READERS_AT_ONCE:
            removed.cache_keys += store.remove(ids, batch)
            batch = []
    removed.cache_keys += store.remove(ids, batch)
    return removed
