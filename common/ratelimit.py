"""Rate limits: a number of hits per window, which begins with the first hit.

Hits are counted in Valkey, in one round trip, and in PostgreSQL while Valkey is unavailable: all processes share
both. `common.ratelimit_responses` turns an exceeded limit into a page or a problem.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cache
from typing import Literal

from django.conf import settings
from django.db import connection, models
from django.http import HttpRequest
from django.utils import timezone
from redis.commands.core import Script

from common import valkey
from common.limits import EQUAL_COMMENTS_MINUTES, MAX_EQUAL_COMMENTS, MAX_UPLOADED_BYTES_PER_DAY


@dataclass(frozen=True)
class Limit:
    """At most `amount` hits in `seconds`."""

    name: str
    amount: int
    seconds: int
    needs_valkey: bool = False
    """True if hits are not counted while Valkey is unavailable: for reads, which should not write to PostgreSQL."""


def per_minutes(name: str, amount: int, minutes: int, *, needs_valkey: bool = False) -> Limit:
    return Limit(name, amount, minutes * 60, needs_valkey)


WRITES = per_minutes("writes", 300, 5)
"""Unsafe requests by a signed-in person, or by an IP address without a session."""

API_CALLS = per_minutes("api", 1500, 5)
"""API requests by one token, one person with a session, or one IP address with neither."""

PAGES = per_minutes("pages", settings.MAX_PAGE_READS, 5, needs_valkey=True)
"""Page views by one person with a session, or one IP address without."""

SUGGESTIONS = per_minutes("suggestions", settings.MAX_SUGGESTION_READS, 5, needs_valkey=True)
"""Searches and completions while typing, by one person with a session, or one IP address without."""

PICTURES = per_minutes("pictures", settings.MAX_MEDIA_READS, 5, needs_valkey=True)
"""Requests for photos and videos, or byte ranges of them, by one IP address."""

SIGN_INS = per_minutes("sign-ins", 10, 1)
"""Failed attempts to sign in from one IP address."""

SIGN_INS_OF_ONE = (per_minutes("sign-ins-of-one", 5, 5), per_minutes("sign-ins-of-one-long", 20, 60))
"""Failed attempts to sign in to one account, regardless of letter case. Both limits apply."""

PASSWORDS = per_minutes("passwords", 10, 10)
"""Password confirmations by one signed-in person, before the account is deactivated or deleted."""

CONTACT_CHANGES = per_minutes("contact", 10, 60)
"""Changes of the email address or mobile number that one person requests."""

CODES = per_minutes("codes", 5, 60)
"""Codes by text message that one person requests."""

CODES_TO_ONE = per_minutes("codes-to-one", 5, 60)
"""Codes by text message to one number, requested by any number of people."""

EXPORTS = per_minutes("exports", 5, 24 * 60)
"""Data exports that one person requests."""

UPLOADS = per_minutes("uploads", 30, 30)
"""New posts of one person."""

FILES = per_minutes("files", 200, 30)
"""Uploads that one person starts: enough for ten posts with the maximum number of slides."""

UPLOADED_MEBIBYTES = per_minutes("uploaded-mebibytes", MAX_UPLOADED_BYTES_PER_DAY // 2**20, 24 * 60)
"""Total size of the files that one person uploads by any method; each file counts as at least 1 MiB."""

EQUAL_COMMENTS = per_minutes("equal-comments", MAX_EQUAL_COMMENTS, EQUAL_COMMENTS_MINUTES)
"""Comments with the same text by one person."""

NAME_CHECKS = per_minutes("name-checks", 100, 5)
"""Checks of a username in the API by one IP address without a token."""


class RateLimitWindow(models.Model):
    """Hits counted while Valkey is unavailable. The table is unlogged: a crash of PostgreSQL may lose its rows."""

    key = models.CharField(max_length=64, primary_key=True)
    """Hash of the limit's name and of the person or IP address."""
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
    """State of a limit for one person or IP address after a hit."""

    allowed: int
    remaining: int
    reset_seconds: int
    """Until the window ends, and its hits with it."""
    wait_seconds: int
    """0 if the hit was within the limit, else the time until the next one is."""
    counted_in: Literal["", "valkey", "database"] = ""


def client_address(request: HttpRequest) -> str:
    """Return the IP address of the client. Only the part of X-Forwarded-For that our own proxies wrote is trusted."""
    if settings.TRUSTED_PROXY_COUNT:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        if len(hops) >= settings.TRUSTED_PROXY_COUNT:
            return hops[-settings.TRUSTED_PROXY_COUNT]
    return str(request.META.get("REMOTE_ADDR", ""))


def seconds_to_wait(limit: Limit, who: str, *, hits: int = 1) -> int:
    """Count `hits`; return 0, or the number of seconds after which `who` may try again."""
    return usage_after_hit(limit, who, hits=hits).wait_seconds


def usage_after_hit(limit: Limit, who: str, *, hits: int = 1) -> Usage:
    """Count `hits` and return the state of the limit.

    Cost: one round trip to Valkey. Without it, one upsert in PostgreSQL, which is atomic: of many concurrent hits from
    all processes, exactly `limit.amount` pass.
    """
    if not settings.RATE_LIMITS:
        return Usage(limit.amount, limit.amount, limit.seconds, 0)
    with valkey.optional("rate limits are counted in PostgreSQL") as is_available:
        if is_available:
            counted, milliseconds = _count_script()(keys=[_key(limit, who)], args=[hits, limit.seconds * 1000])
            return _usage(limit, counted, milliseconds / 1000, "valkey")
    if limit.needs_valkey:
        return Usage(limit.amount, limit.amount, limit.seconds, 0)
    return _usage(limit, *_count_in_database(limit, who, hits), "database")


def refund_hits(limit: Limit, who: str, usage: Usage) -> None:
    """Take back the hit that returned `usage`, in the store that counted it."""
    if usage.counted_in == "valkey":
        with valkey.optional("a hit stays counted") as is_available:
            if is_available:
                _count_script()(keys=[_key(limit, who)], args=[-1, limit.seconds * 1000])
    elif usage.counted_in == "database":
        key = _hashed_key(limit, who)
        RateLimitWindow.objects.filter(key=key, hits__gt=0).update(hits=models.F("hits") - 1)


def forget(limit: Limit, who: str) -> None:
    """Reset the limit for `who`."""
    RateLimitWindow.objects.filter(key=_hashed_key(limit, who)).delete()
    with valkey.optional("a limit is not forgotten") as is_available:
        if is_available:
            valkey.client().delete(_key(limit, who))


def delete_expired_windows() -> int:
    """Delete expired windows; return how many."""
    return RateLimitWindow.objects.filter(ends_at__lte=timezone.now()).delete()[0]


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
