"""The socket server: a hub under uvicorn (`python -m instagram.realtime --help`).

SIGTERM closes all sockets with the code 1012, after which browsers open new ones at another hub or after the restart.
"""

from __future__ import annotations

import argparse
import os
import resource
import socket

import django
import uvicorn

from common.listening import listen

MAX_MESSAGE_BYTES = 1024
PING_SECONDS = 20.0
"""Browsers answer pings by themselves. One that does not, for as long again, is disconnected."""
STOP_SECONDS = 8


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m instagram.realtime", description=__doc__.partition("\n")[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--fd", type=int, help="file descriptor of a listening socket, instead of --host and --port")
    parser.add_argument("--check-seconds", type=float, help="time between two checks of all sockets (4)")
    asked = parser.parse_args()
    listener = socket.socket(fileno=asked.fd) if asked.fd is not None else listen(asked.host, asked.port)
    _allow_many_sockets()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "instagram.settings")
    django.setup(set_prefix=False)

    from accounts.sessions import people_of_sessions
    from posts.visible import visible_pairs
    from realtime.hub import CHECK_SECONDS, Hub, Questions
    from realtime.protocol import SocketProtocol

    questions = Questions(signed_in=people_of_sessions, visible=visible_pairs)
    config = uvicorn.Config(
        Hub(questions, check_seconds=asked.check_seconds or CHECK_SECONDS),
        ws=SocketProtocol,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        # Compression would take 30 to 100 KB for each socket, for messages of 20 bytes.
        ws_per_message_deflate=False,
        http="h11",
        loop="uvloop",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _allow_many_sockets() -> None:
    """Raise the limit of open files to what the system permits."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main()
