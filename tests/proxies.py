"""Faulty servers: a TCP proxy that breaks connections as networks do, and a server that never answers."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

FAULTS = ("refuse", "reset", "cut request", "cut answer", "lose answer", "hang")


class FaultyProxy:
    """A proxy for `url`. It calls `fault` for each connection, which returns one of FAULTS or an empty string.

    refuse: close at once · reset: close at once with RST · cut request, cut answer: close after some bytes of the
    request or of the answer · lose answer: close after the server has answered · hang: never answer.
    """

    def __init__(self, url: str, seed: int = 1) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname, parts.port)
        self._random = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.fault: Callable[[], str] = str
        self._limits = [0, 1, 50, 150]
        self.connections = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def break_some(self, share: float, *faults: str) -> None:
        """Give each new connection one of `faults` with this probability; by default any of FAULTS.

        Some are cut so late that the exchange succeeds.
        """
        self._limits = [0, 1, 150, 3_000, 100_000]
        self.break_open_ones()
        self.fault = lambda: self._random.choice(faults or FAULTS) if self._random.random() < share else ""

    def break_all(self, fault: str) -> None:
        """Give every new connection this fault, within its first bytes."""
        self._limits = [0, 1, 50, 150]
        self.break_open_ones()
        self.fault = lambda: fault

    def heal(self) -> None:
        self.fault = str
        self.break_open_ones()

    def break_open_ones(self) -> None:
        """Close open connections, because clients keep them open between requests and would not notice a new fault."""
        with self._lock:
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self.break_open_ones()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(client, self.fault()), daemon=True).start()

    def _serve(self, client: socket.socket, fault: str) -> None:
        with client, self._known(client):
            if fault == "reset":
                _reset(client)
                return
            if fault == "refuse":
                return
            if fault == "hang":
                with suppress(OSError):
                    while client.recv(65536):
                        pass
                return
            with suppress(OSError), socket.create_connection(self._server) as server, self._known(server):
                limit = self._random.choice(self._limits)
                asking = threading.Thread(
                    target=self._pass, args=(client, server, limit if fault == "cut request" else None), daemon=True
                )
                asking.start()
                if fault == "lose answer":
                    # Wait for the answer, which shows that the server has processed the request, then drop it.
                    server.recv(65536)
                    time.sleep(0.02)
                else:
                    self._pass(server, client, limit if fault == "cut answer" else None)
                if fault:
                    _reset(client)

    def _pass(self, source: socket.socket, target: socket.socket, limit: int | None) -> None:
        left = limit
        with suppress(OSError):
            while data := source.recv(65536 if left is None else max(1, min(65536, left))):
                if left is not None and left <= 0:
                    break
                target.sendall(data)
                left = None if left is None else left - len(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _known(self, one: socket.socket) -> _Known:
        return _Known(self, one)


class _Known:
    def __init__(self, proxy: FaultyProxy, one: socket.socket) -> None:
        self._proxy, self._one = proxy, one

    def __enter__(self) -> None:
        with self._proxy._lock:
            self._proxy._open.add(self._one)

    def __exit__(self, *_: object) -> None:
        with self._proxy._lock:
            self._proxy._open.discard(self._one)


def _reset(one: socket.socket) -> None:
    """Close the connection with RST."""
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()


class SilentServer:
    """Accept and count connections but never send anything, as a server that hangs."""

    def __init__(self) -> None:
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._accepted: list[socket.socket] = []

    def __enter__(self) -> SilentServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        for each in (self._listener, *self._accepted):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._accepted.append(self._listener.accept()[0])
                self.connections += 1
