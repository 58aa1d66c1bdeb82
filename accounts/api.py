"""Who asks the JSON API, and people in it."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from ninja import Field, Schema
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from accounts.access import Access
from accounts.models import User, UserQuerySet
from common.api import Id, Missing, Problem
from common.pagination import MAX_BIGINT

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class TokenAuth(HttpBearer):
    """`Authorization: Bearer …`: a personal access token, or one of OAuth 2. The middleware has looked it up."""

    def __call__(self, request: HttpRequest) -> Access | None:
        access: Access | None = getattr(request, "access", None)
        if access is None:
            return None
        needed = "read" if request.method in SAFE else "write"
        if needed not in access.scopes:
            challenge = f'Bearer error="insufficient_scope", scope="{needed}"'
            raise Problem(403, "scope", f"This token may not {needed}.", headers={"WWW-Authenticate": challenge})
        return access

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        raise NotImplementedError("the middleware does")


class SessionAuth(APIKeyCookie):
    """The session of the website; what changes something needs its CSRF token in `X-CSRFToken` too."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Any:
        if getattr(request, "access", None) is not None or not request.user.is_authenticated:
            return None
        if request.method not in SAFE and check_csrf(request) is not None:
            raise Problem(403, "csrf", "Send the CSRF token of this session in the header X-CSRFToken.")
        return request.user

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        raise NotImplementedError("Django's session middleware does")


def anybody(request: HttpRequest) -> bool:
    """Nobody in particular may read; a wrong token never comes so far."""
    return request.method in SAFE


SIGNED_IN: Final = [TokenAuth(), SessionAuth()]
ANYBODY: Final = [*SIGNED_IN, anybody]
"""For operations that read what the pages show to people without a session."""


class PersonOut(Schema):
    """Somebody in a list, or beside what they shared."""

    id: Id
    username: str
    name: str
    url: str = Field(alias="get_absolute_url")


def find_person(people: UserQuerySet, ref: str) -> User:
    """The one of `people` whom {id} names, a number or `@username`. Raises Missing."""
    if ref.startswith("@"):
        person = people.filter(username=ref[1:].lower()).first()
    else:
        person = people.filter(pk=read_id(ref)).first()
    if person is None:
        raise Missing
    return person


def read_id(text: str) -> int:
    """The number that an id in an address is. Raises Missing for what can be none."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_BIGINT):
        raise Missing
    return int(text)
