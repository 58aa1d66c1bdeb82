"""Validate usernames, with a message for each reason why one is not available."""

from __future__ import annotations

import re
from datetime import datetime

from django.db.models import Exists

from accounts.models import USERNAME_PATTERN, OldUsername, User, Viewer
from accounts.models.username import held_since
from accounts.reserved import RESERVED_USERNAMES
from common.limits import MAX_USERNAME_CHANGES, MAX_USERNAME_CHARS

_WELL_FORMED = re.compile(USERNAME_PATTERN)


def normalize_username(typed: str) -> str:
    """Return a typed username in its stored form: lower case, without surrounding spaces."""
    return typed.strip().lower()


def username_format_error(username: str) -> str:
    """Return the reason why `username`, in its stored form, is not allowed, or "".

    Runs no query. Each rule of `USERNAME_PATTERN` has its own message.
    """
    if not username:
        return "Choose a username."
    if re.search(r"[^a-z0-9._]", username):
        return "Use only letters from a to z, digits, dots and underscores."
    if len(username) > MAX_USERNAME_CHARS:
        return f"Use at most {MAX_USERNAME_CHARS} characters. This has {len(username)}."
    if username.startswith(".") or username.endswith("."):
        return "A username can’t start or end with a dot."
    if ".." in username:
        return "A username can’t have two dots in a row."
    if username in RESERVED_USERNAMES or not _WELL_FORMED.fullmatch(username):
        return f"“{username}” is reserved for the site itself. Choose another."
    return ""


def username_error(username: str, *, person: User | None = None) -> str:
    """Return `username_format_error`, or that the username is taken or was given up recently, or "".

    Costs one indexed query. A held username is reported as taken, so that its former owner is not disclosed.
    """
    if problem := username_format_error(username):
        return problem
    owner = person.pk if person else None
    has = User.objects.filter(username=username).exclude(pk=owner)
    had = OldUsername.objects.held().filter(username=username).exclude(person_id=owner)
    return taken_message(username) if has.values("pk").union(had.values("pk")).exists() else ""


def taken_message(username: str) -> str:
    return f"“{username}” is already taken. Choose another."


def next_username_change_at(person: User) -> datetime | None:
    """Return when `person` may next change their username; None if they may now."""
    lately = OldUsername.objects.held().filter(person=person).order_by("-given_up_at")[:MAX_USERNAME_CHANGES]
    return lately[MAX_USERNAME_CHANGES - 1].free_at if len(lately) == MAX_USERNAME_CHANGES else None


def find_by_old_username(username: str, viewer: Viewer) -> User | None:
    """Return the user who recently gave up `username`, if `viewer` may see them and it is not in use.

    Always one query, so that the response time discloses nothing.
    """
    name = username.lower()
    people = User.objects.visible_to(viewer).for_display()
    person: User | None = people.filter(
        ~Exists(User.objects.filter(username=name)),
        old_usernames__username=name,
        old_usernames__given_up_at__gt=held_since(),
    ).first()
    return person
