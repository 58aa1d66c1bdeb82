"""Confirmations before an action, shown in a dialog or on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User
from common.fast_reverse import fast_reverse


@dataclass(frozen=True)
class Confirmation:
    """Title, consequences and button of a confirmation; `action` is the URL that the button posts to.

    With `is_destructive` the button has the danger style.
    """

    name: str
    title: str
    consequences: Sequence[str]
    button: str
    action: str
    is_destructive: bool = False


def block_confirmation(person: User) -> Confirmation:
    name = person.username
    return Confirmation(
        "block",
        f"Block {name}?",
        [
            f"You and {name} no longer find each other, or anything the other shared.",
            "Neither of you follows the other any more.",
            f"Likes and comments of {name} at your posts are hidden.",
            "They are not told. You can unblock them at any time.",
        ],
        "Block",
        fast_reverse("social:block", name),
        is_destructive=True,
    )


def mute_confirmation(person: User) -> Confirmation:
    name = person.username
    return Confirmation(
        "mute",
        f"Mute {name}?",
        [
            f"You no longer see posts of {name} on your home page, in explore and among suggestions.",
            "You still follow them if you do, and find everything on their profile.",
            "They are not told. You can unmute them at any time.",
        ],
        "Mute",
        fast_reverse("social:mute", name),
    )


def restrict_confirmation(person: User) -> Confirmation:
    name = person.username
    return Confirmation(
        "restrict",
        f"Restrict {name}?",
        [
            f"What {name} comments at your posts is seen only by the two of you, until you approve it.",
            "What they wrote before stays as it is.",
            "They are not told. You can undo it at any time.",
        ],
        "Restrict",
        fast_reverse("social:restrict", name),
    )


def remove_follower_confirmation(person: User) -> Confirmation:
    name = person.username
    return Confirmation(
        "remove-follower",
        f"Remove {name} from your followers?",
        [f"{name} is not told. They can follow you again; a private account is asked first."],
        "Remove",
        fast_reverse("social:remove_follower", name),
        is_destructive=True,
    )


def confirmations_for(person: User) -> list[Confirmation]:
    """Return the confirmations for the dialogs of a profile. `person` comes from `with_relations`."""
    confirmations = [block_confirmation(person)]
    if not person.is_muted:
        confirmations.append(mute_confirmation(person))
    if not person.is_restricted:
        confirmations.append(restrict_confirmation(person))
    if person.follows_viewer:
        confirmations.append(remove_follower_confirmation(person))
    return confirmations


def go_private_confirmation() -> Confirmation:
    return Confirmation(
        "go-private",
        "Make your account private?",
        [
            "Only your followers see your posts, those you shared before too, and whom you follow.",
            "Those who follow you now stay. Others ask, and you decide.",
            "Your name, picture, bio and counts stay visible to all.",
        ],
        "Make private",
        fast_reverse("social:go_private"),
    )


def go_public_confirmation(waiting: str) -> Confirmation:
    """Return the confirmation; `waiting` is the number of follow requests as text, "" for none."""
    noun = "request" if waiting == "1" else "requests"
    accepted = f"Your {waiting} follow {noun} will be accepted." if waiting else "Requests to follow you are accepted."
    return Confirmation(
        "go-public",
        "Make your account public?",
        [
            "Everybody sees your posts, those you shared before too, except the ones for close friends.",
            "Whoever wants to follow you does, without asking.",
            accepted,
        ],
        "Make public",
        fast_reverse("social:go_public"),
    )
