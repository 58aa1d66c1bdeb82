"""Starting child processes so that they do not outlive us, and finding those that did.

Standard library only at import: the settings reach this module before anything else is loaded.
"""

import ctypes
import os
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

_LINUX = sys.platform.startswith("linux")
_libc = ctypes.CDLL(None, use_errno=True) if _LINUX else None

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


def _prctl(option: int, *arguments: int) -> None:
    if _libc is None:
        raise OSError("prctl is known to Linux only")
    if _libc.prctl(option, *(ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4])) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def child_setup(
    last_signal: signal.Signals, *, user: tuple[int, int] | None = None, enters_closed_folders: bool = False
) -> Callable[[], None]:
    """What a child runs between fork and exec, for `subprocess.Popen(preexec_fn=…)`.

    The child gets `last_signal` when its parent dies, however that dies (Linux; elsewhere the next start finds the
    orphan). It is sent when the *thread* that started the child ends, so start children from the main thread.

    With `user` (uid, gid) it becomes that user. With `enters_closed_folders` it keeps one of root's powers, to pass
    folders that are closed to that user: a project below /root works, and nobody's permissions are changed on disk.
    Raises OSError (seen by the parent as subprocess.SubprocessError) where that power is not to be had.
    """
    parent = os.getpid()

    def set_up() -> None:
        if user is not None:
            uid, gid = user
            if enters_closed_folders:
                _prctl(_PR_SET_KEEPCAPS, 1)
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
            if enters_closed_folders:
                _keep_capability(_CAP_DAC_OVERRIDE)
        if _LINUX:
            # After the change of user, which clears it.
            _prctl(_PR_SET_PDEATHSIG, last_signal)
            if os.getppid() != parent:
                os._exit(1)

    return set_up


def _keep_capability(capability: int) -> None:
    """Hold one capability through the coming exec, as an ambient one."""
    if _libc is None:
        raise OSError("capabilities are known to Linux only")
    bit = 1 << capability
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    # effective, permitted, inheritable: the low words, then the high words.
    if _libc.capset(header, struct.pack("=6I", bit, bit, bit, 0, 0, 0)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)


def running_in(folder: Path, name: str) -> "list[psutil.Process]":
    """Processes called `name` that work in `folder`: how a database server is known for the one of this folder."""
    import psutil

    found = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == name:
            with suppress(psutil.Error, OSError):
                if Path(process.cwd()) == folder:
                    found.append(process)
    return found


def marked_with(variable: str, value: str) -> "Iterator[psutil.Process]":
    """Processes, other than this one and its ancestors, whose environment holds `variable` with `value`."""
    import psutil

    ours = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    for process in psutil.process_iter():
        if process.pid not in ours:
            with suppress(psutil.Error, OSError):
                if process.environ().get(variable) == value:
                    yield process


def end(processes: "list[psutil.Process]", first: signal.Signals, *, patience_seconds: float) -> None:
    """Send `first`, wait up to `patience_seconds`, then SIGKILL those that are left.

    A zombie counts as ended: in a container nobody may collect the orphans of an earlier run.
    """
    import psutil

    for step, seconds in ((first, patience_seconds), (signal.SIGKILL, 5.0)):
        for process in processes:
            with suppress(psutil.Error):
                process.send_signal(step)
                process.send_signal(signal.SIGCONT)  # One that somebody stopped could not obey.
        deadline = time.monotonic() + seconds
        while (processes := [process for process in processes if is_alive(process)]) and time.monotonic() < deadline:
            time.sleep(0.02)


def is_alive(process: "psutil.Process") -> bool:
    """Whether this very process (not another one with its id) still runs."""
    import psutil

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
