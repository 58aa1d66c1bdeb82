"""Flags of a person: quick answers to "might there be something to show?", which spare most pages a query.

A flag is an EXISTS that an index answers. It may be true although a page then shows nothing, for example because the
only unread notification is by a person muted since. It is never false when there is something to show, so a page asks
the exact query only for a true flag.

Flags are read with the session (`accounts.sessions`). Their conditions belong to apps above this one, which register
them when they are loaded.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Exists, QuerySet

from common.statements import Statement

Build: TypeAlias = Callable[[str], Exists]
"""Makes the condition of a flag from the field of the outer row that holds the person's id, for `OuterRef`."""

_registered: dict[str, Build] = {}


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags of a person: `user.flags`."""

    has_unread: bool
    """Notifications since they last read them; registered by `notifications`."""
    has_requests: bool
    """Requests to follow them; registered by `social`."""
    follows_tags: bool
    """Followed tags; registered by `feed`."""
    has_unfinished_posts: bool
    """Posts that are processing or failed; registered by `posts`."""


NAMES: Final = tuple(field.name for field in dataclasses.fields(Flags))


def register(name: str, build: Build) -> None:
    """Register the condition of the flag `name`; raise ValueError for an unknown flag."""
    if name not in NAMES:
        raise ValueError(f"Flags has no field {name!r}")
    _registered[name] = build


def flag_conditions(person: str) -> dict[str, Exists]:
    """Return annotations, one per flag, for a queryset whose field `person` holds the person's id."""
    if missing := [name for name in NAMES if name not in _registered]:
        raise ImproperlyConfigured(f"No app has registered the flags {', '.join(missing)}.")
    return {name: _registered[name](person) for name in NAMES}


def load_flags(person_id: int) -> Flags:
    """Return the flags of a person that did not come with a session. One query; all False for a missing person."""
    found = _FLAGS.first(person=person_id)
    return Flags(*found) if found else Flags(*[False] * len(NAMES))


def _flags(person: int) -> QuerySet[Any, Any]:
    people = get_user_model().objects.filter(pk=person)
    return people.annotate(**flag_conditions("pk")).values_list(*NAMES)  # type: ignore[no-any-return]


_FLAGS: Final[Statement[Any]] = Statement("flags", _flags, person="bigint")
