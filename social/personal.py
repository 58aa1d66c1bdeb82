"""What of this app's tables is a person's: see `common.personal`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from common import personal
from common.personal import Removed, Rows
from social.actions import end_some_follows

THEIRS = "only the one who chose knows"


def register() -> None:
    personal.register(
        "social",
        Rows("social.Follow", "follower", file="following", erase=_erase_follows, **_names("followee")),
        Rows("social.Follow", "followee", file="followers", erase=_erase_follows, **_names("follower")),
        Rows("social.FollowRequest", "requester", file="requests_sent", **_names("target")),
        Rows("social.FollowRequest", "target", file="requests_received", **_names("requester")),
        Rows("social.CloseFriend", "owner", file="close_friends", **_names("friend")),
        Rows("social.CloseFriend", "friend", why_not=THEIRS),
        Rows("social.Block", "blocker", file="blocked", **_names("blocked", hidden_by_block=True)),
        Rows("social.Block", "blocked", why_not=THEIRS),
        Rows("social.Mute", "muter", file="muted", **_names("muted")),
        Rows("social.Mute", "muted", why_not=THEIRS),
        Rows("social.Restrict", "restricter", file="restricted", **_names("restricted")),
        Rows("social.Restrict", "restricted", why_not=THEIRS),
    )


def _names(other: str, *, hidden_by_block: bool = False) -> Any:
    """Who is at the other end, and since when: of people whom the one who exports may know of."""

    def only(person: User, rows: QuerySet[Any]) -> QuerySet[Any]:
        people = User.objects.there() if hidden_by_block else User.objects.visible_to(person)
        return rows.filter(**{f"{other}__in": people})

    row: Callable[[Any], dict[str, Any]] = lambda row: {  # noqa: E731  (one of three that belong together)
        "username": getattr(row, other).username,
        "since": row.created_at,
    }
    return {"row": row, "related": (other,), "only": only}


def _erase_follows(person_id: int) -> Removed:
    ended = end_some_follows(Q(follower_id=person_id) | Q(followee_id=person_id))
    return Removed(rows={"social_follow": ended})
