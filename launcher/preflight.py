"""Checks before anything is started. Each failure is a StartError that names the setting to change."""

import errno
import os
import shutil
import signal
import socket
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import connection

from common import scratch
from common.listening import listen
from launcher import processes
from launcher.console import print_done
from launcher.errors import StartError

MIN_FREE_BYTES = 200 * 1024 * 1024

DATA_DIR_VARIABLE = "EVERYFRAME_UP"
"""Set to DATA_DIR in the environment of each process of the site, so the next start finds those left by a kill."""


def make_data_dir(data_dir: Path) -> None:
    """Create DATA_DIR/run, and check that it can be written and that the disk has room."""
    run_dir = data_dir / "run"
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        probe = run_dir / f"probe-{os.getpid()}"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise StartError(
            f"DATA_DIR ({data_dir}) cannot be written: {error.strerror}. Set DATA_DIR to a folder of your own."
        ) from error
    if shutil.disk_usage(data_dir).free < MIN_FREE_BYTES:
        raise StartError(
            f"The disk of DATA_DIR ({data_dir}) is full: at least {MIN_FREE_BYTES // 1024**2} MB must be free."
        )


def end_leftovers(data_dir: Path) -> None:
    """End the processes of an earlier run on this DATA_DIR that was killed, and delete their temporary files."""
    left = list(processes.with_environment(DATA_DIR_VARIABLE, str(data_dir)))
    if left:
        processes.end(left, signal.SIGTERM, patience_seconds=5)
        print_done(f"Ended {len(left)} processes that an earlier run left behind")
    scratch.sweep()
    for schedule in (data_dir / "run").glob("beat*"):
        schedule.unlink()  # All intervals are short, so nothing is lost; a kill may have truncated the file.


def open_port(setting: str, port: int) -> socket.socket:
    """Return the socket of the server with its port in `setting`. It stays open while the server restarts."""
    if port > 65535:
        raise StartError(f"{setting} must be at most 65535, not {port}.")
    try:
        return listen(settings.HOST, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartError(f"{setting} {port} is in use: stop the program that uses it or set {setting}.") from error
        if error.errno == errno.EACCES:
            raise StartError(f"{setting} {port} may be opened by root only: set {setting} to 1024 or more.") from error
        raise StartError(
            f"Cannot listen on {settings.HOST}:{port}: {error.strerror}. Set HOST and {setting}."
        ) from error


def open_realtime_port() -> socket.socket:
    """Return the socket of the server of sockets. Unless REALTIME_PORT is set, any free port does."""
    if "REALTIME_PORT" not in os.environ:
        try:
            return listen(settings.HOST, settings.REALTIME_PORT)
        except OSError:
            return open_port("REALTIME_PORT", 0)
    return open_port("REALTIME_PORT", settings.REALTIME_PORT)


def check_external_servers() -> None:
    """Connect to the servers in DATABASE_URL and REDIS_URL, if these are set."""
    if url := os.environ.get("DATABASE_URL"):
        import psycopg2

        try:
            connection.ensure_connection()
        except Exception as error:
            if not isinstance(error.__cause__, psycopg2.Error):
                raise
            _refuse("DATABASE_URL", "PostgreSQL", url, error)
    if url := os.environ.get("REDIS_URL"):
        import redis

        try:
            redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5).ping()
        except (redis.RedisError, ValueError) as error:
            _refuse("REDIS_URL", "Valkey or Redis", url, error)


def _refuse(variable: str, server: str, url: str, error: Exception) -> NoReturn:
    """Raise StartError with the reason, but without the password that the URL may contain."""
    parts = urlsplit(url)
    try:
        where = f"{parts.hostname or parts.path or '?'}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        where = parts.hostname or "?"
    reason = " ".join(str(error).split())
    # libpq begins with its attempts; the reason follows " failed: ".
    reason = reason.split(" failed: ", 1)[-1].removeprefix("FATAL: ").strip()
    for secret in {parts.password, unquote(parts.password or "")} - {None, ""}:
        reason = reason.replace(str(secret), "…")
    raise StartError(f"{variable}: cannot use {server} at {where}: {reason.rstrip('.')}.") from None
