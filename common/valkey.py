"""The clients for Valkey, which may be unavailable: one client per server, and a memory of its last failure.

Cache, timelines, rate limits and the task queue all use Valkey: one server by default. TIMELINE_URL and CACHE_URL move
timelines and cache to servers of their own, or to clusters. If a server hangs, each use would wait for its timeout in
the same request; so after one failure all uses of that server go on without it for PAUSE_SECONDS.

Code names a purpose (`timelines()`, `pages()`), never a server, and takes several keys at once only through
`unlink`, `mget`, `BatchScript` and pipelines, which also work on a cluster.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import TracebackType
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import hiredis
import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import NoScriptError, RedisClusterException, RedisError
from redis.retry import Retry

from common.valkey_urls import CLUSTER_SCHEMES, cluster_nodes, is_cluster

log = logging.getLogger(__name__)

PAUSE_SECONDS = 3.0
ERRORS = (RedisError, RedisClusterException, OSError)
"""Raised by a client if the server is unavailable."""

Client = redis.Redis | RedisCluster

_paused_until: dict[str, float] = {}
"""By the address of a server: the time of `time.monotonic` until which it is not used."""


def client() -> redis.Redis:
    """Return the client of this process for rate limits and locks, which are on the server of REDIS_URL."""
    found = connect(settings.REDIS_URL)
    assert isinstance(found, redis.Redis)
    return found


def timelines() -> Client:
    """Return the client of this process for home timelines and lists of seen posts (TIMELINE_URL)."""
    return connect(settings.TIMELINE_URL)


def pages() -> Client:
    """Return the client of this process for cached parts of pages (CACHE_URL)."""
    return connect(settings.CACHE_URL)


@cache
def connect(url: str) -> Client:
    """Return the client of this process for `url`. It is thread-safe and recreates its connections after a fork.

    `redis-cluster://user:password@host:port,host:port` names some nodes of a cluster, which know the others. A cluster
    client connects at once, to learn which node has which keys, so this raises one of ERRORS if none answers.
    """
    timeout = settings.REDIS_TIMEOUT_SECONDS
    # The library's own retries would wait seconds each; we go on without Valkey instead.
    options: dict[str, Any] = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    if not is_cluster(url):
        return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **options)
    parts = urlsplit(url)
    # One more attempt, with a fresh map of the cluster: after a failover the keys are on another node.
    return RedisCluster(
        startup_nodes=[ClusterNode(host, port) for host, port in cluster_nodes(url)],  # type: ignore[no-untyped-call]
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        ssl=CLUSTER_SCHEMES[parts.scheme],
        retry=Retry(NoBackoff(), 1),
        **options,
    )


def send(server: Client, *commands: tuple[Any, ...]) -> list[Any]:
    """Send reading commands in one round trip; return the replies as the server gives them, texts as bytes.

    On a single server this takes a third of the CPU of the library's own commands: 20 µs instead of 60. Pool, time
    limits and reconnecting are the library's. Raises one of ERRORS, also if the server refuses a command.
    """
    if not isinstance(server, redis.Redis):
        pipe = server.pipeline(transaction=False)  # type: ignore[no-untyped-call]
        for command in commands:
            pipe.execute_command(*command)
        return list(pipe.execute())
    pool: Any = server.connection_pool
    connection = pool.get_connection()
    try:
        connection.send_packed_command([b"".join([hiredis.pack_command(command) for command in commands])], False)
        return [connection.read_response(disable_decoding=True) for _ in commands]
    except BaseException:
        # The next command would take unread replies for its own.
        connection.disconnect()
        raise
    finally:
        pool.release(connection)


# --- Several keys at once ---------------------------------------------------------------------------------------------


def by_node(server: Client, keys: Iterable[str]) -> list[list[str]]:
    """Group keys by the node that holds them: one group on a single server. No round trip."""
    if isinstance(server, redis.Redis):
        return [group] if (group := list(keys)) else []
    groups: dict[str, list[str]] = {}
    for key in keys:
        groups.setdefault(server.get_node_from_key(key).name, []).append(key)  # type: ignore[no-untyped-call]
    return list(groups.values())


def mget(server: Client, keys: Sequence[str]) -> list[bytes | None]:
    """Return the value of each key, or None. One round trip, or on a cluster one for each node, side by side."""
    if isinstance(server, redis.Redis):
        return cast("list[bytes | None]", server.mget(keys)) if keys else []
    pipe = server.pipeline(transaction=False)  # type: ignore[no-untyped-call]
    for key in keys:
        pipe.get(key)
    return list(pipe.execute())


def unlink(server: Client, keys: Sequence[str]) -> int:
    """Delete keys; return how many existed. One round trip, or on a cluster one for each node, side by side."""
    if not keys:
        return 0
    if isinstance(server, redis.Redis):
        return int(server.unlink(*keys))
    pipe = server.pipeline(transaction=False)  # type: ignore[no-untyped-call]
    for key in keys:
        pipe.unlink(key)
    return sum(pipe.execute())


class BatchScript:
    """A Lua script over many keys, called once for each node of a cluster, and once on a single server.

    Its text has two local tables: `keys`, and `args` with the further arguments. A cluster refuses a script whose
    declared keys are in several slots, even if one node holds them all. So there the keys are passed as arguments, with
    the flag that allows it; the first is also declared, and routes the call. A call raises one of ERRORS if a key moves
    to another node just then: a script must be safe to run again.
    """

    def __init__(self, text: str) -> None:
        self._single = f"local keys, args = KEYS, ARGV\n{text}"
        self._cluster = (
            "#!lua flags=allow-cross-slot-keys\n"
            "local keys, args = {}, {}\n"
            "local count = tonumber(ARGV[1])\n"
            "for at = 2, #ARGV do\n"
            "    if at <= count + 1 then keys[at - 1] = ARGV[at] else args[at - count - 1] = ARGV[at] end\n"
            f"end\n{text}"
        )

    def __call__(self, server: Client, keys: Iterable[str], *args: bytes | str | float) -> list[Any]:
        """Run the script; return the result of each call: one, or on a cluster one for each node with any keys."""
        if isinstance(server, redis.Redis):
            return [_evaluate(server, self._single, group, args) for group in by_node(server, keys)]
        return [
            _evaluate(server, self._cluster, group[:1], (len(group), *group, *args)) for group in by_node(server, keys)
        ]

    @contextmanager
    def sent(self, server: Client, calls: Iterable[tuple[list[str], Sequence[Any]]]) -> Iterator[list[Any]]:
        """Context manager: send calls at once, let the server work while the block runs, then collect the results.

        Each call is a list of keys on one node, and its arguments. The list has the result of each after the block. A
        cluster client has no such pipeline for scripts, so there the calls end before the block. Results must be small:
        the server keeps them until the block ends. If the block fails, the calls may or may not have run.
        """
        results: list[Any] = []
        if not isinstance(server, redis.Redis):
            results += [_evaluate(server, self._cluster, keys[:1], (len(keys), *keys, *args)) for keys, args in calls]
            yield results
            return
        sent, name = [], _script_name(self._single)
        connection = server.connection_pool.get_connection()
        try:
            for keys, args in calls:
                connection.send_command("EVALSHA", name, len(keys), *keys, *args)  # type: ignore[no-untyped-call]
                sent.append((keys, args))
            yield results
            for keys, args in sent:
                try:
                    results.append(connection.read_response())
                except NoScriptError:
                    results.append(_evaluate(server, self._single, keys, args))
        except BaseException:
            # The next user would take unread replies for its own.
            connection.disconnect()  # type: ignore[no-untyped-call]
            raise
        finally:
            server.connection_pool.release(connection)


def _evaluate(server: Client, text: str, keys: list[str], args: Iterable[Any]) -> Any:
    try:
        return server.evalsha(_script_name(text), len(keys), *keys, *args)
    except NoScriptError:
        return server.eval(text, len(keys), *keys, *args)


@cache
def _script_name(text: str) -> str:
    """Return the SHA-1 of a script, the server's name for it."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


# --- Going on without -------------------------------------------------------------------------------------------------


class optional:  # noqa: N801  (used like a function)
    """Context manager: use Valkey if it is available, and go on after the block if it is not.

    `with valkey.optional("limits are counted in PostgreSQL") as is_available` suppresses ERRORS and `errors`, after
    which `pause` is called with the consequence. `is_available` is False during a pause: skip the work then. `url`
    names another server than that of REDIS_URL: TIMELINE_URL or CACHE_URL of the settings.
    """

    def __init__(self, consequence: str, *errors: type[Exception], url: str = "") -> None:
        self._consequence = consequence
        self._errors: tuple[type[Exception], ...] = (*ERRORS, *errors)
        self._url = url

    def __enter__(self) -> bool:
        return not is_paused(self._url)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if isinstance(error, self._errors):
            pause(error, self._consequence, self._url)
            return True
        return False


def is_paused(url: str = "") -> bool:
    """Return True if the server of `url` (REDIS_URL by default) failed less than PAUSE_SECONDS ago: do not use it."""
    return time.monotonic() < _paused_until.get(url or settings.REDIS_URL, 0.0)


def pause(error: BaseException, consequence: str, url: str = "") -> None:
    """Start a pause after `error`. `consequence` completes the log message: "going on without the cache"."""
    if not is_paused(url):
        log.warning("Valkey is unavailable, %s: %s", consequence, error)
    _paused_until[url or settings.REDIS_URL] = time.monotonic() + PAUSE_SECONDS


def resume() -> None:
    """End all pauses."""
    _paused_until.clear()
