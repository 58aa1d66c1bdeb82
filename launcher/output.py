"""One stream on stdout for the lines of all processes, each with the name of its process in front."""

import os
import re
import selectors
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

LONGEST_LINE_BYTES = 16 * 1024

_COLOURS = (36, 35, 32, 33, 34, 96, 95, 92)


@dataclass
class Source:
    """The pipe of one process: its name, and the start of a line whose end has not been read yet."""

    name: str
    noise: re.Pattern[str] | None = None
    """Lines that are not shown."""
    rest: bytes = b""

    def is_noise(self, text: str) -> bool:
        return self.noise is not None and bool(self.noise.search(text))


class OutputStream:
    """Reads pipes of processes and writes their lines. Uses one selector and no thread."""

    def __init__(self, names: list[str]) -> None:
        """`names` lists all names that may appear; it decides the width and colours of the prefixes."""
        self._names = names
        self._selector = selectors.DefaultSelector()
        self._width = max(map(len, names))
        self._coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def wake_on(self, descriptor: int) -> None:
        """End `pump` when there is something to read from `descriptor`, such as signal.set_wakeup_fd's pipe."""
        self._selector.register(descriptor, selectors.EVENT_READ, None)

    def add(self, pipe: IO[bytes] | None, source: Source) -> None:
        """Show the lines of this pipe until it is closed."""
        assert pipe is not None
        os.set_blocking(pipe.fileno(), False)
        self._selector.register(pipe, selectors.EVENT_READ, source)

    def pump(self, seconds: float) -> None:
        """Wait up to `seconds` for output or a signal, and show the output."""
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                with suppress(BlockingIOError):
                    os.read(key.fd, 1024)
            else:
                self._read(key)

    def flush(self) -> None:
        """Show the output that has been written so far, without waiting for more."""
        for _ in range(1000):
            before = len(self._selector.get_map())
            ready = [key for key, _ in self._selector.select(0) if key.data is not None]
            for key in ready:
                self._read(key)
            if not ready and before == len(self._selector.get_map()):
                return

    def write(self, name: str, text: str) -> None:
        prefix = f"{name:<{self._width}} │"
        if self._coloured:
            colour = 1 if name == "up" else _COLOURS[self._names.index(name) % len(_COLOURS)]
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        # The reader of stdout may have gone; the site continues.
        with suppress(OSError, ValueError):
            print(prefix, text, flush=True)

    def _read(self, key: selectors.SelectorKey) -> None:
        source: Source = key.data
        try:
            data = os.read(key.fd, 65536)
        except BlockingIOError:
            return
        *lines, source.rest = (source.rest + data).split(b"\n")
        if not data or len(source.rest) > LONGEST_LINE_BYTES:
            lines.append(source.rest)
            source.rest = b""
        if not data:
            self._selector.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            if text and not source.is_noise(text):
                self.write(source.name, text)
