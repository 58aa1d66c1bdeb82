"""PostgreSQL and Valkey: the settings that Django needs, from their URLs."""

from contextlib import suppress
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from instagram.config.env import env

REDIS_TIMEOUT_SECONDS = 1
"""The most a hanging Valkey costs a request, and twice that if the request publishes a task. See common.valkey."""


def database_config(url: str) -> dict[str, Any]:
    """Return the entry of DATABASES. The error message contains nothing of the URL, which may include a password."""
    config: dict[str, Any] = {}
    if url.partition("://")[0] in {"postgres", "postgresql"}:
        with suppress(ValueError):
            config = env.db_url_config(url)
    if not config.get("NAME"):
        raise ImproperlyConfigured("DATABASE_URL must be like postgresql://user:password@host:5432/name.")
    config |= {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
    config.setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
    return config


def cache_config(redis_url: str) -> dict[str, Any]:
    """Return the entry of CACHES."""
    return {
        "BACKEND": "common.cache.FaultTolerantCache",
        "LOCATION": redis_url,
        "KEY_PREFIX": "cache",
        "OPTIONS": {
            "socket_timeout": REDIS_TIMEOUT_SECONDS,
            "socket_connect_timeout": REDIS_TIMEOUT_SECONDS,
            # The library's own retries would wait seconds each.
            "retry": Retry(NoBackoff(), 0),
        },
    }
