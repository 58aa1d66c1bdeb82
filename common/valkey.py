"""Valkey, which may be away: one client a process, and one memory of when it last failed.

Cache, timelines, rate limits and the task queue all live there. A server that hangs would cost each of them its
timeout in one and the same request; so after one of them failed, all go on without it for PAUSE_SECONDS.
"""

from __future__ import annotations

import logging
import time
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

PAUSE_SECONDS = 3.0
ERRORS = (RedisError, OSError)
"""What a client raises when the server is not to be had."""

_paused_until = 0.0


@cache
def client() -> redis.Redis:
    """The client of this process. Its pool is safe to share between threads and is made anew after a fork."""
    timeout = settings.REDIS_TIMEOUT_SECONDS
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        # The library's own retries would wait seconds each; ours is to go on without it.
        retry=Retry(NoBackoff(), 0),
    )


def is_paused() -> bool:
    """Whether it failed a moment ago, and is better not asked."""
    return time.monotonic() < _paused_until


def pause(error: Exception, what: str) -> None:
    """Remember that it failed; `what` goes on without it."""
    global _paused_until
    if not is_paused():
        log.warning("Valkey is not to be had, %s: %s", what, error)
    _paused_until = time.monotonic() + PAUSE_SECONDS


def resume() -> None:
    """Forget failures."""
    global _paused_until
    _paused_until = 0.0
