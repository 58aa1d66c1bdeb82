"""Restarts and dying workers of the web server refuse no connection, because its socket stays open."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.client import RemoteDisconnected

import psutil
import pytest

from common.listening import listen
from launcher.supervisor import LONGEST_PAUSE_SECONDS, Part, Supervisor
from tests.running_site import free_port
from tests.servers import PROJECT


class Web:
    """The web server with one worker, on a socket that the test holds. It needs no database for /healthz."""

    def __init__(self) -> None:
        self.port = free_port()
        self.listener = listen("127.0.0.1", self.port)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--fd", str(self.listener.fileno()), "--workers", "1", "--log-level", "critical"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "instagram.web", *options], cwd=PROJECT, pass_fds=[self.listener.fileno()]
        )

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def get(self) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=120) as answer:
            return answer.status

    def worker(self) -> psutil.Process:
        while True:
            with suppress(IndexError):
                return psutil.Process(self.process.pid).children()[0]
            time.sleep(0.05)


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    running = Web()
    running.start()
    assert running.get() == 200
    yield running
    running.stop()  # SIGTERM, because SIGKILL would leave the worker running.
    running.listener.close()


@pytest.mark.promise("D20")
def test_a_restart_refuses_no_connection(web):
    answers, stopping = [], threading.Event()

    def get_twice_at_most():
        # A connection that is accepted at the instant of the stop is closed before its request is read. Browsers and
        # proxies repeat such a request.
        try:
            return web.get()
        except RemoteDisconnected:
            return web.get()

    def send_requests():
        while not stopping.is_set():
            try:
                answers.append(get_twice_at_most())
            except OSError as error:
                answers.append(error)

    threads = [threading.Thread(target=send_requests) for _ in range(3)]
    for thread in threads:
        thread.start()
    web.stop()
    web.start()
    web.get()
    stopping.set()
    for thread in threads:
        thread.join()

    assert set(answers) == {200}


def test_a_worker_that_dies_twice_in_a_row_does_not_end_the_server(web):
    for _ in range(2):
        web.worker().kill()
        time.sleep(1)

    assert web.get() == 200
    assert web.process.poll() is None


@pytest.mark.promise("D2")
def test_the_pause_before_a_restart_stays_short(capsys):
    def start():
        return subprocess.Popen(["false"], stdout=subprocess.PIPE, start_new_session=True)

    supervisor = Supervisor(names=["up", "database"], is_starting=False)
    part = Part("database", start)
    supervisor.add(part)
    pauses = []
    for _ in range(8):
        part.process.wait()
        supervisor.turn(0)
        pauses.append(part.pause_seconds)
        part.restart_at = 0
        supervisor.turn(0)

    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_SECONDS <= 2
