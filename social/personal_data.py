"""Personal data in the tables of this app: see `personal_data.registry`."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from personal_data import registry
from personal_data.registry import ErasureResult, PersonalTable
from social.actions.follows import delete_follows_batch

THEIRS = "known only to the person who made the choice"


def register() -> None:
    registry.register(
        "social",
        PersonalTable(
            "social.Follow",
            "follower",
            export_name="following",
            erase=_erase_follows,
            **_names("followee") | {"export_row": _following},
        ),
        PersonalTable("social.Follow", "followee", export_name="followers", erase=_erase_follows, **_names("follower")),
        PersonalTable("social.FollowRequest", "requester", export_name="requests_sent", **_names("target")),
        PersonalTable("social.FollowRequest", "target", export_name="requests_received", **_names("requester")),
        PersonalTable("social.CloseFriend", "owner", export_name="close_friends", **_names("friend")),
        PersonalTable("social.CloseFriend", "friend", export_excluded_because=THEIRS),
        PersonalTable("social.Block", "blocker", export_name="blocked", **_names("blocked", hidden_by_block=True)),
        PersonalTable("social.Block", "blocked", export_excluded_because=THEIRS),
        PersonalTable("social.Mute", "muter", export_name="muted", **_names("muted")),
        PersonalTable("social.Mute", "muted", export_excluded_because=THEIRS),
        PersonalTable("social.Restrict", "restricter", export_name="restricted", **_names("restricted")),
        PersonalTable("social.Restrict", "restricted", export_excluded_because=THEIRS),
    )


def _names(other: str, *, hidden_by_block: bool = False) -> Any:
    """Return arguments of `PersonalTable` that export the user at `other`, if visible, and since when."""

    def visible_rows(person: User, rows: QuerySet[Any]) -> QuerySet[Any]:
        people = User.objects.active() if hidden_by_block else User.objects.visible_to(person)
        return rows.filter(**{f"{other}__in": people})

    def export_row(row: Any) -> dict[str, Any]:
        return {"username": getattr(row, other).username, "since": row.created_at}

    return {"export_row": export_row, "related": (other,), "visible_rows": visible_rows}


def _following(row: Any) -> dict[str, Any]:
    return {
        "username": row.followee.username,
        "since": row.created_at,
        "is_favourite": row.is_favourite,
        "shown_on_home_page": row.get_volume_display(),
    }


def _erase_follows(person_id: int) -> ErasureResult:
    ended = delete_follows_batch(Q(follower_id=person_id) | Q(followee_id=person_id))
    return ErasureResult(rows={"social_follow": ended})
