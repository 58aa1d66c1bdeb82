"""PostgreSQL and Valkey: the settings that Django needs, from their URLs."""

from contextlib import suppress
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.valkey_urls import cluster_nodes, is_cluster
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


def valkey_url(name: str, url: str) -> str:
    """Return `url` if it is valid for a cluster or one server. The error contains nothing of it: it has a password."""
    if is_cluster(url):
        with suppress(ValueError):
            cluster_nodes(url)
            return url
        raise ImproperlyConfigured(f"{name} must be like redis-cluster://user:password@host:6379,host:6379.")
    return url


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
