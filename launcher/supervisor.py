"""Runs the parts of the site as child processes: restarts them, and stops them in order.

Everything happens in one thread. Children are set up between fork and exec (`processes.child_setup`), which is safe
without other threads, and the kernel ends them together with the thread that started them.
"""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from launcher.errors import PartError, ServerError, StopRequested
from launcher.output import OutputStream, Source
from launcher.processes import describe_exit, kill_group

FIRST_PAUSE_SECONDS = 0.5
# A killed database must answer again within five seconds (promise D2), and needs two of them to start.
LONGEST_PAUSE_SECONDS = 2.0
# A part that has run this long gets the short pause again.
HEALTHY_AFTER_SECONDS = 10.0


@dataclass
class Part:
    """A child process that runs until the site stops."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    """Starts it with `stdout=PIPE` in a session of its own, and returns before it is ready."""
    stop_signal: signal.Signals = signal.SIGTERM
    patience_seconds: float = 10.0
    """The time to stop before it is killed."""
    stage: int = 0
    """Parts of a lower stage are stopped first; parts of one stage are stopped together."""
    repeats_stop_signal: bool = False
    """Send the stop signal every second, to a program that misses it while it starts."""
    noise: re.Pattern[str] | None = None
    """Lines that are not worth showing."""

    process: subprocess.Popen[bytes] | None = None
    source: Source | None = None
    started_at: float = 0.0
    pause_seconds: float = 0.0
    restart_at: float | None = None

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def set_noise(self, noise: re.Pattern[str] | None) -> None:
        """Change the lines that are not shown, from now on."""
        self.noise = noise
        if self.source is not None:
            self.source.noise = noise


@dataclass
class Supervisor:
    """Starts, watches and stops parts. Call `use_signals` first, and `stop` in any case."""

    names: list[str]
    """All names that may appear in the output."""
    on_change: Callable[[], None] = lambda: None
    """Called after a process was started or has ended."""
    parent: int | None = None
    """Stop when the id of the parent process changes."""

    parts: list[Part] = field(default_factory=list)
    is_starting: bool = True
    """While True, the end of a part is an error and not a reason to restart it."""
    _requests: int = 0
    _interruptible: bool = False

    def __post_init__(self) -> None:
        self.output = OutputStream(self.names)

    # --- Signals -------------------------------------------------------------------------------------------------

    def use_signals(self) -> None:
        """Handle SIGINT, SIGTERM and SIGHUP: the first requests an orderly stop, the second forces it."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self.output.wake_on(reader)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # Started with nohup.
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        self._requests += 1
        if self._interruptible:
            self._interruptible = False
            raise StopRequested

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let a signal raise StopRequested immediately. Start no process inside: it could get lost."""
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
        """Start a part and keep it running."""
        self._check()
        self.parts.append(part)
        return self._start(part)

    def _start(self, part: Part) -> subprocess.Popen[bytes]:
        part.started_at, part.restart_at = time.monotonic(), None
        part.process, part.source = part.start(), Source(part.name, part.noise)
        self.output.add(part.process.stdout, part.source)
        self.on_change()
        return part.process

    def run_once(self, name: str, start: Callable[[], subprocess.Popen[bytes]]) -> int:
        """Run a process to its end, show its output, and return its exit code."""
        self._check()
        process = start()
        self.output.add(process.stdout, Source(name))
        try:
            while process.poll() is None:
                self.turn(0.1)
            self.output.flush()
        finally:
            kill_group(process)
        return process.returncode

    def turn(self, seconds: float) -> None:
        """Show output for up to `seconds`, then restart parts that have ended. Raises StopRequested and PartError."""
        self._check()
        self.output.pump(seconds)
        self._check()
        for part in self.parts:
            if part.restart_at is None:
                if not part.is_running:
                    self._after_end(part)
            elif time.monotonic() >= part.restart_at:
                self._restart(part)

    def _after_end(self, part: Part) -> None:
        """Schedule the restart of a part that has ended. While the site is starting, raise PartError."""
        assert part.process is not None
        self.output.flush()
        kill_group(part.process)
        how = describe_exit(part.process.returncode)
        self.on_change()
        if self.is_starting:
            raise PartError(f"{part.name} {how} while starting; its last lines above say why.")
        lived = time.monotonic() - part.started_at
        part.pause_seconds = (
            FIRST_PAUSE_SECONDS
            if lived > HEALTHY_AFTER_SECONDS or not part.pause_seconds
            else min(part.pause_seconds * 2, LONGEST_PAUSE_SECONDS)
        )
        part.restart_at = time.monotonic() + part.pause_seconds
        self.say(f"{part.name} {how}; starting it again in {part.pause_seconds:g} s")

    def _restart(self, part: Part) -> None:
        try:
            self._start(part)
        except (ServerError, OSError) as error:
            part.pause_seconds = min(part.pause_seconds * 2, LONGEST_PAUSE_SECONDS)
            part.restart_at = time.monotonic() + part.pause_seconds
            self.say(f"{part.name} could not be started: {error} Trying again in {part.pause_seconds:g} s")

    def say(self, text: str) -> None:
        """Write a line of `manage.py up` itself into the output."""
        self.output.write("up", text)

    # --- Stopping ------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop all parts, stage by stage. Kills parts that are late, and all of them after a second signal."""
        self._interruptible = False
        forced = self._requests + 1 if self._requests else 2
        for stage in sorted({part.stage for part in self.parts}):
            self._stop_together([part for part in self.parts if part.stage == stage and part.is_running], forced)
        for part in self.parts:
            if part.process is not None:
                kill_group(part.process)
        self.output.flush()

    def _stop_together(self, parts: list[Part], forced: int) -> None:
        begun = time.monotonic()
        asked_at: dict[str, float] = {}
        while late := [part for part in parts if part.is_running]:
            for part in late:
                assert part.process is not None
                waited = time.monotonic() - begun
                if self._requests >= forced or waited > part.patience_seconds:
                    if self._requests < forced:
                        self.say(f"{part.name} did not stop within {part.patience_seconds:g} s and is killed")
                    kill_group(part.process)
                    part.process.wait()
                elif part.name not in asked_at or (
                    part.repeats_stop_signal and time.monotonic() - asked_at[part.name] > 1
                ):
                    asked_at[part.name] = time.monotonic()
                    with suppress(ProcessLookupError):
                        part.process.send_signal(part.stop_signal)
            self.output.pump(0.05)
