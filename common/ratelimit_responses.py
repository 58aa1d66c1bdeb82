"""Responses to requests that exceed a rate limit, and the RateLimit headers of the API."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common.api import Problem
from common.http import json_error, wants_json
from common.ratelimit import Limit, Usage, usage_after_hit
from common.refusals import Refusal


class RateLimitedError(Refusal):
    """Refusal of a request that exceeds `limit`, which the API needs for its RateLimit headers."""

    def __init__(self, limit: Limit, seconds: int, field: str = "") -> None:
        super().__init__(rate_limit_message(seconds), field, retry_after=seconds)
        self.limit = limit


def count_api_hit(request: HttpRequest, limit: Limit, who: str) -> None:
    """Count an API request against `limit`. Raises Problem 429 if the limit is exceeded.

    The usage is stored on the request, for `tightest_budget_headers`.
    """
    usage = usage_after_hit(limit, who)
    if usage.wait_seconds:
        raise rate_limit_problem(limit, usage.wait_seconds)
    request.__dict__.setdefault("rate_limit_usages", []).append(usage)


def rate_limit_headers(allowed: int, remaining: int, reset_seconds: int) -> dict[str, str]:
    values = {"Limit": allowed, "Remaining": remaining, "Reset": reset_seconds}
    return {f"RateLimit-{name}": str(value) for name, value in values.items()}


def tightest_budget_headers(request: HttpRequest) -> dict[str, str]:
    """Return the RateLimit headers of the limit with the fewest hits left that `request` counted against."""
    usages: list[Usage] = getattr(request, "rate_limit_usages", [])
    if not usages:
        return {}
    tightest = min(usages, key=lambda usage: (usage.remaining, -usage.reset_seconds))
    return rate_limit_headers(tightest.allowed, tightest.remaining, tightest.reset_seconds)


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """Return a 429 with Retry-After: JSON for scripts, a fragment for htmx, and a page for browsers."""
    if wants_json(request):
        response: HttpResponse = json_error(429, "too-many", rate_limit_message(seconds))
    elif request.headers.get("HX-Request"):
        response = HttpResponse(f'<p role="alert">{rate_limit_message(seconds)}</p>', status=429)
    else:
        response = render(request, "429.html", {"retry_after": seconds}, status=429)
    response["Retry-After"] = str(seconds)
    return response


def rate_limit_problem(limit: Limit, seconds: int) -> Problem:
    """Return the 429 for a request that exceeds `limit`, with the headers of that limit."""
    headers = {"Retry-After": str(seconds), **rate_limit_headers(limit.amount, 0, seconds)}
    return Problem(429, "too-many", rate_limit_message(seconds), headers=headers)


def rate_limit_message(seconds: int) -> str:
    """Return the message that asks to wait `seconds`."""
    minutes = -(-seconds // 60)
    return f"Slow down a moment and try again in {minutes} minute{'' if minutes == 1 else 's'}."
