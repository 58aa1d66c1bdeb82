"""Addresses of the PostgreSQL and Valkey that `manage.py up` starts below DATA_DIR.

The settings import this module, so it uses the standard library only and starts nothing. `launcher` runs the servers.
"""

import hashlib
import os
import re
from pathlib import Path

DATABASE = "instagram"
ROLE = "instagram"
POSTGRES_PORT = 5432
"""PostgreSQL names its Unix socket after the port; no TCP port is opened."""

# macOS has the shortest limit for the path of a socket, 104 bytes with the terminating zero; Linux has 108.
MAX_SOCKET_PATH_BYTES = 100
# Paths of these characters need no quoting in any kind of URL.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


def socket_dir(data_dir: Path) -> Path:
    """Return the folder of the sockets: DATA_DIR/run, or a folder in /tmp if that path is too long or needs quoting.

    The result depends on `data_dir` alone, so all processes agree on it, whichever user runs them.
    """
    data_dir = data_dir.resolve()
    folder = data_dir / "run"
    longest = folder / "pg" / f".s.PGSQL.{POSTGRES_PORT}"
    if _PLAIN_PATH.fullmatch(str(folder)) and len(os.fsencode(longest)) <= MAX_SOCKET_PATH_BYTES:
        return folder
    return short_dir(data_dir)


def short_dir(data_dir: Path) -> Path:
    """Return a folder with a short, plain path that is reserved for `data_dir`."""
    return Path("/tmp") / f"everyframe-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}"  # noqa: S108  (reserved for its owner when it is created)


def postgres_url(data_dir: Path) -> str:
    """Return the address of the embedded PostgreSQL of `data_dir`, running or not."""
    return f"postgresql://{ROLE}@/{DATABASE}?host={socket_dir(data_dir) / 'pg'}&port={POSTGRES_PORT}"


def valkey_url(data_dir: Path) -> str:
    """Return the address of the embedded Valkey of `data_dir`, running or not."""
    return f"unix://{socket_dir(data_dir) / 'valkey.sock'}?db=0"
