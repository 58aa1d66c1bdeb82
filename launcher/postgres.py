"""The embedded PostgreSQL: creates its data folder, starts it and stops it."""

import errno
import os
import shutil
import signal
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from common import local_servers
from common.local_servers import DATABASE, POSTGRES_PORT, ROLE
from launcher import embedded, processes
from launcher.embedded import START_TIMEOUT_SECONDS, STOP_TIMEOUT_SECONDS, Output
from launcher.errors import ServerError
from launcher.postgres_user import can_enter, check_owner, package_programs, programs_for, server_user

MAJOR_VERSION = "18"
MAX_CONNECTIONS = 200
INITDB_TIMEOUT_SECONDS = 120


def start(data_dir: Path, *, output: Output = subprocess.DEVNULL, durable: bool = True) -> subprocess.Popen[bytes]:
    """Start PostgreSQL on DATA_DIR/postgres and return before it is ready. Creates the cluster if it does not exist.

    Stops a server that an earlier run left behind. With `durable=False`, for tests, nothing waits for the disk. Raises
    ServerError.
    """
    data_dir = data_dir.resolve()
    cluster = data_dir / "postgres"
    with embedded.readable_errors("PostgreSQL", data_dir):
        user = server_user(cluster)
        check_owner(cluster)
        folder = embedded.make_socket_dir(data_dir, user)
        programs = programs_for(user, data_dir)
        setup = processes.child_setup(
            signal.SIGINT,  # PostgreSQL's fast shutdown
            user=user,
            enters_closed_folders=user is not None and not can_enter(user, cluster, folder / "pg"),
        )
        _stop_leftover(cluster, folder / "pg")
        if not (cluster / "PG_VERSION").exists():
            _create_cluster(cluster, programs, user, setup, durable=durable)
        _check_version(cluster)
        on_if_durable = "on" if durable else "off"
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder / "pg"),
            "unix_socket_permissions": "0700",
            "max_connections": str(MAX_CONNECTIONS),
            "shared_buffers": "128MB",
            "synchronous_commit": on_if_durable,
            "fsync": on_if_durable,
            "full_page_writes": on_if_durable,
            "random_page_cost": "1.1",
            "jit": "off",
            "timezone": "UTC",
            "log_line_prefix": "",
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return embedded.run(
            [str(programs / "postgres"), "-D", str(cluster), "-p", str(POSTGRES_PORT), *options],
            cwd=cluster,
            output=output,
            setup=setup,
        )


def wait_until_ready(process: subprocess.Popen[bytes], data_dir: Path) -> None:
    """Wait for PostgreSQL to answer, then create the site's database if it is missing.

    Raises ServerError if the server ends or takes longer than START_TIMEOUT_SECONDS.
    """
    import psycopg2

    folder = local_servers.socket_dir(data_dir.resolve()) / "pg"
    url = f"postgresql://{ROLE}@/postgres?host={folder}&port={POSTGRES_PORT}"
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        try:
            connection = psycopg2.connect(url, connect_timeout=5)
            break
        except psycopg2.OperationalError:
            embedded.check_starting(process, "PostgreSQL", deadline)
            time.sleep(0.03)
    connection.autocommit = True  # CREATE DATABASE is not allowed inside a transaction.
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE {DATABASE}")


def stop(process: subprocess.Popen[bytes], *, patience_seconds: float = STOP_TIMEOUT_SECONDS) -> None:
    """Request a fast shutdown, which rolls back open transactions; after `patience_seconds`, use stronger signals."""
    for step in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(step)
            with suppress(subprocess.TimeoutExpired):
                process.wait(patience_seconds if step == signal.SIGINT else 5)


def program(name: str) -> Path:
    """Return the path of a program in the package, such as pg_dump. The package may not contain it."""
    return package_programs() / name


def _stop_leftover(cluster: Path, sockets: Path) -> None:
    """Stop servers of an earlier, killed run that still work in `cluster`, and delete stale lock files.

    After a kill -9 of the postmaster, its backends may live on for a moment and hold the shared memory. The lock files
    name a process id that may belong to a zombie or another program by now; PostgreSQL would refuse to start.
    """
    processes.end(processes.running_in(cluster, "postgres"), signal.SIGINT, patience_seconds=STOP_TIMEOUT_SECONDS)
    socket_file = f".s.PGSQL.{POSTGRES_PORT}"
    for stale in (cluster / "postmaster.pid", sockets / socket_file, sockets / f"{socket_file}.lock"):
        stale.unlink(missing_ok=True)


def _create_cluster(cluster: Path, programs: Path, user: tuple[int, int] | None, setup: Any, *, durable: bool) -> None:
    """Run initdb in a temporary folder and rename that, so an interrupted initdb leaves no half-made cluster.

    The builtin locale C.UTF-8 needs no library of the system and sorts identically everywhere; `lower()` knows Unicode.
    """
    unfinished = cluster.with_name(cluster.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    embedded.make_private(unfinished, user)
    command = [
        str(programs / "initdb"),
        *("-D", str(unfinished), "-U", ROLE, "--auth=trust", "--encoding=UTF8"),
        *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        *([] if durable else ["--no-sync"]),
    ]
    made = subprocess.run(
        command,
        cwd=unfinished,
        env=embedded.clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=setup,
        timeout=INITDB_TIMEOUT_SECONDS,
        check=False,
    )
    if made.returncode != 0:
        shutil.rmtree(unfinished, ignore_errors=True)
        if b"No space left" in made.stdout:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        lines = made.stdout.decode(errors="replace").strip().splitlines()
        reason = next((line for line in lines if "error" in line or "FATAL" in line), lines[-1] if lines else "")
        raise ServerError(f"PostgreSQL could not create its data folder {cluster}: {reason}")
    if cluster.exists():
        cluster.rmdir()
    unfinished.rename(cluster)


def _check_version(cluster: Path) -> None:
    major = (cluster / "PG_VERSION").read_text().strip()
    if major != MAJOR_VERSION:
        raise ServerError(
            f"The data in {cluster} was written by PostgreSQL {major}, and this is PostgreSQL {MAJOR_VERSION}: "
            "dump it with the old version and load it here, or set another DATA_DIR."
        )
