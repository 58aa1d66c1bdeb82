"""Authentication of API operations: by token, by session, or none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from accounts.models import User
from common.api import Problem

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Access:
    """The access that a token grants.

    `api_access.authentication` looks it up, and the API's middleware sets it as `request.access`.
    """

    user: User = field(repr=False)
    scopes: frozenset[str]
    """A subset of "read" and "write"."""
    key: str
    """The key of its rate limits: one for each token, or for each app and user."""


class TokenAuth(HttpBearer):
    """`Authorization: Bearer …` with a personal access token or OAuth 2 token. The middleware has looked it up."""

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
    """The website's session. Unsafe methods also need the session's CSRF token in `X-CSRFToken`."""

    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self) -> None:
        super().__init__(csrf=False)  # checked below, for unsafe methods only, with a problem response

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        if getattr(request, "access", None) is not None or not request.user.is_authenticated:
            return None
        if request.method not in SAFE and check_csrf(request) is not None:
            raise Problem(403, "csrf", "Send the CSRF token of this session in the header X-CSRFToken.")
        return request.user


def anybody(request: HttpRequest) -> bool:
    """Allow safe methods without authentication. The middleware has rejected invalid tokens."""
    return request.method in SAFE


SIGNED_IN: Final = [TokenAuth(), SessionAuth()]
ANYBODY: Final = [*SIGNED_IN, anybody]
"""For operations whose data the pages show to visitors too."""


def without_token(request: HttpRequest) -> bool:
    """Allow any method without authentication, for operations that change nothing. See `SIGNED_IN_OR_NOT`."""
    return True


SIGNED_IN_OR_NOT: Final = [*SIGNED_IN, without_token]
"""For a POST that changes nothing. A session still needs its CSRF token, and a token that is sent must be valid."""
