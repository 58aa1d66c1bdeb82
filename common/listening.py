"""Opening the TCP socket of the web server, shared by `manage.py up` and `python -m instagram.web`."""

import socket
from typing import Final

BACKLOG: Final = 2048
"""Connections that wait in the queue of the socket until a web process accepts them."""


def listen(host: str, port: int) -> socket.socket:
    """Return a non-blocking socket that listens on `host` and `port`. Raises OSError."""
    family, kind, _, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
