"""PostgreSQL and Valkey: the settings that Django needs, from their URLs."""

from contextlib import suppress
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.databases import DIRECT, REPLICA_PREFIX
from common.valkey_urls import cluster_nodes, is_cluster
from instagram.config.env import env

REDIS_TIMEOUT_SECONDS = 1
"""The most a hanging Valkey costs a request, and twice that if the request publishes a task. See common.valkey."""


def databases(url: str, *, replica_urls: list[str], pooler: str, direct_url: str) -> dict[str, dict[str, Any]]:
    """Return DATABASES: the primary, `replica_1` and so on, and behind a pooler `direct`, PostgreSQL itself.

    In transaction mode, each transaction may get another connection of PostgreSQL, so session locks need `direct`
    (common.locks), and cursors of the server cannot be used.
    """
    if pooler not in {"", "transaction"}:
        raise ImproperlyConfigured(f"DATABASE_POOLER must be transaction or empty, not {pooler!r}.")
    if pooler and not direct_url:
        raise ImproperlyConfigured(
            "Set DIRECT_DATABASE_URL to PostgreSQL itself: locks of workers do not work through a transaction pooler."
        )
    found = {"default": database_config(url)}
    for number, replica_url in enumerate(replica_urls, start=1):
        found[f"{REPLICA_PREFIX}{number}"] = replica_config(replica_url)
    if pooler:
        found = {alias: config | {"DISABLE_SERVER_SIDE_CURSORS": True} for alias, config in found.items()}
        found[DIRECT] = database_config(direct_url, "DIRECT_DATABASE_URL") | {"TEST": {"MIRROR": "default"}}
    return found


def database_config(url: str, name: str = "DATABASE_URL") -> dict[str, Any]:
    """Return an entry of DATABASES. The error message contains nothing of the URL, which may include a password."""
    config: dict[str, Any] = {}
    if url.partition("://")[0] in {"postgres", "postgresql"}:
        with suppress(ValueError):
            config = env.db_url_config(url)
    if not config.get("NAME"):
        raise ImproperlyConfigured(f"{name} must be like postgresql://user:password@host:5432/name.")
    config |= {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
    config.setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
    return config


def replica_config(url: str) -> dict[str, Any]:
    """Return the entry of a replica. One that does not answer delays a request by two seconds, and is then left out."""
    config = database_config(url, "READ_DATABASE_URLS")
    config["OPTIONS"] |= {"connect_timeout": 2, "tcp_user_timeout": 2000}
    return config | {"TEST": {"MIRROR": "default"}}


def valkey_url(name: str, url: str) -> str:
    """Return `url` if it is valid for a cluster or one server. Its password appears in no error."""
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
