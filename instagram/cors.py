"""CORS for apps in browsers: other sites may call the API with a bearer token, and never with a session.

An app of another origin sends its token in `Authorization`. Cookies play no part: the answers never allow credentials,
and answers to requests with a session cookie alone carry no CORS header at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from common.api import API_PREFIX

PATHS: Final = (API_PREFIX, "/oauth/token/", "/oauth/revoke/", "/.well-known/oauth-authorization-server")
METHODS: Final = "GET, HEAD, POST, PATCH, DELETE"
REQUEST_HEADERS: Final = "Authorization, Content-Type, Idempotency-Key, If-None-Match"
EXPOSED_HEADERS: Final = (
    "ETag, Idempotency-Replayed, Link, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, "
    "WWW-Authenticate"
)
PREFLIGHT_SECONDS: Final = 7200


class CorsMiddleware:
    """Answer preflights and allow any origin to read answers below `PATHS`.

    The same `*` for every origin: an origin is never echoed, so that none can be mistaken for a trusted one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(PATHS) or _is_by_session(request):
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


def _is_by_session(request: HttpRequest) -> bool:
    return settings.SESSION_COOKIE_NAME in request.COOKIES and "Authorization" not in request.headers
