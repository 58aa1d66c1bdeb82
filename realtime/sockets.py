"""One socket of a browser, with the bounds that keep it cheap."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from realtime.channels import LOOK

MAX_WAITING: Final = 32
"""Messages that wait for a slow browser. One more replaces them all by LOOK."""
SEND_SECONDS: Final = 10.0
"""A browser that does not read for this long is disconnected."""
CLOSE_SECONDS: Final = 2.0
INCOMING_PER_SECOND: Final = 5.0
INCOMING_BURST: Final = 10.0

POLICY_VIOLATION: Final = 1008
TRY_AGAIN_LATER: Final = 1013
SIGNED_OUT: Final = 4401
"""The session has ended; a page must not open the socket again."""


class Socket:
    """A signed-in socket. `send` is ASGI's; `abort` drops the connection without waiting for the browser."""

    __slots__ = (
        "_abort",
        "_allowance",
        "_heard_at",
        "_send",
        "_waiting",
        "_writer",
        "is_closing",
        "key",
        "person",
        "posts",
    )

    def __init__(
        self, key: str, person: int, send: Callable[[Any], Awaitable[None]], abort: Callable[[], None]
    ) -> None:
        self.key = key
        self.person = person
        self.posts: frozenset[int] = frozenset()
        self.is_closing = False
        self._send = send
        self._abort = abort
        self._waiting: deque[str] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._allowance = INCOMING_BURST
        self._heard_at = 0.0

    def tell(self, text: str) -> None:
        """Send `text` as soon as the browser reads. A text that already waits is not sent twice."""
        if self.is_closing:
            return
        if self._waiting is None:
            self._waiting = deque()
        if text in self._waiting:
            return
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.clear()
            text = LOOK
        self._waiting.append(text)
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write(self._waiting))

    def close(self, code: int) -> None:
        """Send nothing more, and close with `code`; drop the connection if the browser does not read."""
        if self.is_closing:
            return
        self.is_closing = True
        if self._writer is not None:
            self._writer.cancel()
        self._writer = asyncio.get_running_loop().create_task(self._close(code))

    def may_send_more(self) -> bool:
        """Count an incoming message; return False if there are more than INCOMING_PER_SECOND."""
        now = asyncio.get_running_loop().time()
        refilled = self._allowance + (now - self._heard_at) * INCOMING_PER_SECOND
        self._allowance = min(INCOMING_BURST, refilled) - 1
        self._heard_at = now
        return self._allowance >= 0

    async def _write(self, waiting: deque[str]) -> None:
        try:
            while waiting:
                async with asyncio.timeout(SEND_SECONDS):
                    await self._send({"type": "websocket.send", "text": waiting[0]})
                waiting.popleft()
        except Exception:
            self.is_closing = True
            self._abort()
        finally:
            if not self.is_closing:
                self._writer = self._waiting = None

    async def _close(self, code: int) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._send({"type": "websocket.close", "code": code})
        except Exception:
            self._abort()
