"""A cache that tolerates an unavailable server: pages are then rendered from the database, slower."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.cluster import RedisCluster

from common import valkey
from common.valkey_urls import is_cluster


class FaultTolerantCache(RedisCache):
    """Django's Redis cache, for which an unavailable server is a cache miss, and a write a no-op.

    On a cluster, commands for several keys are sent key by key in one pipeline for each node.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        if is_cluster(server):
            self._servers, self._class = [server], ClusterCacheClient

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._try(lambda: super(FaultTolerantCache, self).get(key, default, version), default)

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        return self._try(lambda: super(FaultTolerantCache, self).get_many(keys, version), {})  # type: ignore[no-any-return]

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._try(lambda: super(FaultTolerantCache, self).set(key, value, timeout, version), None)

    def set_many(self, data: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> list[Any]:
        return self._try(lambda: super(FaultTolerantCache, self).set_many(data, timeout, version), list(data))  # type: ignore[no-any-return]

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._try(lambda: super(FaultTolerantCache, self).add(key, value, timeout, version), True)  # type: ignore[no-any-return]

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._try(lambda: super(FaultTolerantCache, self).touch(key, timeout, version), False)  # type: ignore[no-any-return]

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._try(lambda: super(FaultTolerantCache, self).delete(key, version), False)  # type: ignore[no-any-return]

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return self._try(lambda: super(FaultTolerantCache, self).has_key(key, version), False)  # type: ignore[no-any-return]

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return self._try(lambda: super(FaultTolerantCache, self).incr(key, delta, version), delta)  # type: ignore[no-any-return]

    def _try(self, call: Callable[[], Any], otherwise: Any) -> Any:
        with valkey.optional("going on without the cache", url=settings.CACHE_URL) as is_available:
            if is_available:
                return call()
        return otherwise


class ClusterCacheClient(RedisCacheClient):
    """Django's cache client for a cluster. It uses the client of `common.valkey`, which knows the cluster's nodes."""

    _servers: list[str]
    _serializer: Any

    def get_client(self, key: Any = None, *, write: bool = False) -> RedisCluster:  # type: ignore[override]
        client = valkey.connect(self._servers[0])
        assert isinstance(client, RedisCluster)
        return client

    def get_many(self, keys: Iterable[Any]) -> dict[Any, Any]:
        keys = list(keys)
        found = zip(keys, valkey.mget(self.get_client(), keys), strict=True)
        return {key: self._serializer.loads(value) for key, value in found if value is not None}

    def set_many(self, data: Mapping[Any, Any], timeout: Any) -> None:
        pipe = self.get_client(write=True).pipeline(transaction=False)  # type: ignore[no-untyped-call]
        for key, value in data.items():
            pipe.set(key, self._serializer.dumps(value), ex=timeout)
        pipe.execute()

    def delete_many(self, keys: Iterable[Any]) -> None:
        valkey.unlink(self.get_client(write=True), list(keys))

    def clear(self) -> bool:
        return bool(self.get_client(write=True).flushdb(target_nodes=RedisCluster.PRIMARIES))
