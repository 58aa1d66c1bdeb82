"""Rate limits: so many hits in a window that begins with the first of them.

Counted in Valkey, in one round trip; while Valkey is away, in PostgreSQL, which all processes share as well.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cache
from typing import Literal

from django.conf import settings
from django.db import connection, models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from redis.commands.core import Script

from common import valkey
from common.api import Problem
from common.http import json_error, wants_json
from common.limits import EQUAL_COMMENTS_MINUTES, MAX_EQUAL_COMMENTS, MAX_UPLOADED_BYTES_PER_DAY


@dataclass(frozen=True)
class Limit:
    """At most `amount` hits in `seconds`."""

    name: str
    amount: int
    seconds: int
    needs_valkey: bool = False
    """Whether hits are let through uncounted while Valkey is away: for reads, which should not write to PostgreSQL."""


def per_minutes(name: str, amount: int, minutes: int, *, needs_valkey: bool = False) -> Limit:
    return Limit(name, amount, minutes * 60, needs_valkey)


WRITES = per_minutes("writes", 300, 5)
"""All that a signed-in person changes, or an address without a session sends."""

API_CALLS = per_minutes("api", 1500, 5)
"""All that one token, one person with a session, or one address with neither, asks of the JSON API."""

PAGES = per_minutes("pages", settings.MAX_PAGE_READS, 5, needs_valkey=True)
"""Pages that one person with a session, or one address without, reads."""

SUGGESTIONS = per_minutes("suggestions", settings.MAX_SUGGESTION_READS, 5, needs_valkey=True)
"""Searches, and answers while somebody types, likewise."""

PICTURES = per_minutes("pictures", settings.MAX_MEDIA_READS, 5, needs_valkey=True)
"""Photos and videos, and pieces of them, that one address reads."""

SIGN_INS = per_minutes("sign-ins", 10, 1)
"""Failed attempts to sign in from one address."""

SIGN_INS_OF_ONE = (per_minutes("sign-ins-of-one", 5, 5), per_minutes("sign-ins-of-one-long", 20, 60))
"""Failed attempts to sign in to one account, however it is spelled. Both limits hold."""

PASSWORDS = per_minutes("passwords", 10, 10)
"""Passwords that somebody signed in types once more before they leave."""

CONTACT_CHANGES = per_minutes("contact", 10, 60)
"""Addresses that one person wants to have instead of theirs."""

CODES = per_minutes("codes", 5, 60)
"""Codes that one person has sent to phones."""

CODES_TO_ONE = per_minutes("codes-to-one", 5, 60)
"""Codes that are sent to one phone, whoever asks."""

EXPORTS = per_minutes("exports", 5, 24 * 60)
"""Archives that one person asks for."""

UPLOADS = per_minutes("uploads", 30, 30)
"""New posts of one person."""

FILES = per_minutes("files", 200, 30)
"""Files that one person begins to upload: ten posts of the largest number of slides."""

UPLOADED_MEBIBYTES = per_minutes("uploaded-mebibytes", MAX_UPLOADED_BYTES_PER_DAY // 2**20, 24 * 60)
"""Size of all files of one person, whichever way they come; each counts as one at least."""

EQUAL_COMMENTS = per_minutes("equal-comments", MAX_EQUAL_COMMENTS, EQUAL_COMMENTS_MINUTES)
"""Comments of one person with the same words."""

NAME_CHECKS = per_minutes("name-checks", 100, 5)
"""Usernames that one address without a token asks the API about."""


class RateLimitWindow(models.Model):
    """Hits that were counted while Valkey was away. Unlogged: a crash of PostgreSQL may forget them."""

    key = models.CharField(max_length=64, primary_key=True)
    """A hash of the limit and of the person or address."""
    hits = models.PositiveIntegerField()
    ends_at = models.DateTimeField()

    class Meta:
        indexes = [
            # common.delete_expired_rate_limits: windows that have ended.
            models.Index(fields=["ends_at"], name="rate_limits_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.hits} until {self.ends_at:%H:%M:%S}"


@dataclass(frozen=True)
class Usage:
    """How a limit stands for somebody after a hit."""

    allowed: int
    remaining: int
    reset_seconds: int
    """Until the window ends and all of its hits are forgotten."""
    wait_seconds: int
    """0, or how long until the next may come: this one was too many."""
    counted_in: Literal["", "valkey", "database"] = ""


def client_address(request: HttpRequest) -> str:
    """The address of the client: X-Forwarded-For counts only as far as our own proxies wrote it."""
    if settings.TRUSTED_PROXY_COUNT:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        if len(hops) >= settings.TRUSTED_PROXY_COUNT:
            return hops[-settings.TRUSTED_PROXY_COUNT]
    return str(request.META.get("REMOTE_ADDR", ""))


def seconds_to_wait(limit: Limit, who: str, *, hits: int = 1) -> int:
    """Count `hits`; return 0, or in how many seconds `who` may try again."""
    return usage_after_hit(limit, who, hits=hits).wait_seconds


def usage_after_hit(limit: Limit, who: str, *, hits: int = 1) -> Usage:
    """Count `hits` and return how the limit stands.

    Cost: one round trip to Valkey. Without it, one upsert in PostgreSQL, which is atomic: of many hits at once, and
    from all processes, exactly `limit.amount` pass.
    """
    if not settings.RATE_LIMITS:
        return Usage(limit.amount, limit.amount, limit.seconds, 0)
    if not valkey.is_paused():
        try:
            counted, milliseconds = _count_script()(keys=[_key(limit, who)], args=[hits, limit.seconds * 1000])
            return _usage(limit, counted, milliseconds / 1000, "valkey")
        except valkey.ERRORS as error:
            valkey.pause(error, "rate limits are counted in PostgreSQL")
    if limit.needs_valkey:
        return Usage(limit.amount, limit.amount, limit.seconds, 0)
    return _usage(limit, *_count_in_database(limit, who, hits), "database")


def refund_hits(limit: Limit, who: str, usage: Usage) -> None:
    """Uncount the hit that returned `usage`, where it was counted."""
    if usage.counted_in == "valkey" and not valkey.is_paused():
        try:
            _count_script()(keys=[_key(limit, who)], args=[-1, limit.seconds * 1000])
        except valkey.ERRORS as error:
            valkey.pause(error, "a hit stays counted")
    elif usage.counted_in == "database":
        key = _hashed_key(limit, who)
        RateLimitWindow.objects.filter(key=key, hits__gt=0).update(hits=models.F("hits") - 1)


def forget(limit: Limit, who: str) -> None:
    """Let `who` begin anew."""
    RateLimitWindow.objects.filter(key=_hashed_key(limit, who)).delete()
    if not valkey.is_paused():
        try:
            valkey.client().delete(_key(limit, who))
        except valkey.ERRORS as error:
            valkey.pause(error, "a limit is not forgotten")


def delete_expired_windows() -> int:
    """Delete the rows of windows that have ended; return how many."""
    return RateLimitWindow.objects.filter(ends_at__lte=timezone.now()).delete()[0]


def count_api_hit(request: HttpRequest, limit: Limit, who: str) -> None:
    """Count a request of the API against `limit`. Raises Problem 429 if it is one too many.

    The usage is remembered in the request: the answer's RateLimit headers are those of the tightest budget.
    """
    usage = usage_after_hit(limit, who)
    if usage.wait_seconds:
        raise rate_limit_problem(limit, usage.wait_seconds)
    request.__dict__.setdefault("rate_limit_usages", []).append(usage)


def rate_limit_headers(allowed: int, remaining: int, reset_seconds: int) -> dict[str, str]:
    values = {"Limit": allowed, "Remaining": remaining, "Reset": reset_seconds}
    return {f"RateLimit-{name}": str(value) for name, value in values.items()}


def tightest_budget_headers(request: HttpRequest) -> dict[str, str]:
    """Return the RateLimit headers of the budget, of all that `request` counted against, with the fewest hits left."""
    usages: list[Usage] = getattr(request, "rate_limit_usages", [])
    if not usages:
        return {}
    tightest = min(usages, key=lambda usage: (usage.remaining, -usage.reset_seconds))
    return rate_limit_headers(tightest.allowed, tightest.remaining, tightest.reset_seconds)


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """429, saying when to try again; as JSON to a script that asks for it."""
    if wants_json(request):
        response: HttpResponse = json_error(429, "too-many", rate_limit_message(seconds))
    elif request.headers.get("HX-Request"):
        response = HttpResponse(f'<p role="alert">{rate_limit_message(seconds)}</p>', status=429)
    else:
        response = render(request, "429.html", {"retry_after": seconds}, status=429)
    response["Retry-After"] = str(seconds)
    return response


def rate_limit_problem(limit: Limit, seconds: int) -> Problem:
    """Return the 429 of a request that `limit` refused, with the headers of that limit."""
    headers = {"Retry-After": str(seconds), **rate_limit_headers(limit.amount, 0, seconds)}
    return Problem(429, "too-many", rate_limit_message(seconds), headers=headers)


def rate_limit_message(seconds: int) -> str:
    """Return the message that asks to wait `seconds`."""
    minutes = -(-seconds // 60)
    return f"You have done this a lot just now. Try again in {minutes} minute{'' if minutes == 1 else 's'}."


def _usage(limit: Limit, hits: int, seconds: float, counted_in: Literal["valkey", "database"]) -> Usage:
    left = max(1, math.ceil(seconds))
    return Usage(limit.amount, max(0, limit.amount - hits), left, left if hits > limit.amount else 0, counted_in)


def _key(limit: Limit, who: str) -> str:
    return f"limit:{limit.name}:{who}"


def _hashed_key(limit: Limit, who: str) -> str:
    return hashlib.sha256(_key(limit, who).encode()).hexdigest()


@cache
def _count_script() -> Script:
    """Return (hits, milliseconds left) after adding ARGV[1] to the window of KEYS[1], which ARGV[2] ms make."""
    return valkey.client().register_script(
        """
        local added = tonumber(ARGV[1])
        if added < 0 and redis.call('EXISTS', KEYS[1]) == 0 then
            return {0, 0}
        end
        local hits = redis.call('INCRBY', KEYS[1], added)
        local left = redis.call('PTTL', KEYS[1])
        if left < 0 then
            redis.call('PEXPIRE', KEYS[1], ARGV[2])
            left = tonumber(ARGV[2])
        end
        return {hits, left}
        """
    )


def _count_in_database(limit: Limit, who: str, hits: int) -> tuple[int, float]:
    """Return (hits, seconds left)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO common_ratelimitwindow AS counted (key, hits, ends_at)
            VALUES (%s, %s, clock_timestamp() + make_interval(secs => %s))
            ON CONFLICT (key) DO UPDATE SET
                hits = excluded.hits
                    + CASE WHEN counted.ends_at <= clock_timestamp() THEN 0 ELSE LEAST(counted.hits, %s) END,
                ends_at = CASE WHEN counted.ends_at <= clock_timestamp() THEN excluded.ends_at ELSE counted.ends_at END
            RETURNING hits, extract(epoch FROM ends_at - clock_timestamp())::float
            """,
            [_hashed_key(limit, who), hits, limit.seconds, limit.amount],
        )
        counted, seconds = cursor.fetchone()
    return counted, seconds
