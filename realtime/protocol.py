"""uvicorn's WebSocket protocol, which can also drop a connection whose other end does not read."""

from __future__ import annotations

from asyncio.transports import BaseTransport
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HIGH_WATER_BYTES: Final = 8 * 1024
"""Bytes that may wait in the process for one browser before sending to it waits. asyncio's default is 64 KiB."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """Puts `abort` into the scope: a function that drops the connection and what waits to be sent."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            # The application has not started yet: it is a task of the event loop.
            scope: Any = self.scope
            scope["extensions"]["abort"] = self.transport.abort

    def keepalive_timeout(self) -> None:
        """Drop a connection that does not answer pings. Closing it would wait until the other end reads."""
        super().keepalive_timeout()
        self.transport.abort()
