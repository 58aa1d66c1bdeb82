"""Hubs in processes of their own, and sockets of browsers to them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.running_site import free_port
from tests.servers import PROJECT

PATIENCE_SECONDS = 60.0
"""How long a test waits for something that must happen; it says nothing about how soon it happens."""
CHECK_SECONDS = 0.3


class RunningHub:
    """`python -m instagram.realtime` on the database of the test, with a Valkey of choice."""

    def __init__(self, redis_url: str) -> None:
        self.port = free_port()
        database = os.environ["DATABASE_URL"].replace("/instagram?", f"/{connection.settings_dict['NAME']}?")
        command = [sys.executable, "-m", "instagram.realtime", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--check-seconds", str(CHECK_SECONDS)],
            cwd=PROJECT,
            env=os.environ | {"DATABASE_URL": database, "REDIS_URL": redis_url, "PORT": str(settings.PORT)},
        )
        wait_until(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None
        try:
            return bool(self.state())
        except OSError:
            return False

    def state(self) -> dict[str, Any]:
        """Return what `/healthz` reports."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=30) as answer:
            return json.load(answer)

    def open(self, client: Client, **options: Any) -> Browser:
        """Open a socket of the browser `client`; return it after the hub's first message."""
        cookies = "; ".join(f"{morsel.key}={morsel.value}" for morsel in client.cookies.values())
        origin = f"http://127.0.0.1:{settings.PORT}"
        options = {"origin": origin, "additional_headers": {"Cookie": cookies}} | options
        address = f"ws://127.0.0.1:{self.port}/ws/"
        browser = Browser(connect(address, legacy=True, open_timeout=PATIENCE_SECONDS, **options), hub=self)
        assert browser.next() == {"t": "hello"}
        return browser

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE_SECONDS)


class Browser:
    """An open socket."""

    def __init__(self, socket: ClientConnection, *, hub: RunningHub) -> None:
        self.socket = socket
        self.hub = hub

    def next(self) -> dict[str, Any]:
        """Return the next message."""
        return json.loads(self.socket.recv(timeout=PATIENCE_SECONDS))

    def listen_to(self, *posts: int) -> None:
        """Listen to these posts, all visible; return when the hub does."""
        self.socket.send(json.dumps({"posts": [str(post) for post in posts]}))
        assert {self.next()["id"] for _ in posts} == {str(post) for post in posts}

    def close_code(self) -> int:
        """Read until the hub closes the socket; return the code."""
        try:
            while True:
                self.socket.recv(timeout=PATIENCE_SECONDS)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


def wait_until(is_true: Callable[[], bool]) -> None:
    """Wait until `is_true` returns True. Raises AssertionError after PATIENCE_SECONDS."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.03)
