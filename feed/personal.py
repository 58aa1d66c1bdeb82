"""What of a person is in this app's tables and in Valkey: see `common.personal`.

Raises valkey.ERRORS when that is away: nothing is skipped.
"""

from __future__ import annotations

from typing import Any

from accounts.models import User
from common import personal, valkey
from common.personal import Removed, Rows
from feed import explore, timelines
from posts.models import Post
from social.models import Follow

KEYS_AT_ONCE = 1_000


def register() -> None:
    personal.register(
        "feed",
        Rows("feed.TagFollow", "person", file="followed_tags", row=_tag, related=("hashtag",)),
        Rows("feed.TagMute", "person", file="muted_tags", row=_tag, related=("hashtag",)),
        Rows("feed.NotInterested", "person", file="not_interested", row=_hidden, related=("post",)),
        Rows("feed.DismissedPerson", "person", file="dismissed_suggestions", row=_dismissed, related=("dismissed",)),
        Rows("feed.DismissedPerson", "dismissed", why_not="only the one who chose knows"),
        _erase_from_followers,
        _erase_timelines,
    )


def _tag(row: Any) -> dict[str, Any]:
    return {"tag": row.hashtag.name, "since": row.created_at}


def _hidden(row: Any) -> dict[str, Any]:
    return {"post": row.post.shortcode, "since": row.created_at}


def _dismissed(row: Any) -> dict[str, Any]:
    return {"username": row.dismissed.username, "since": row.created_at}


def _erase_timelines(person_id: int) -> Removed:
    """One's own home timelines, of every version that there was, and what Explore has shown to one."""
    version = User.objects.values_list("follows_version", flat=True).get(pk=person_id)
    keys = [timelines.key_of(person_id, one) for one in range(version + 1)] + [explore.key_of(person_id)]
    gone = sum(valkey.client().unlink(*keys[at : at + KEYS_AT_ONCE]) for at in range(0, len(keys), KEYS_AT_ONCE))
    return Removed(cache_keys=int(gone))


def _erase_from_followers(person_id: int) -> Removed:
    """One's posts in the home timelines of followers, as many as a timeline holds."""
    posts = Post.objects.filter(author_id=person_id).order_by("-pk").values_list("pk", flat=True)[: timelines.CAP]
    ids = list(posts)
    readers = Follow.objects.filter(followee_id=person_id).values_list("follower_id", "follower__follows_version")
    removed = Removed()
    batch: list[tuple[int, int]] = []
    for reader in readers.iterator(KEYS_AT_ONCE):
        batch.append(reader)
        if len(batch) == KEYS_AT_ONCE:
            removed.cache_keys += timelines.take_out(ids, batch)
            batch = []
    removed.cache_keys += timelines.take_out(ids, batch)
    return removed
