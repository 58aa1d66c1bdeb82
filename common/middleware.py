from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils.cache import patch_cache_control

from common.api import Problem, is_api, problem_response
from common.ratelimit import WRITES, client_address, count_api_hit, seconds_to_wait, too_many

GetResponse = Callable[[HttpRequest], HttpResponse]


class SaneRequestMiddleware:
    """Turns away what no browser sends and what would break deep inside: other charsets than UTF-8, NUL in cookies."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        charset = (request.content_params or {}).get("charset", "utf-8").lower()
        if charset not in {"utf-8", "utf8", "us-ascii"}:
            return HttpResponseBadRequest("Send text as UTF-8.\n", content_type="text/plain")
        if any("\0" in value for value in request.COOKIES.values()):
            return HttpResponseBadRequest("A cookie of this request is broken.\n", content_type="text/plain")
        return self.get_response(request)


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
            if is_api(request):
                try:
                    count_api_hit(request, WRITES, who)
                except Problem as problem:
                    return problem_response(problem)
            elif seconds := seconds_to_wait(WRITES, who):
                return too_many(request, seconds)
        return self.get_response(request)
