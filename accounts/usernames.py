"""What a username may be, and in which words we say why one may not."""

from __future__ import annotations

import re
from datetime import datetime

from django.db.models import Exists

from accounts.models import USERNAME_PATTERN, User, Viewer
from accounts.records import OldUsername, held_since
from accounts.reserved import RESERVED_USERNAMES
from common.limits import MAX_USERNAME_CHANGES, MAX_USERNAME_CHARS

_WELL_FORMED = re.compile(USERNAME_PATTERN)


def normal_username(typed: str) -> str:
    """The form in which a username is kept: people may type capitals and stray spaces."""
    return typed.strip().lower()


def why_malformed(username: str) -> str:
    """Why nobody can be called `username` (in its normal form), as a sentence; "" if somebody may.

    Asks no database. Every refusal of `USERNAME_PATTERN` has its own sentence.
    """
    if not username:
        return "Choose a username."
    if re.search(r"[^a-z0-9._]", username):
        return "Use only letters from a to z, digits, dots and underscores."
    if len(username) > MAX_USERNAME_CHARS:
        return f"Use at most {MAX_USERNAME_CHARS} characters. This has {len(username)}."
    if username.startswith(".") or username.endswith("."):
        return "A username cannot start or end with a dot."
    if ".." in username:
        return "A username cannot have two dots in a row."
    if username in RESERVED_USERNAMES or not _WELL_FORMED.fullmatch(username):
        return f"“{username}” is reserved for the site itself. Choose another."
    return ""


def why_unavailable(username: str, *, person: User | None = None) -> str:
    """`why_malformed`, or that somebody else than `person` has the name, or gave it up a few days ago.

    Costs one indexed query. A name that is held is said to be taken: whose it was is nobody's business.
    """
    if problem := why_malformed(username):
        return problem
    owner = person.pk if person else None
    has = User.objects.filter(username=username).exclude(pk=owner)
    had = OldUsername.objects.held().filter(username=username).exclude(person_id=owner)
    return taken(username) if has.values("pk").union(had.values("pk")).exists() else ""


def taken(username: str) -> str:
    return f"“{username}” is already taken. Choose another."


def change_possible_at(person: User) -> datetime | None:
    """When `person` may change their username again; None if they may now."""
    lately = OldUsername.objects.held().filter(person=person).order_by("-given_up_at")[:MAX_USERNAME_CHANGES]
    return lately[MAX_USERNAME_CHANGES - 1].free_at if len(lately) == MAX_USERNAME_CHANGES else None


def moved_to(username: str, viewer: Viewer) -> User | None:
    """Who went by `username` until some days ago, if `viewer` may know of them and nobody has the name.

    One query whoever has or had the name: nothing is to be told from the time that it takes.
    """
    name = username.lower()
    people = User.objects.visible_to(viewer).for_display()
    person: User | None = people.filter(
        ~Exists(User.objects.filter(username=name)),
        old_usernames__username=name,
        old_usernames__given_up_at__gt=held_since(),
    ).first()
    return person
