from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

from common.ratelimit import WRITES, client_address, seconds_to_wait, too_many

GetResponse = Callable[[HttpRequest], HttpResponse]


class PrivatePagesMiddleware:
    """Pages belong to the one who asked: no shared cache may keep them unless a view says that it may.

    `no-cache` and not `no-store`: a browser's Back still finds the page, with its scroll position.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        return response


class WriteLimitMiddleware:
    """No person, and no address without a session, writes more often than `WRITES` allows."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            person = request.user
            who = f"person:{person.pk}" if person.is_authenticated else f"address:{client_address(request)}"
            if seconds := seconds_to_wait(WRITES, who):
                return too_many(request, seconds)
        return self.get_response(request)
