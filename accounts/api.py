"""Who asks the JSON API, and people in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from django.conf import settings
from django.http import HttpRequest
from ninja import Field, Schema
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from accounts.models import USERNAME_PATTERN, User, UserQuerySet
from common.api import Id, NotFound, Problem, absolute
from common.pagination import MAX_BIGINT

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Access:
    """The access that a token grants. `api_access.authentication` finds it, the API's middleware sets it as
    `request.access`."""

    user: User = field(repr=False)
    scopes: frozenset[str]
    """A subset of "read" and "write"."""
    key: str
    """The key of its rate limits: one for each token, or for each app and user."""


class TokenAuth(HttpBearer):
    """`Authorization: Bearer …`: a personal access token, or one of OAuth 2. The middleware has looked it up."""

    def authenticate(self, request: HttpRequest, token: str) -> Access | None:
        access: Access | None = getattr(request, "access", None)
        if access is None:
            return None
        needed = "read" if request.method in SAFE else "write"
        if needed not in access.scopes:
            challenge = f'Bearer error="insufficient_scope", scope="{needed}"'
            raise Problem(403, "scope", f"This token may not {needed}.", headers={"WWW-Authenticate": challenge})
        return access


class SessionAuth(APIKeyCookie):
    """The session of the website; what changes something needs its CSRF token in `X-CSRFToken` too."""

    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self) -> None:
        super().__init__(csrf=False)  # Asked for below, of what changes something, and answered as a problem.

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        if getattr(request, "access", None) is not None or not request.user.is_authenticated:
            return None
        if request.method not in SAFE and check_csrf(request) is not None:
            raise Problem(403, "csrf", "Send the CSRF token of this session in the header X-CSRFToken.")
        return request.user


def anybody(request: HttpRequest) -> bool:
    """Nobody in particular may read; a wrong token never comes so far."""
    return request.method in SAFE


SIGNED_IN: Final = [TokenAuth(), SessionAuth()]
ANYBODY: Final = [*SIGNED_IN, anybody]
"""For operations that read what the pages show to people without a session."""


def without_token(request: HttpRequest) -> bool:
    """Let anybody call an operation that changes nothing, whatever its method. See `SIGNED_IN_OR_NOT`."""
    return True


SIGNED_IN_OR_NOT: Final = [*SIGNED_IN, without_token]
"""For a POST that changes nothing. A session still needs its CSRF token, and a token that is sent must be valid."""


FollowRelation = Literal["self", "none", "requested", "following"]


class PersonOut(Schema):
    """Somebody beside what they shared."""

    id: Id = Field(description="Their number.", examples=["284316759125000192"])
    username: str = Field(description="In lower case; it may change, the number does not.", examples=["anna.k"])
    name: str = Field(description='What they call themselves; "" if nothing.', examples=["Anna K."])
    url: str = Field(description="Their page.", examples=["https://example.org/anna.k/"])
    avatar: str | None = Field(description="Their picture, 320 px square; null without one.")
    avatar_small: str | None = Field(description="The same, 96 px square.")
    is_private: bool = Field(description="Whether only followers see their posts and lists of people.")


class ListedPersonOut(PersonOut):
    """Somebody in a list of people."""

    standing: FollowRelation = Field(description="What the one who asks is to them: follows, has asked to, or neither.")


def person_out(request: HttpRequest, person: User) -> PersonOut:
    """No query: `person` has what `UserQuerySet.for_display` loads."""
    return PersonOut(**person_fields(request, person))


def listed_person_out(request: HttpRequest, person: User) -> ListedPersonOut:
    """`person` comes from `social.queries.visible_people_in_order`."""
    return ListedPersonOut(**person_fields(request, person), standing=follow_relation(request, person))


def person_fields(request: HttpRequest, person: User) -> dict[str, Any]:
    return {
        "id": person.pk,
        "username": person.username,
        "name": person.name,
        "url": absolute(request, person.get_absolute_url()),
        "avatar": absolute(request, person.avatar_url) or None,
        "avatar_small": absolute(request, person.avatar_small_url) or None,
        "is_private": person.is_private,
    }


def follow_relation(request: HttpRequest, person: User) -> FollowRelation:
    """`person` comes with what `social.conditions.with_follow_state` adds."""
    if person.pk == request.user.pk:
        return "self"
    if person.followed_by_viewer:  # type: ignore[attr-defined]  # annotated
        return "following"
    return "requested" if person.requested_by_viewer else "none"  # type: ignore[attr-defined]  # annotated


def find_person(people: UserQuerySet, ref: str) -> User:
    """The one of `people` whom {id} names, a number or `@username`. Raises NotFound."""
    if ref.startswith("@"):
        name = ref[1:].lower()
        person = people.filter(username=name).first() if re.fullmatch(USERNAME_PATTERN, name) else None
    else:
        person = people.filter(pk=read_id(ref)).first()
    if person is None:
        raise NotFound
    return person


def read_id(text: str) -> int:
    """The number that an id in an address is. Raises NotFound for what can be none."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_BIGINT):
        raise NotFound
    return int(text)
