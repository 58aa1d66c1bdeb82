"""One connection of a hub to Valkey, which knows when messages may have been lost."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Any, Final

import redis.asyncio as redis_async
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from common import valkey

_logger = logging.getLogger(__name__)

CHANNELS_PER_COMMAND: Final = 1_000
PING_SECONDS: Final = 2.0
SILENT_SECONDS: Final = 4.5
"""A server that has sent nothing for this long, in spite of pings, is considered gone."""
FIRST_PAUSE_SECONDS: Final = 0.1
MAX_PAUSE_SECONDS: Final = 1.0
CONFIRM_SECONDS: Final = 1.0


class Subscriber:
    """Subscribes to channels, and passes each message as (channel, text) to `on_message`.

    After an interruption it subscribes to all channels again and then calls `on_gap`: whatever was published
    meanwhile is lost. The library's own `PubSub` would reconnect without telling.
    """

    def __init__(self, url: str, *, on_message: Callable[[str, str], None], on_gap: Callable[[], None]) -> None:
        self._url = url
        self._on_message = on_message
        self._on_gap = on_gap
        self._channels: set[str] = set()
        self._connection: Any = None
        self._unconfirmed: dict[str, asyncio.Future[None]] = {}
        self._heard_at = 0.0

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def add(self, channels: Collection[str]) -> None:
        """Subscribe to channels; return once Valkey has confirmed them, or at once while it is away."""
        new = [channel for channel in channels if channel not in self._channels]
        self._channels.update(new)
        if self._connection is None:
            return
        loop = asyncio.get_running_loop()
        for channel in new:
            self._unconfirmed.setdefault(channel, loop.create_future())
        waits = [self._unconfirmed[channel] for channel in channels if channel in self._unconfirmed]
        await self._send("SUBSCRIBE", new)
        if waits:
            await asyncio.wait(waits, timeout=CONFIRM_SECONDS)

    async def remove(self, channels: Collection[str]) -> None:
        """Unsubscribe from channels."""
        old = [channel for channel in channels if channel in self._channels]
        self._channels.difference_update(old)
        await self._send("UNSUBSCRIBE", old)

    async def run(self) -> None:
        """Connect, read, and connect again after each interruption, until the task is cancelled."""
        pause, is_first = FIRST_PAUSE_SECONDS, True
        while True:
            try:
                await self._connect()
                if not is_first:
                    _logger.warning("Valkey is back: pages are told to look again")
                    self._on_gap()
                pause, is_first = FIRST_PAUSE_SECONDS, False
                await self._read()
            except Exception as error:
                if pause == FIRST_PAUSE_SECONDS:
                    _logger.warning("Valkey is unavailable, pages are not told of changes: %s", error)
                is_first = False
            finally:
                await self._disconnect()
            await asyncio.sleep(pause)
            pause = min(pause * 2, MAX_PAUSE_SECONDS)

    async def _connect(self) -> None:
        pool = redis_async.ConnectionPool.from_url(
            self._url,
            protocol=2,
            socket_connect_timeout=1,
            retry=Retry(NoBackoff(), 0),
        )
        connection: Any = pool.make_connection()  # type: ignore[no-untyped-call]
        await connection.connect()
        self._heard_at = asyncio.get_running_loop().time()
        self._connection = connection
        await self._send("SUBSCRIBE", list(self._channels))

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        for future in self._unconfirmed.values():
            future.set_result(None)
        self._unconfirmed.clear()
        if connection is not None:
            with suppress(*valkey.ERRORS):
                await connection.disconnect(nowait=True)

    async def _send(self, command: str, channels: Iterable[str] = ()) -> None:
        """Send a command with all channels; an error is left to the reading task, which then reconnects."""
        names = list(channels)
        for start in range(0, len(names), CHANNELS_PER_COMMAND):
            if (connection := self._connection) is None:
                return
            with suppress(*valkey.ERRORS):
                await connection.send_command(command, *names[start : start + CHANNELS_PER_COMMAND], check_health=False)

    async def _read(self) -> None:
        """Read until the connection breaks, and raise its error."""
        connection = self._connection
        pings = asyncio.create_task(self._ping())
        loop = asyncio.get_running_loop()
        try:
            while True:
                reply = await connection.read_response(disable_decoding=True, timeout=math.inf)
                self._heard_at = loop.time()
                if reply[0] == b"message":
                    self._on_message(reply[1].decode(), reply[2].decode())
                elif reply[0] == b"subscribe" and (future := self._unconfirmed.pop(reply[1].decode(), None)):
                    future.set_result(None)
        finally:
            pings.cancel()

    async def _ping(self) -> None:
        loop = asyncio.get_running_loop()
        while (connection := self._connection) is not None:
            if loop.time() > self._heard_at + SILENT_SECONDS:
                await connection.disconnect(nowait=True)
                return
            with suppress(*valkey.ERRORS):
                await connection.send_command("PING", check_health=False)
            await asyncio.sleep(PING_SECONDS)
