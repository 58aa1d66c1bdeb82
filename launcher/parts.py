"""The processes of the site: their command lines, how they stop, and the lines of theirs that are not shown."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from launcher import addresses, embedded, postgres, valkey
from launcher.supervisor import Part

QUEUES = ("media", "video", "feed", "default")
NAMES = ["up", "postgres", "valkey", "web", "realtime", *QUEUES, "beat", "demo"]
"""All names in the first column of the output."""

_POSTGRES_NOISE = re.compile(
    r"^LOG:  (?!.*(automatic recovery|could not|crash))"
    r"|^FATAL:  (the database system is|terminating connection due to administrator command)"
)
_VALKEY_NOISE = re.compile(r"Memory overcommit|scheduling shutdown|ready to exit|Transparent Huge|TCP backlog")
_ROOT_WORKER_NOISE = re.compile(
    r"_security_error|SecurityWarning|superuser privileges|User information: uid=|different user using|absolutely not"
)
WEB_NOISE = re.compile(r"Configuration allows spawning up to \d+ Python threads")
# /readyz logs each missing part at every request, and it is requested until all parts are ready.
WEB_STARTING_NOISE = re.compile(
    rf"instagram\.health: .* is not ready|Service Unavailable: {addresses.READY}|{WEB_NOISE.pattern}"
)

StartPython = Callable[..., subprocess.Popen[bytes]]
"""Starts a Python program of the site, given its command line; `inherited_fds` stay open."""


def postgres_part(data_dir: Path) -> Part:
    return Part(
        "postgres",
        lambda: postgres.start(data_dir, output=subprocess.PIPE),
        stop_signal=signal.SIGINT,
        patience_seconds=embedded.STOP_TIMEOUT_SECONDS,
        stage=2,
        noise=_POSTGRES_NOISE,
    )


def valkey_part(data_dir: Path) -> Part:
    return Part(
        "valkey",
        lambda: valkey.start(data_dir, output=subprocess.PIPE),
        patience_seconds=embedded.STOP_TIMEOUT_SECONDS,
        stage=1,
        noise=_VALKEY_NOISE,
    )


def web_part(start: StartPython, listener: socket.socket) -> Part:
    """Serve pages on `listener`."""
    is_verbose = settings.LOG_LEVEL == "DEBUG"
    command = [sys.executable, "-m", "instagram.web", "--host", settings.HOST, "--port", str(settings.PORT)]
    command += ["--fd", str(listener.fileno()), "--workers", str(settings.WEB_WORKERS), "--kill-timeout", "8"]
    command += ["--log-level", "info" if is_verbose else "warning"]
    command += ["--access-log"] if is_verbose else []
    return Part(
        "web",
        lambda: start(command, inherited_fds=[listener.fileno()]),
        repeats_stop_signal=True,
        noise=WEB_STARTING_NOISE,
    )


def realtime_part(start: StartPython, listener: socket.socket) -> Part:
    """Serve sockets on `listener`."""
    command = [sys.executable, "-m", "instagram.realtime", "--fd", str(listener.fileno())]
    return Part("realtime", lambda: start(command, inherited_fds=[listener.fileno()]))


def worker_part(start: StartPython, queue: str) -> Part:
    """Run the tasks of one queue."""
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "instagram"]
    # Django's checks import all URLs and forms, a third of a worker's start. Beat runs them.
    command += ["--skip-checks", "worker", "-Q", queue, "-n", f"{queue}@%h", "-c", str(settings.WORKER_CONCURRENCY)]
    command += ["-l", settings.LOG_LEVEL, "--without-gossip", "--without-mingle"]
    return Part(queue, lambda: start(command), patience_seconds=15, noise=_ROOT_WORKER_NOISE)


def beat_part(start: StartPython, run_dir: Path) -> Part:
    """Send the periodic tasks."""
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "instagram", "beat", "-s", str(run_dir / "beat")]
    return Part("beat", lambda: start([*command, "-l", settings.LOG_LEVEL]))
