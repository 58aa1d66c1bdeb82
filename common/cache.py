"""A cache that tolerates an unavailable server: pages are then rendered from the database, slower."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache

from common import valkey


class FaultTolerantCache(RedisCache):
    """Django's Redis cache, for which an unavailable server is a cache miss, and a write a no-op."""

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
        with valkey.optional("going on without the cache") as is_available:
            if is_available:
                return call()
        return otherwise
