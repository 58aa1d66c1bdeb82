"""Tables of figures: printed while a benchmark runs, and written to docs/benchmarks.md by `make bench`."""

from __future__ import annotations

import os
import platform
import subprocess
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parent.parent
WIDTH = 120


@dataclass
class Table:
    """Figures of one benchmark. `rows` are cells as they are printed; `notes` are sentences below the table."""

    title: str
    columns: Sequence[str]
    intro: str = ""
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        lines = [f"## {self.title}", ""]
        if self.intro:
            lines += [textwrap.fill(self.intro, WIDTH), ""]
        lines += [_row(self.columns), _row(["---"] * len(self.columns)), *map(_row, self.rows)]
        for note in self.notes:
            lines += ["", textwrap.fill(note, WIDTH)]
        return "\n".join(lines)

    def print(self) -> None:
        print(f"\n{self.markdown()}", flush=True)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def machine() -> str:
    """Describe the machine without its name."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, Python {platform.python_version()}"


def commit() -> str:
    """Return the abbreviated commit, with "and local changes" if files differ from it; "" outside a repository."""
    command = ["git", "describe", "--always", "--exclude=*", "--abbrev=10", "--dirty= and local changes"]
    found = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    return found.stdout.strip()


INTRO = """\
# Benchmarks

Written by `make bench`. Each figure stands beside a limit or a baseline that was measured in the same run on the same
machine, because absolute figures vary with the machine while ratios are stable.
[performance.md](performance.md) explains them, and has the figures of benchmarks that run separately.
"""


def write(path: Path, tables: Sequence[Table], *, other_cores: float) -> None:
    """Write the page with all tables, when and where they were measured, and how much other work there was."""
    when = f"{datetime.now(UTC):%-d %B %Y}, {machine()}, commit {commit()}."
    load = f"Other processes of the machine used {other_cores:.2f} cores in the mean."
    parts = [INTRO, textwrap.fill(f"{when} {load}", WIDTH) + "\n", *(f"{table.markdown()}\n" for table in tables)]
    path.write_text("\n".join(parts))
