"""Registers the personal data of this app in PostgreSQL and Valkey (`personal_data.registry`).

Erasing raises valkey.ERRORS if Valkey is unavailable, so that nothing is skipped.
"""

from __future__ import annotations

from typing import Any

from accounts.models import User
from common import valkey
from feed import explore, timelines
from personal_data import registry
from personal_data.registry import ErasureResult, PersonalTable
from posts.models import Post
from social.models import Follow

KEYS_AT_ONCE = 1_000


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
    """Delete all versions of the user's home timeline, and the list of posts seen in Explore."""
    version = User.objects.values_list("follows_version", flat=True).get(pk=person_id)
    keys = [timelines.timeline_key(person_id, one) for one in range(version + 1)] + [explore.seen_key(person_id)]
    gone = sum(
        valkey.unlink(valkey.timelines(), keys[at : at + KEYS_AT_ONCE]) for at in range(0, len(keys), KEYS_AT_ONCE)
    )
    return ErasureResult(cache_keys=int(gone))


def _erase_from_followers(person_id: int) -> ErasureResult:
    """Remove the user's posts from their followers' timelines. A timeline holds at most MAX_POSTS of them."""
    posts = Post.objects.filter(author_id=person_id).order_by("-pk").values_list("pk", flat=True)[: timelines.MAX_POSTS]
    ids = list(posts)
    readers = Follow.objects.filter(followee_id=person_id).values_list("follower_id", "follower__follows_version")
    removed = ErasureResult()
    batch: list[tuple[int, int]] = []
    for reader in readers.iterator(KEYS_AT_ONCE):
        batch.append(reader)
        if len(batch) == KEYS_AT_ONCE:
            removed.cache_keys += timelines.remove_posts(ids, batch)
            batch = []
    removed.cache_keys += timelines.remove_posts(ids, batch)
    return removed
