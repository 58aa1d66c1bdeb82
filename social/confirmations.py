"""Confirmations before an action, shown in a dialog or on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

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


class Named(Protocol):
    @property
    def username(self) -> str: ...


class Person(Named, Protocol):
    """A person of `with_relations`."""

    @property
    def is_muted(self) -> bool: ...
    @property
    def is_restricted(self) -> bool: ...
    @property
    def follows_viewer(self) -> bool: ...


def block_confirmation(person: Named) -> Confirmation:
    name = person.username
    return Confirmation(
        "block",
        f"Block {name}?",
        [
            f"You and {name} won’t see each other’s profile or posts.",
            "You won’t follow each other any more.",
            f"{name}’s likes and comments on your posts will be hidden.",
            "They won’t be told. You can unblock them at any time.",
        ],
        "Block",
        fast_reverse("social:block", name),
        is_destructive=True,
    )


def mute_confirmation(person: Named) -> Confirmation:
    name = person.username
    return Confirmation(
        "mute",
        f"Mute {name}?",
        [
            f"You won’t see posts by {name} on your home page, in Explore or in suggestions.",
            "You’ll keep following them, and can see everything on their profile.",
            "They won’t be told. You can unmute them at any time.",
        ],
        "Mute",
        fast_reverse("social:mute", name),
    )


def restrict_confirmation(person: Named) -> Confirmation:
    name = person.username
    return Confirmation(
        "restrict",
        f"Restrict {name}?",
        [
            f"Only you and {name} will see their new comments on your posts, until you approve them.",
            "Their older comments stay visible.",
            "They won’t be told. You can unrestrict them at any time.",
        ],
        "Restrict",
        fast_reverse("social:restrict", name),
    )


def remove_follower_confirmation(person: Named) -> Confirmation:
    name = person.username
    return Confirmation(
        "remove-follower",
        f"Remove {name} from your followers?",
        ["They won’t be told. They can follow you again, or ask to if your account is private."],
        "Remove",
        fast_reverse("social:remove_follower", name),
        is_destructive=True,
    )


def confirmations_for(person: Person) -> list[Confirmation]:
    """Return the confirmations for the dialogs of a profile."""
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
            "Only followers will see your posts (old ones too) and your following list.",
            "Your current followers stay. New followers will need your approval.",
            "Anyone can still see your name, picture, bio and counts.",
        ],
        "Make private",
        fast_reverse("social:go_private"),
    )


def go_public_confirmation(waiting: str) -> Confirmation:
    """Return the confirmation; `waiting` is the number of follow requests as text, "" for none."""
    noun = "request" if waiting == "1" else "requests"
    accepted = f"Your {waiting} follow {noun} will be accepted." if waiting else "Follow requests will be accepted."
    return Confirmation(
        "go-public",
        "Make your account public?",
        [
            "Anyone will see your posts (old ones too), except those for close friends.",
            "Anyone can follow you without your approval.",
            accepted,
        ],
        "Make public",
        fast_reverse("social:go_public"),
    )
