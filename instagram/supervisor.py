"""Runs the parts of the site as child processes: one stream of output, restarts, an ordered stop.

One thread does everything, over a selector: children are set up between fork and exec (`processes.child_setup`),
which is safe without other threads, and they end with the thread that started them.
"""

import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from instagram import processes
from instagram.embedded import ServerError

FIRST_PAUSE_SECONDS = 0.5
# D2 asks for five seconds from a kill to an answer, and a database needs two of them to start.
LONGEST_PAUSE_SECONDS = 2.0
# A part that lived this long was well: the next pause is short again.
HEALTHY_AFTER_SECONDS = 10.0
LONGEST_LINE_BYTES = 16 * 1024

_COLOURS = (36, 35, 32, 33, 34, 96, 95, 92)


class StopRequested(Exception):  # noqa: N818  (not an error)
    """Ctrl-C, SIGTERM, SIGHUP, or the end of the process that we serve."""


class PartError(Exception):
    """A part ended while the site was starting; the text is a sentence."""


@dataclass
class Part:
    """One child process that is to run all the time."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    """Starts it with `stdout=PIPE` and a session of its own, and does not wait until it is ready."""
    stop_signal: signal.Signals = signal.SIGTERM
    patience_seconds: float = 10.0
    """How long it may take to stop before it is killed."""
    stage: int = 0
    """Parts of a lower stage are stopped first; those of one stage together."""
    insist: bool = False
    """Repeat the stop signal each second, for a program that misses it while it starts."""
    noise: re.Pattern[str] | None = None
    """Lines that tell a reader of the stream nothing."""

    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_seconds: float = 0.0
    start_again_at: float | None = None

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass
class _Stream:
    name: str
    part: Part | None
    rest: bytes = b""

    def is_noise(self, text: str) -> bool:
        return self.part is not None and self.part.noise is not None and bool(self.part.noise.search(text))


@dataclass
class Supervisor:
    """Starts, watches and stops parts. `use_signals` first; `stop` always, whatever happened before."""

    names: list[str]
    """Every name that may appear in the stream, which decides its width and colours."""
    on_change: Callable[[], None] = lambda: None
    """Called after a process was started or has ended."""
    parent: int | None = None
    """Stop when this is no longer our parent process."""

    parts: list[Part] = field(default_factory=list)
    starting: bool = True
    """While True, the end of a part is an error rather than a reason to start it again."""
    _requests: int = 0
    _interruptible: bool = False

    def __post_init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._width = max(map(len, self.names))
        self._coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    # --- Signals -------------------------------------------------------------------------------------------------

    def use_signals(self) -> None:
        """Take SIGINT, SIGTERM and SIGHUP: the first asks for an ordered stop, a second one forces it."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self._selector.register(reader, selectors.EVENT_READ, None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # nohup
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        self._requests += 1
        if self._interruptible:
            self._interruptible = False
            raise StopRequested

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Within, a signal raises StopRequested at once. Start no process within: it could be lost."""
        self._check()
        self._interruptible = True
        try:
            yield
        finally:
            self._interruptible = False

    def _check(self) -> None:
        if self.parent is not None and os.getppid() != self.parent:
            self._requests = max(self._requests, 1)
        if self._requests:
            raise StopRequested

    # --- Running -------------------------------------------------------------------------------------------------

    def add(self, part: Part) -> subprocess.Popen[bytes]:
        """Start a part and keep it running from now on."""
        self._check()
        self.parts.append(part)
        self._start(part)
        assert part.process is not None
        return part.process

    def _start(self, part: Part) -> None:
        part.started_at, part.start_again_at = time.monotonic(), None
        part.process = part.start()
        self._listen(part.process.stdout, _Stream(part.name, part))
        self.on_change()

    def run_once(self, name: str, start: Callable[[], subprocess.Popen[bytes]]) -> int:
        """Run a process to its end, with its lines in the stream; return its exit code."""
        self._check()
        process = start()
        self._listen(process.stdout, _Stream(name, None))
        try:
            while process.poll() is None:
                self.turn(0.1)
            self.show_output()
        finally:
            _kill_group(process)
        return process.returncode

    def turn(self, seconds: float) -> None:
        """Pass on output for up to `seconds`, then see to the parts. Raises StopRequested, PartError."""
        self._check()
        self._pump(seconds)
        self._check()
        for part in self.parts:
            self._see_to(part)

    def _see_to(self, part: Part) -> None:
        if part.start_again_at is None:
            if part.runs:
                return
            assert part.process is not None
            self.show_output()
            _kill_group(part.process)
            how = _describe_exit(part.process.returncode)
            self.on_change()
            if self.starting:
                raise PartError(f"{part.name} {how} while starting; its last lines above say why.")
            lived = time.monotonic() - part.started_at
            part.pause_seconds = (
                FIRST_PAUSE_SECONDS
                if lived > HEALTHY_AFTER_SECONDS or not part.pause_seconds
                else min(part.pause_seconds * 2, LONGEST_PAUSE_SECONDS)
            )
            part.start_again_at = time.monotonic() + part.pause_seconds
            self.say(f"{part.name} {how}; starting it again in {part.pause_seconds:g} s")
        elif time.monotonic() >= part.start_again_at:
            try:
                self._start(part)
            except (ServerError, OSError) as error:
                part.pause_seconds = min(part.pause_seconds * 2, LONGEST_PAUSE_SECONDS)
                part.start_again_at = time.monotonic() + part.pause_seconds
                self.say(f"{part.name} could not be started: {error} Trying again in {part.pause_seconds:g} s")

    # --- Stopping ------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop every part, stage by stage; whoever is late, or on a second signal everybody, is killed."""
        self._interruptible = False
        forced = self._requests + 1 if self._requests else 2
        for stage in sorted({part.stage for part in self.parts}):
            self._stop_together([part for part in self.parts if part.stage == stage and part.runs], forced)
        for part in self.parts:
            if part.process is not None:
                _kill_group(part.process)
        self.show_output()

    def _stop_together(self, parts: list[Part], forced: int) -> None:
        begun = time.monotonic()
        asked_at: dict[str, float] = {}
        while late := [part for part in parts if part.runs]:
            for part in late:
                assert part.process is not None
                waited = time.monotonic() - begun
                if self._requests >= forced or waited > part.patience_seconds:
                    if self._requests < forced:
                        self.say(f"{part.name} did not stop within {part.patience_seconds:g} s and is killed")
                    _kill_group(part.process)
                    part.process.wait()
                elif part.name not in asked_at or (part.insist and time.monotonic() - asked_at[part.name] > 1):
                    asked_at[part.name] = time.monotonic()
                    with suppress(ProcessLookupError):
                        part.process.send_signal(part.stop_signal)
            self._pump(0.05)

    # --- Output --------------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Write a line of our own into the stream."""
        self._write("up", text)

    def _listen(self, pipe: IO[bytes] | None, stream: _Stream) -> None:
        assert pipe is not None
        os.set_blocking(pipe.fileno(), False)
        self._selector.register(pipe, selectors.EVENT_READ, stream)

    def _pump(self, seconds: float) -> None:
        """Wait up to `seconds` for output or a signal, and pass on what there is."""
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                with suppress(BlockingIOError):
                    os.read(key.fd, 1024)
            else:
                self._read(key)

    def _read(self, key: selectors.SelectorKey) -> None:
        stream: _Stream = key.data
        try:
            data = os.read(key.fd, 65536)
        except BlockingIOError:
            return
        *lines, stream.rest = (stream.rest + data).split(b"\n")
        if not data or len(stream.rest) > LONGEST_LINE_BYTES:
            lines.append(stream.rest)
            stream.rest = b""
        if not data:
            self._selector.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            if text and not stream.is_noise(text):
                self._write(stream.name, text)

    def show_output(self) -> None:
        """Pass on what has been written so far, without waiting for more."""
        for _ in range(1000):
            before = len(self._selector.get_map())
            ready = [key for key, _ in self._selector.select(0) if key.data is not None]
            for key in ready:
                self._read(key)
            if not ready and before == len(self._selector.get_map()):
                return

    def _write(self, name: str, text: str) -> None:
        prefix = f"{name:<{self._width}} │"
        if self._coloured:
            colour = 1 if name == "up" else _COLOURS[self.names.index(name) % len(_COLOURS)]
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        # Whoever reads the stream may have gone; the site goes on.
        with suppress(OSError, ValueError):
            print(prefix, text, flush=True)


def child(
    command: list[str],
    *,
    cwd: Path,
    env: dict[str, str],
    last_signal: signal.Signals,
    handed_on: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a process for a Part: output to a pipe, a session of its own, `last_signal` when we die (Linux).

    The file descriptors `handed_on` stay open in it.
    """
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=handed_on,
        preexec_fn=processes.child_setup(last_signal),
    )


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the process and of its children, which share its group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)


def _describe_exit(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"
