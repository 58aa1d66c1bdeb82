"""Hundreds of slow clients do not delay the requests of others."""

from __future__ import annotations

import socket
import urllib.request
from contextlib import ExitStack

import pytest

SLOW = 200


def connect(site):
    return socket.create_connection(("127.0.0.1", site.port), timeout=20)


def get(site, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{site.port}{path}", timeout=20) as answer:
        return answer.status


@pytest.fixture
def connections():
    """Close all connections after the test."""
    with ExitStack() as stack:
        yield stack


HEAD = (
    "POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nCookie: csrf_{port}={token}\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\n"
)


@pytest.mark.promise("O4")
def test_two_hundred_slow_bodies_and_headers_delay_no_other_request(site, connections):
    slow = []
    for number in range(2 * SLOW):
        client = connections.enter_context(connect(site))
        whole = HEAD.format(port=site.port, token="a" * 32)
        client.sendall((whole if number % 2 else whole[:60]).encode())
        slow.append(client)

    for _ in range(3):
        for client in slow[1::2]:
            client.sendall(b"x")
        assert get(site, "/healthz") == 200
        assert get(site, "/explore/") == 200


@pytest.mark.promise("O4")
def test_a_body_that_arrives_too_slowly_gets_408(site, connections):
    from instagram.rsgi import GRACE_SECONDS

    client = connections.enter_context(connect(site))
    client.sendall(HEAD.format(port=site.port, token="a" * 32).encode())
    client.settimeout(GRACE_SECONDS + 20)

    answer = client.recv(1000)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"\r\nconnection: close\r\n" in answer


@pytest.mark.promise("O5")
def test_a_large_body_is_answered_before_it_is_sent(site, connections):
    client = connections.enter_context(connect(site))
    client.sendall(b"POST /create/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 700000000\r\n\r\n")

    answer = client.recv(1000)

    assert answer.startswith(b"HTTP/1.1 302 ")
    assert b"\r\nlocation: /accounts/login/?next=/create/\r\n" in answer.lower()


@pytest.mark.promise("O5")
def test_chunked_bodies_are_limited_too(site, connections):
    head = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    small = connections.enter_context(connect(site))
    small.sendall(head + chunk + b"0\r\n\r\n")
    assert small.recv(1000).startswith(b"HTTP/1.1 403 "), "the body must be read before it is refused"

    large = connections.enter_context(connect(site))
    large.sendall(head)
    with pytest.raises(OSError, match=r"(?i)broken pipe|reset"):
        large.sendall(chunk * 2000)


def test_slow_downloads_delay_no_other_request(site, connections):
    from tests.servers import PROJECT

    largest = max((PROJECT / "static").rglob("*.js"), key=lambda path: path.stat().st_size)
    for _ in range(64):
        client = connections.enter_context(connect(site))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        path = largest.relative_to(PROJECT / "static").as_posix()
        client.sendall(f"GET /static/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 20)

    assert get(site, "/healthz") == 200
