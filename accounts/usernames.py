"""What a username may be, and in which words we say why one may not."""

import re

from accounts.models import USERNAME_PATTERN, User
from accounts.reserved import RESERVED_USERNAMES
from common.limits import MAX_USERNAME_CHARS

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


def why_unavailable(username: str) -> str:
    """`why_malformed`, or that somebody has the name already; costs one indexed query."""
    return why_malformed(username) or (taken(username) if User.objects.filter(username=username).exists() else "")


def taken(username: str) -> str:
    return f"“{username}” is already taken. Choose another."
