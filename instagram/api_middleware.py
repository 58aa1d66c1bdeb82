"""Middleware of all requests to the API: authentication, rate limits, `ETag` and problem details."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers

from accounts.api.authentication import Access
from api_access.authentication import authenticate
from common.api import PROBLEM_JSON, NotFound, Problem, is_api, problem_response
from common.ratelimit import API_CALLS, client_address
from common.ratelimit_responses import count_api_hit, tightest_budget_headers

BODY_TYPES: Final = frozenset({"application/json", "multipart/form-data"})
CODE_OF_STATUS: Final = {400: "bad-request", 403: "forbidden", 405: "method", 413: "too-large", 500: "server-error"}


class TokenRequest(HttpRequest):
    """A request with a valid token."""

    access: Access


class ApiProblemsMiddleware:
    """Return problem details for requests that fail before the API, such as those with a wrong Host or charset.

    Also answers HEAD as GET without the body, so the API itself only sees GET.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_api(request):
            return self.get_response(request)
        is_head = request.method == "HEAD"
        if is_head:
            request.method = "GET"
        response = _as_problem(self.get_response(request))
        if is_head:
            response.headers["Content-Length"] = str(len(response.content))
            response.content = b""
            request.method = "HEAD"
        return response


class ApiMiddleware:
    """Authenticate tokens, count requests, add `ETag`, and turn error pages into problem details.

    Comes after the session's middleware, to set `request.user` to the owner of the token, and before the limit of
    writes, which pages and programs share. Cost: one query for a token, one call to Valkey.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_api(request):
            return self.get_response(request)
        try:
            count_api_hit(request, API_CALLS, _authenticate_and_key(request))
            _check_body_type(request)
            response = _as_problem(self.get_response(request))
        except Problem as problem:
            response = problem_response(problem)
        for name, value in tightest_budget_headers(request).items():
            response.headers.setdefault(name, value)
        patch_vary_headers(response, ["Authorization", "Cookie"])
        return _unless_unchanged(request, response)


def _authenticate_and_key(request: HttpRequest) -> str:
    """Authenticate the request, and return the key under which it is counted.

    Raises Problem 401 for an invalid token, even if the request also has a valid session.
    """
    if "Authorization" in request.headers:
        access = authenticate(request)
        if access is None:
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise Problem(401, "token", "This token is unknown, expired or revoked.", headers=challenge)
        cast("TokenRequest", request).access = access
        request.user = access.user
        return access.key
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
        return f"person:{request.user.pk}"
    return f"address:{client_address(request)}"


def _check_body_type(request: HttpRequest) -> None:
    has_body = request.META.get("CONTENT_LENGTH") not in {None, "", "0"}
    if has_body and request.content_type not in BODY_TYPES:
        raise Problem(415, "content-type", "Send a body as application/json, or files as multipart/form-data.")


def _as_problem(response: HttpResponse) -> HttpResponse:
    """Return `response`, or problem details with the same status if it is an HTML error page of Django."""
    status = response.status_code
    if status < 400 or response.headers.get("Content-Type") == PROBLEM_JSON:
        return response
    if status == 404:
        return problem_response(NotFound())
    sentence = "This URL does not support that method." if status == 405 else "This request failed."
    headers = {name: response.headers[name] for name in ("Allow", "Retry-After") if name in response.headers}
    if "GET" in headers.get("Allow", ""):
        headers["Allow"] += ", HEAD"
    return problem_response(Problem(status, CODE_OF_STATUS.get(status, "error"), sentence, headers=headers))


def _unless_unchanged(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Add an `ETag`, and return 304 if the client already has this response."""
    if request.method != "GET" or response.status_code != 200 or response.streaming:
        return response
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response.headers["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response) or response
