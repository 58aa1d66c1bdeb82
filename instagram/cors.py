"""CORS for apps in browsers: other sites may call the API with a bearer token, but not with a session.

An app of another origin sends its token in `Authorization`. Responses never allow credentials, and responses to
requests with only a session cookie have no CORS header at all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from common.api import API_PREFIX

METHODS: Final = "GET, HEAD, POST, PATCH, DELETE"
REQUEST_HEADERS: Final = "Authorization, Content-Type, Idempotency-Key, If-None-Match"
EXPOSED_HEADERS: Final = (
    "ETag, Idempotency-Replayed, Link, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, "
    "WWW-Authenticate"
)
PREFLIGHT_SECONDS: Final = 7200


class CorsMiddleware:
    """Answer preflights, and allow every origin to read responses of the API and of the token endpoints.

    The header is `*` for all origins, and never the origin itself, which would look like trust in it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(_paths()) or _is_by_session(request):
            return self.get_response(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response = HttpResponse(status=204)
            response.headers["Access-Control-Allow-Methods"] = METHODS
            response.headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
            response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        else:
            response = self.get_response(request)
            response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response


@cache
def _paths() -> tuple[str, ...]:
    return (API_PREFIX, *map(reverse, ("oauth_token", "oauth_revoke", "oauth_metadata")))


def _is_by_session(request: HttpRequest) -> bool:
    return settings.SESSION_COOKIE_NAME in request.COOKIES and "Authorization" not in request.headers
