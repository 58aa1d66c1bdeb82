"""How often a person, or an address, may do a thing: sliding windows in Valkey, or in this process without it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry

from common import valkey
from common.api import Problem, is_api, problem_response
from common.http import json_error, wants_json

WRITES = RateLimitItemPerMinute(300, 5, namespace="writes")
"""All that a signed-in person changes, or an address without a session sends."""

API_CALLS = RateLimitItemPerMinute(1500, 5, namespace="api")
"""All that one token, one person with a session, or one address with neither, asks of the JSON API."""

SIGN_INS = RateLimitItemPerMinute(10, 1, namespace="sign-ins")
"""Attempts from one address while Valkey is away; allauth's own limits count otherwise."""

SIGN_INS_OF_ONE = RateLimitItemPerMinute(20, 60, namespace="sign-ins-of-one")
"""Attempts at one account, likewise."""

PASSWORDS = RateLimitItemPerMinute(10, 10, namespace="passwords")
"""Passwords that somebody signed in types once more before they leave."""

CONTACT_CHANGES = RateLimitItemPerMinute(10, 60, namespace="contact")
"""Addresses that one person wants to have instead of theirs."""

CODES = RateLimitItemPerMinute(5, 60, namespace="codes")
"""Codes that one person has sent to phones."""

CODES_TO_ONE = RateLimitItemPerMinute(5, 60, namespace="codes-to-one")
"""Codes that are sent to one phone, whoever asks."""

EXPORTS = RateLimitItemPerMinute(5, 24 * 60, namespace="exports")
"""Archives that one person asks for."""

UPLOADS = RateLimitItemPerMinute(30, 30, namespace="uploads")
"""New posts of one person."""

FILES = RateLimitItemPerMinute(200, 30, namespace="files")
"""Files that one person begins to upload: ten posts of the largest number of slides."""


@dataclass(frozen=True)
class Usage:
    """How a limit stands for somebody after a hit."""

    allowed: int
    remaining: int
    reset_seconds: int
    """Until the oldest hit of the window is forgotten."""
    wait_seconds: int
    """0, or how long until the next may come: this one was too many."""


def client_address(request: HttpRequest) -> str:
    """The address of the client: X-Forwarded-For counts only as far as our own proxies wrote it."""
    if settings.TRUSTED_PROXY_COUNT:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        if len(hops) >= settings.TRUSTED_PROXY_COUNT:
            return hops[-settings.TRUSTED_PROXY_COUNT]
    return str(request.META.get("REMOTE_ADDR", ""))


def seconds_to_wait(limit: RateLimitItem, who: str) -> int:
    """0 and counted, or how many seconds until `who` may again."""
    if not settings.RATE_LIMITS:
        return 0
    if not valkey.is_paused():
        try:
            return _hit(_shared(), limit, who)
        except valkey.ERRORS as error:
            valkey.pause(error, "each process keeps rate limits alone")
    return _hit(_local(), limit, who)


def usage_after_hit(limit: RateLimitItem, who: str) -> Usage:
    """`seconds_to_wait`, with what programs are told of the limit."""
    wait = seconds_to_wait(limit, who)
    if not settings.RATE_LIMITS:
        return Usage(limit.amount, limit.amount, limit.get_expiry(), 0)
    if not valkey.is_paused():
        try:
            return _usage(_shared(), limit, who, wait)
        except valkey.ERRORS as error:
            valkey.pause(error, "each process keeps rate limits alone")
    return _usage(_local(), limit, who, wait)


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """429, saying when to try again; as JSON to a script that asks for it."""
    if is_api(request):
        return problem_response(too_many_problem(seconds))
    if wants_json(request):
        response: HttpResponse = json_error(429, "too-many", too_many_sentence(seconds))
    else:
        response = render(request, "429.html", {"retry_after": seconds}, status=429)
    response["Retry-After"] = str(seconds)
    return response


def too_many_problem(seconds: int) -> Problem:
    return Problem(429, "too-many", too_many_sentence(seconds), headers={"Retry-After": str(seconds)})


def too_many_sentence(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return f"You have done this a lot just now. Try again in {minutes} minute{'' if minutes == 1 else 's'}."


def _hit(limiter: MovingWindowRateLimiter, limit: RateLimitItem, who: str) -> int:
    if limiter.hit(limit, who):
        return 0
    return max(1, math.ceil(limiter.get_window_stats(limit, who).reset_time - time.time()))


def _usage(limiter: MovingWindowRateLimiter, limit: RateLimitItem, who: str, wait: int) -> Usage:
    stats = limiter.get_window_stats(limit, who)
    return Usage(limit.amount, max(0, stats.remaining), max(0, math.ceil(stats.reset_time - time.time())), wait)


@cache
def _shared() -> MovingWindowRateLimiter:
    url = settings.REDIS_URL
    if url.startswith("unix://"):
        url = "redis+" + url
    timeout = settings.REDIS_TIMEOUT_SECONDS
    storage = storage_from_string(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]  # handed on to redis-py
        key_prefix="limit",
    )
    return MovingWindowRateLimiter(storage)


@cache
def _local() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())
