"""Starting child processes that end with their parent, and finding processes that a killed parent left."""

import ctypes
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

_LINUX = sys.platform.startswith("linux")
_libc = ctypes.CDLL(None, use_errno=True) if _LINUX else None

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


# --- Starting ----------------------------------------------------------------------------------------------------


def start_child(
    command: list[str],
    *,
    cwd: Path,
    env: dict[str, str],
    death_signal: signal.Signals,
    inherited_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a process in a new session, with its output in a pipe.

    On Linux it receives `death_signal` when this process dies. The file descriptors `inherited_fds` stay open in it.
    """
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=inherited_fds,
        preexec_fn=child_setup(death_signal),
    )


def child_setup(
    death_signal: signal.Signals, *, user: tuple[int, int] | None = None, enters_closed_folders: bool = False
) -> Callable[[], None]:
    """Return a function for `subprocess.Popen(preexec_fn=…)`, which runs in the child between fork and exec.

    On Linux the child receives `death_signal` when its parent dies for any reason; elsewhere, the next start finds the
    orphan. The kernel sends the signal when the *thread* that started the child ends: start children from the main
    thread.

    With `user` (uid, gid) the child becomes that user. With `enters_closed_folders` it keeps the one capability of root
    that passes folders closed to that user, so a project in /root works without changing permissions on disk. Raises
    OSError (in the parent: subprocess.SubprocessError) if that capability is not available.
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
            # A change of user resets it, so this comes afterwards.
            _prctl(_PR_SET_PDEATHSIG, death_signal)
            if os.getppid() != parent:
                os._exit(1)

    return set_up


def _prctl(option: int, *arguments: int) -> None:
    if _libc is None:
        raise OSError("prctl exists on Linux only")
    if _libc.prctl(option, *(ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4])) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _keep_capability(capability: int) -> None:
    """Keep one capability through the coming exec, as an ambient capability."""
    if _libc is None:
        raise OSError("capabilities exist on Linux only")
    bit = 1 << capability
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    # Effective, permitted and inheritable: first the low words, then the high words.
    if _libc.capset(header, struct.pack("=6I", bit, bit, bit, 0, 0, 0)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)


# --- Ending ------------------------------------------------------------------------------------------------------


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and its children, which are in its process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)


def describe_exit(code: int) -> str:
    """Describe a return code of `subprocess`: negative numbers are signals."""
    if code >= 0:
        return f"ended with exit code {code}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


def running_in(folder: Path, name: str) -> list[psutil.Process]:
    """List processes called `name` whose working directory is `folder`: the database server of that folder."""
    found = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == name:
            with suppress(psutil.Error, OSError):
                if Path(process.cwd()) == folder:
                    found.append(process)
    return found


def with_environment(variable: str, value: str) -> Iterator[psutil.Process]:
    """Yield processes whose environment has `variable` set to `value`, without this one and its ancestors."""
    ours = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    for process in psutil.process_iter():
        if process.pid not in ours:
            with suppress(psutil.Error, OSError):
                if process.environ().get(variable) == value:
                    yield process


def end(processes: list[psutil.Process], first: signal.Signals, *, patience_seconds: float) -> None:
    """Send `first` to the processes, wait up to `patience_seconds`, then send SIGKILL to the rest.

    A zombie counts as ended: in a container, orphans of an earlier run may never be collected.
    """
    for step, seconds in ((first, patience_seconds), (signal.SIGKILL, 5.0)):
        for process in processes:
            with suppress(psutil.Error):
                process.send_signal(step)
                process.send_signal(signal.SIGCONT)  # A stopped process handles no other signal.
        deadline = time.monotonic() + seconds
        while (processes := [process for process in processes if _is_alive(process)]) and time.monotonic() < deadline:
            time.sleep(0.02)


def _is_alive(process: psutil.Process) -> bool:
    """Return True if this process still runs; False if another process has got its id."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
