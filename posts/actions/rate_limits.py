"""Rate limits of uploading and sharing, stated once for pages and the JSON API."""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import User
from common.ratelimit import FILES, UPLOADS, Limit, seconds_to_wait
from common.ratelimit_responses import rate_limit_message
from common.refusals import Refusal

CountHit = Callable[[Limit, str], None]
"""Counts a hit against a limit, and raises if it is one too many. Pages and the API report that differently."""


class TooManyRequests(Refusal):
    """Raised when the person has to wait for `retry_after` seconds. The message says so."""


def count_hit(limit: Limit, who: str) -> None:
    """Count a hit. Raises TooManyRequests."""
    if seconds := seconds_to_wait(limit, who):
        raise TooManyRequests(rate_limit_message(seconds), retry_after=seconds)


def count_new_post(author: User, count: CountHit = count_hit) -> None:
    """Count a new post of `author`. Raises what `count` raises."""
    count(UPLOADS, f"person:{author.pk}")


def count_new_file(owner: User, count: CountHit = count_hit) -> None:
    """Count a file that `owner` starts to upload. Raises what `count` raises."""
    count(FILES, f"person:{owner.pk}")
