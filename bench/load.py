"""Send requests over a few connections from one thread, and measure the CPU of the processes that answer them."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parent.parent
WORKERS = 2


@dataclass(frozen=True)
class Round:
    """The results of one program in one round. CPU figures are in milliseconds a request."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    application_ms: float
    postgres_ms: float
    valkey_ms: float
    load_ms: float
    kilobytes: float
    """The mean size of a response, headers included."""
    other_cores: float
    """The cores that all other processes of the machine used meanwhile, in the mean."""


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its children, including children that have ended."""
    if not pid:
        return 0.0
    top = psutil.Process(pid)
    total = sum(top.cpu_times()[:4])
    for child in top.children(recursive=True):
        try:
            total += sum(child.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return total


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """Run a program in web workers: a WSGI application under granian, or the site's own server (`instagram.web`)."""

    def __init__(self, application: str = "", *, threads: int = 1, **environment: str) -> None:
        self.port = free_port()
        address = ["--host", "127.0.0.1", "--port", str(self.port), "--workers", str(WORKERS)]
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-log", *address]
        command += ["--blocking-threads", str(threads), application]
        if not application:
            command = [sys.executable, "-m", "instagram.web", *address]
        self.process = subprocess.Popen(command, cwd=PROJECT, env=os.environ | environment)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise SystemExit(f"{self.process.args} does not answer")

    @property
    def workers(self) -> list[psutil.Process]:
        """The processes that answer requests."""
        return [
            one for one in psutil.Process(self.process.pid).children() if "resource_tracker" not in str(one.cmdline())
        ]

    def stop(self) -> None:
        top = psutil.Process(self.process.pid)
        processes = [*top.children(recursive=True), top]
        self.process.send_signal(signal.SIGTERM)
        _, alive = psutil.wait_procs(processes, timeout=5)
        for each in alive:
            each.kill()


@dataclass(frozen=True)
class Request:
    path: str
    cookie: str = ""
    headers: str = ""
    """Further header lines, each with its CRLF."""

    def encode(self) -> bytes:
        cookie = f"Cookie: {self.cookie}\r\n" if self.cookie else ""
        return f"GET {self.path} HTTP/1.1\r\nHost: localhost\r\n{cookie}{self.headers}\r\n".encode()


class _Connection:
    """A connection that sends one request after the other; the next one begins when a response is complete."""

    def __init__(self, port: int, requests: Sequence[bytes], start: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self._requests, self._at = requests, start
        self._buffer = bytearray(1 << 18)
        self.send()

    def send(self) -> None:
        self.received, self._needed = 0, 0
        self._began = time.perf_counter()
        self.socket.sendall(self._requests[self._at % len(self._requests)])
        self._at += 1

    def receive(self) -> float | None:
        """Read available bytes; return the seconds of the response once it is complete."""
        view = memoryview(self._buffer)[self.received :]
        count = self.socket.recv_into(view)
        if not count:
            raise ConnectionError("the server closed a connection")
        self.received += count
        if not self._needed:
            end = self._buffer.find(b"\r\n\r\n", 0, self.received)
            if end < 0:
                return None
            head = bytes(self._buffer[:end]).lower()
            if not head.startswith(b"http/1.1 200"):
                raise SystemExit(f"a request was answered with {bytes(self._buffer[: self.received])!r}")
            length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            self._needed = end + 4 + length
            if self._needed > len(self._buffer):
                self._buffer.extend(bytes(self._needed - len(self._buffer)))
        return time.perf_counter() - self._began if self.received >= self._needed else None


def send(port: int, requests: Iterable[Request], *, seconds: float, connections: int = 8) -> tuple[list[float], int]:
    """Send the requests in rotation for `seconds`; return the seconds of each response, sorted, and the bytes of all.

    Each connection begins at another place of the rotation. Raises SystemExit for a response other than 200.
    """
    encoded = [request.encode() for request in requests]
    times: list[float] = []
    received = 0
    with selectors.DefaultSelector() as selector:
        opened = [_Connection(port, encoded, n * len(encoded) // connections) for n in range(connections)]
        for connection in opened:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        deadline = time.perf_counter() + seconds
        # At least one response, also on a machine that is busy with other work.
        while time.perf_counter() < deadline or not times:
            for key, _ in selector.select(1):
                if (took := key.data.receive()) is not None:
                    times.append(took)
                    received += key.data.received
                    key.data.send()
        for connection in opened:
            connection.socket.close()
    return sorted(times), received


def warm_up(server: Server, requests: Sequence[Request], *, seconds: float) -> None:
    """Send every request once, and more for `seconds`, until all workers have filled their caches."""
    for _ in range(2 * WORKERS):
        send_once(server.port, requests[0])
    for request in requests:
        send_once(server.port, request)
    send(server.port, requests, seconds=seconds)


def measure(
    server: Server, requests: Sequence[Request], *, seconds: float, postgres: int, valkey: int, connections: int = 8
) -> Round:
    """Send requests for `seconds`, and return the rate, the times and the CPU of everything that took part."""
    pids = {"application": server.process.pid, "postgres": postgres, "valkey": valkey}
    before = {name: cpu_seconds(pid) for name, pid in pids.items()} | {"load": time.process_time()}
    busy, began = _busy_seconds(), time.perf_counter()
    times, received = send(server.port, requests, seconds=seconds, connections=connections)
    took, busy = time.perf_counter() - began, _busy_seconds() - busy
    after = {name: cpu_seconds(pid) for name, pid in pids.items()} | {"load": time.process_time()}
    used = {name: after[name] - before[name] for name in before}
    each = {name: value / len(times) * 1000 for name, value in used.items()}
    return Round(
        requests_per_second=len(times) / took,
        p50_ms=percentile(times, 50) * 1000,
        p99_ms=percentile(times, 99) * 1000,
        application_ms=each["application"],
        postgres_ms=each["postgres"],
        valkey_ms=each["valkey"],
        load_ms=each["load"],
        kilobytes=received / len(times) / 1024,
        other_cores=max(0.0, (busy - sum(used.values())) / took),
    )


def _busy_seconds() -> float:
    """Return the CPU time that all processes of the machine have used."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system)


def percentile(ordered: Sequence[float], per_cent: float) -> float:
    """Return the value below which `per_cent` of the sorted values are."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * per_cent / 100))]


def send_once(port: int, request: Request) -> list[float]:
    """Send one request over a connection of its own; return the seconds of its response, as a list."""
    connection = _Connection(port, [request.encode()], 0)
    try:
        while (took := connection.receive()) is None:
            continue
        return [took]
    finally:
        connection.socket.close()
