"""DATA_DIR/run: the lock of a run, and `up.json` with the running processes."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from launcher.errors import StartError

PREVIOUS_RUN_TIMEOUT_SECONDS = 60


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Reserve DATA_DIR for this run. The kernel releases the lock when this process ends, even if it is killed.

    Waits up to PREVIOUS_RUN_TIMEOUT_SECONDS for a run that is stopping. Raises StartError if the site is running.
    """
    with (data_dir / "run" / "up.lock").open("a") as lock:
        deadline = time.monotonic() + PREVIOUS_RUN_TIMEOUT_SECONDS
        while not _try_lock(lock):
            other = read_record(data_dir)
            if other.get("state") not in {"stopping", "stopped"} or time.monotonic() > deadline:
                raise StartError(
                    f"The site already runs on DATA_DIR ({data_dir}), process {other.get('pid', '?')}, "
                    f"at {other.get('address', '?')}: stop it, or set another DATA_DIR and PORT."
                )
            time.sleep(0.1)
        yield


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_record(data_dir: Path, *, state: str, address: str, parts: dict[str, int]) -> None:
    """Write `up.json`: the process id, state and address of this run, and the process id of each part.

    Raises OSError.
    """
    text = json.dumps({"pid": os.getpid(), "state": state, "address": address, "parts": parts}, indent=1)
    draft = data_dir / "run" / "up.json.new"
    draft.write_text(text)
    draft.replace(data_dir / "run" / "up.json")


def read_record(data_dir: Path) -> dict[str, Any]:
    """Return the content of `up.json`, or {} if there is none."""
    try:
        found = json.loads((data_dir / "run" / "up.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
