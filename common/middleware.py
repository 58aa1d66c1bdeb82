"""Middleware for request limits, body sizes, caching and compression."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.utils.cache import patch_cache_control

from common.api import Problem, is_api, problem_response
from common.body_limits import ONLY_CHECK, body_limit
from common.fast_reverse import Paths, current_paths
from common.http import json_error, wants_json
from common.limits import MAX_FORM_BYTES
from common.ratelimit import PAGES, PICTURES, SUGGESTIONS, WRITES, client_address, seconds_to_wait, usage_after_hit
from common.ratelimit_responses import count_api_hit, rate_limit_headers, too_many

GetResponse = Callable[[HttpRequest], HttpResponse]


class SaneRequestMiddleware:
    """Reject requests that no browser sends and that would fail later: charsets other than UTF-8, NUL in cookies."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        charset = (request.content_params or {}).get("charset", "utf-8").lower()
        if charset not in {"utf-8", "utf8", "us-ascii"}:
            return HttpResponseBadRequest("Send text as UTF-8.\n", content_type="text/plain")
        if any("\0" in value for value in request.COOKIES.values()):
            return HttpResponseBadRequest("A cookie in this request is malformed.\n", content_type="text/plain")
        return self.get_response(request)


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """django-csp's middleware, without building the same policy again for each response.

    Uses a constant unless a view has changed the policy or the template has used a nonce.
    """

    _policy: object = None
    _header: str = ""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        policy = settings.CONTENT_SECURITY_POLICY
        if settings.DEBUG or not vars(response).keys().isdisjoint(_OF_THE_VIEW) or hasattr(request, "_csp_nonce"):
            changed: HttpResponseBase = super().process_response(request, response)
            return changed
        if policy is not self._policy:
            self._header, self._policy = build_policy(), policy
        response.headers.setdefault(HEADER, self._header)
        return response


_OF_THE_VIEW: Final = {
    f"_csp_{change}{kind}" for change in ("exempt", "config", "update", "replace") for kind in ("", "_ro")
}
"""Attributes that the decorators of django-csp set on a response."""


class RequestBodyMiddleware:
    """Reject bodies that are too large for their address, or large and from an anonymous sender, before reading them.

    Install it after the authentication middleware, and before everything that reads the body (the CSRF check reads a
    whole form). Cost: one query, for bodies above MAX_FORM_BYTES only.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        text = request.META.get("CONTENT_LENGTH") or ""
        if not text and "HTTP_TRANSFER_ENCODING" in request.META:
            return refused_body(request, 411, "length", "Send the length of the body (Content-Length).")
        size = int(text) if text.isascii() and text.isdigit() else 0
        limit = body_limit(request.path)
        if size > limit:
            message = f"This is too large. The limit is {limit // 1024**2} MB."
            return refused_body(request, 413, "too-large", message)
        if size > MAX_FORM_BYTES and not request.user.is_authenticated:
            return refused_body(request, 401, "sign-in", "Sign in first.")
        if ONLY_CHECK in request.META:
            return HttpResponse(status=204)
        return self.get_response(request)


def refused_body(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    """Return the response to a request whose body was not read: problem details, JSON or a page."""
    if is_api(request):
        return problem_response(Problem(status, code, message))
    if wants_json(request):
        return json_error(status, code, message)
    if status == 401 and not request.headers.get("HX-Request"):
        return redirect_to_login(request.path)
    return render(request, "413.html", {"message": message}, status=status)


class CompressPagesMiddleware(GZipMiddleware):
    """Compress text: pages, fragments and API responses.

    Photos and videos are already compressed, and browsers fetch parts of them by byte ranges. Against BREACH, which
    guesses secrets from the lengths of compressed pages, Django masks the CSRF token differently in each response and
    adds random bytes to the gzip header.
    """

    CONTENT_TYPES = ("text/", "application/json", "application/manifest+json", "application/problem+json")

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.streaming or not response.get("Content-Type", "").startswith(self.CONTENT_TYPES):
            return response
        compressed: HttpResponseBase = super().process_response(request, response)
        return compressed


class PrivatePagesMiddleware:
    """Forbid shared caches to store responses, unless a view has set Cache-Control.

    The header has `no-cache` rather than `no-store`, so that a browser's Back button restores the page and its scroll
    position.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        return response


class WriteLimitMiddleware:
    """Limit unsafe requests per person, or per IP address without a session, to WRITES."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            person = request.user
            who = f"person:{person.pk}" if person.is_authenticated else f"address:{client_address(request)}"
            if is_api(request):
                try:
                    count_api_hit(request, WRITES, who)
                except Problem as problem:
                    return problem_response(problem)
            elif seconds := seconds_to_wait(WRITES, who):
                return too_many(request, seconds)
        return self.get_response(request)


class ReadLimitMiddleware:
    """Limit views of pages, searches and files per person, or per IP address without a session.

    Cost: one round trip to Valkey; nothing is counted while it is unavailable. The API has its own limits. Files are
    counted by IP address only, because looking up the session would cost a query and make them private to caches.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        places = _places(current_paths())
        if request.method not in {"GET", "HEAD"} or is_api(request) or request.path in places.unlimited:
            return self.get_response(request)
        who = f"address:{client_address(request)}"
        if request.path.startswith(places.media):
            limit = PICTURES
        else:
            limit = SUGGESTIONS if request.path.startswith(places.suggestions) else PAGES
            if settings.SESSION_COOKIE_NAME in request.COOKIES and request.path not in places.same_for_everyone:
                who = f"person:{request.user.pk}" if request.user.is_authenticated else who
        usage = usage_after_hit(limit, who)
        if not usage.wait_seconds:
            return self.get_response(request)
        response = too_many(request, usage.wait_seconds)
        for name, value in rate_limit_headers(usage.allowed, usage.remaining, usage.reset_seconds).items():
            response[name] = value
        return response


class _Places(NamedTuple):
    """Paths that have rules of their own."""

    unlimited: tuple[str, ...]
    suggestions: tuple[str, ...]
    same_for_everyone: tuple[str, ...]
    """Views with the same response for everyone, so that the session is not looked up."""
    media: str
    """The path above all photos, videos and avatars."""


@cache
def _places(paths: Paths) -> _Places:
    return _Places(
        unlimited=(paths("healthz"), paths("readyz")),
        suggestions=(paths("search:search"), paths("accounts:username_available")),
        same_for_everyone=tuple(map(paths, ("robots", "favicon", "manifest", "posts:oembed", "service_worker"))),
        media=paths("posts:file", 0, "-").removesuffix("0/-"),
    )
