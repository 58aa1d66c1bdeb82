"""The web server: granian on a socket that can stay open across restarts (`python -m instagram.web --help`).

On Linux, each worker of granian opens its own socket, so connections waiting for a worker are lost when it ends. Here
all workers share one socket. `manage.py up` opens it and keeps it open: while web restarts, new connections wait in the
queue of the socket instead of being refused. SIGHUP replaces the workers one by one; SIGTERM completes the current
requests and ends.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any, Final

from granian._granian import SocketHolder
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MPServer

from common.listening import BACKLOG, listen

BACKPRESSURE: Final = 4096
"""The maximum of concurrent requests per worker. Most of them only wait for their client (instagram.rsgi)."""
QUICK_DEATH_SECONDS: Final = 6.0
"""A worker that ends before this time has died quickly. Granian itself gives up after the second such death."""
MAX_QUICK_DEATHS: Final = 5
PAUSE_SECONDS: Final = 0.5
LOADING_SECONDS: Final = 8.0
"""The time that a new worker gets to load before the one it replaces is stopped (SIGHUP)."""


class Server(MPServer):
    """Granian on an open socket, with workers that may die quickly up to MAX_QUICK_DEATHS times in a row."""

    def __init__(self, listener: socket.socket, **options: Any) -> None:
        super().__init__("instagram.rsgi:application", **options)
        self._listener = listener
        self._quick_deaths = 0

    def _init_shared_socket(self) -> None:
        # The stubs lack the constructor, and that these attributes are None until now.
        self._shd: Any = SocketHolder(self._listener.fileno(), False, BACKLOG)  # type: ignore[call-arg]
        self._sfd: Any = self._listener.fileno()
        # Granian closes it when it ends, before it waits for current requests.
        self._sso = self._listener

    def _respawn_workers(self, workers: list[int], *arguments: Any, **options: Any) -> None:
        """Restart workers. After MAX_QUICK_DEATHS, let granian recognize a crash loop and end, to be restarted."""
        died = [self.wrks[idx] for idx in workers if not self.wrks[idx].is_alive()]  # type: ignore[no-untyped-call]
        if any(time.monotonic() - worker.birth < QUICK_DEATH_SECONDS for worker in died):
            self._quick_deaths += 1
            time.sleep(PAUSE_SECONDS)
        elif died:
            self._quick_deaths = 0
        super()._respawn_workers(workers, *arguments, **options)
        if self._quick_deaths < MAX_QUICK_DEATHS:
            self.respawned_wrks.clear()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m instagram.web", description=__doc__.partition("\n")[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--fd", type=int, help="file descriptor of a listening socket, instead of --host and --port")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--kill-timeout", type=int, default=25, help="seconds to complete current requests")
    parser.add_argument("--log-level", default="warning", choices=[str(level.value) for level in LogLevels])
    parser.add_argument("--access-log", action="store_true")
    asked = parser.parse_args()
    listener = socket.socket(fileno=asked.fd) if asked.fd is not None else listen(asked.host, asked.port)
    sys.path.insert(0, str(Path.cwd()))
    server = Server(
        listener,
        address=asked.host,
        port=asked.port,
        interface=Interfaces.RSGI,
        workers=asked.workers,
        websockets=False,
        backlog=BACKLOG,
        backpressure=BACKPRESSURE,
        http1_settings=HTTP1Settings(header_read_timeout=15_000),
        log_level=LogLevels(asked.log_level),
        log_access=asked.access_log,
        respawn_failed_workers=True,
        respawn_interval=LOADING_SECONDS,
        workers_kill_timeout=asked.kill_timeout,
    )
    server.serve()


if __name__ == "__main__":
    main()
