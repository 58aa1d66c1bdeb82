"""The client for Valkey, which may be unavailable: one client per process, and one memory of the last failure.

Cache, timelines, rate limits and the task queue all use Valkey. If a server hangs, each of them would wait for its
timeout in the same request; so after one failure all of them go on without Valkey for PAUSE_SECONDS.
"""

from __future__ import annotations

import logging
import time
from functools import cache
from types import TracebackType

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

PAUSE_SECONDS = 3.0
ERRORS = (RedisError, OSError)
"""Raised by a client if the server is unavailable."""

_paused_until = 0.0


@cache
def client() -> redis.Redis:
    """Return the client of this process. Its connection pool is thread-safe, and recreated after a fork."""
    timeout = settings.REDIS_TIMEOUT_SECONDS
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        # The library's own retries would wait seconds each; we go on without Valkey instead.
        retry=Retry(NoBackoff(), 0),
    )


class optional:  # noqa: N801  (used like a function)
    """Context manager: use Valkey if it is available, and go on after the block if it is not.

    `with valkey.optional("limits are counted in PostgreSQL") as is_available` suppresses ERRORS and `errors`, after
    which `pause` is called with the consequence. `is_available` is False during a pause: skip the work then.
    """

    def __init__(self, consequence: str, *errors: type[Exception]) -> None:
        self._consequence = consequence
        self._errors: tuple[type[Exception], ...] = (*ERRORS, *errors)

    def __enter__(self) -> bool:
        return not is_paused()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if isinstance(error, self._errors):
            pause(error, self._consequence)
            return True
        return False


def is_paused() -> bool:
    """Return True if Valkey failed less than PAUSE_SECONDS ago, so that it should not be used now."""
    return time.monotonic() < _paused_until


def pause(error: BaseException, consequence: str) -> None:
    """Start a pause after `error`. `consequence` completes the log message: "going on without the cache"."""
    global _paused_until
    if not is_paused():
        log.warning("Valkey is unavailable, %s: %s", consequence, error)
    _paused_until = time.monotonic() + PAUSE_SECONDS


def resume() -> None:
    """End the pause."""
    global _paused_until
    _paused_until = 0.0
