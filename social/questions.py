"""What is asked before something is done to somebody, in a dialog of their profile or on a page of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User


@dataclass(frozen=True)
class Question:
    """`action` is the address that does it, `button` what it is called there; `points` say what follows.

    What is `is_harsh` gets the button of danger.
    """

    name: str
    title: str
    points: Sequence[str]
    button: str
    action: str
    is_harsh: bool = False


def block_question(person: User) -> Question:
    name = person.username
    return Question(
        "block",
        f"Block {name}?",
        [
            f"You and {name} no longer find each other, or anything the other shared.",
            "Neither of you follows the other any more.",
            f"Likes and comments of {name} at your posts are hidden.",
            "They are not told. You can unblock them at any time.",
        ],
        "Block",
        f"{person.get_absolute_url()}block/",
        is_harsh=True,
    )


def mute_question(person: User) -> Question:
    name = person.username
    return Question(
        "mute",
        f"Mute {name}?",
        [
            f"You no longer see posts of {name} on your home page, in explore and among suggestions.",
            "You still follow them if you do, and find everything on their profile.",
            "They are not told. You can unmute them at any time.",
        ],
        "Mute",
        f"{person.get_absolute_url()}mute/",
    )


def restrict_question(person: User) -> Question:
    name = person.username
    return Question(
        "restrict",
        f"Restrict {name}?",
        [
            f"What {name} comments at your posts is seen only by the two of you, until you approve it.",
            "What they wrote before stays as it is.",
            "They are not told. You can undo it at any time.",
        ],
        "Restrict",
        f"{person.get_absolute_url()}restrict/",
    )


def remove_question(person: User) -> Question:
    name = person.username
    return Question(
        "remove-follower",
        f"Remove {name} from your followers?",
        [f"{name} is not told. They can follow you again; a private account is asked first."],
        "Remove",
        f"{person.get_absolute_url()}remove-follower/",
        is_harsh=True,
    )


def questions_about(person: User) -> list[Question]:
    """For the dialogs of a profile. `person` comes from `with_relations`."""
    questions = [block_question(person)]
    if not person.is_muted:
        questions.append(mute_question(person))
    if not person.is_restricted:
        questions.append(restrict_question(person))
    if person.follows_viewer:
        questions.append(remove_question(person))
    return questions


def private_question() -> Question:
    return Question(
        "go-private",
        "Make your account private?",
        [
            "Only your followers see your posts, those you shared before too, and whom you follow.",
            "Those who follow you now stay. Others ask, and you decide.",
            "Your name, picture, bio and counts stay visible to all.",
        ],
        "Make private",
        "/accounts/privacy/private/",
    )


def public_question(waiting: str) -> Question:
    """`waiting`: how many requests there are, "" for none."""
    noun = "request" if waiting == "1" else "requests"
    accepted = f"Your {waiting} follow {noun} will be accepted." if waiting else "Requests to follow you are accepted."
    return Question(
        "go-public",
        "Make your account public?",
        [
            "Everybody sees your posts, those you shared before too, except the ones for close friends.",
            "Whoever wants to follow you does, without asking.",
            accepted,
        ],
        "Make public",
        "/accounts/privacy/public/",
    )
