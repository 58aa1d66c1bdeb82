"""Tables of figures: printed while a benchmark runs, and kept in docs/benchmarks.json, from which the page is written.

Each table is a section of docs/benchmarks.md with the circumstances of its own measurement, so a command that measures
one part replaces its section and leaves the others. `scripts/capacity.py` reads costs from the same JSON.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import textwrap
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "benchmarks.md"
WIDTH = 120
ALL = "make bench"
"""The command of all sections that have no separate command."""


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


@dataclass(frozen=True)
class Circumstances:
    """When, where and by which command something was measured.

    `other_share` is the share of the CPU time of all cores that other programs and other virtual machines took.
    """

    command: str
    date: str
    commit: str
    machine: str
    seconds: float
    other_share: float

    def sentence(self, *, has_machine: bool) -> str:
        where = f", {self.machine}" if has_machine else ""
        took = ", less than a second."
        if self.seconds >= 1:
            took = f", {self.seconds:.0f} s; other programs used {self.other_share:.0%} of the CPU."
        return f"`{self.command}`, {self.date}, commit {self.commit}{where}{took}"


@dataclass(frozen=True)
class Section:
    table: Table
    circumstances: Circumstances


def measured(command: str, part: Callable[[], list[Table]]) -> list[Section]:
    """Run a benchmark; return its tables with the circumstances. A database must be set up when it ends."""
    revision = commit()
    busy, own, began = _busy_seconds(), _own_seconds(), time.monotonic()
    tables = part()
    took = time.monotonic() - began
    other = _busy_seconds() - busy - (_own_seconds() - own)
    share = min(1.0, max(0.0, other / (took * (os.cpu_count() or 1))))
    today = f"{datetime.now(UTC):%-d %B %Y}"
    found = Circumstances(command, today, revision, machine(), round(took, 1), round(share, 3))
    return [Section(table, found) for table in tables]


def _busy_seconds() -> float:
    """Return the CPU time that all processes have used, and that other virtual machines took from this one."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + getattr(times, "steal", 0.0))


def _own_seconds() -> float:
    """Return the CPU time of this process and all its descendants, living and ended."""
    top = psutil.Process()
    total = 0.0
    for process in (top, *top.children(recursive=True)):
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total


def machine() -> str:
    """Describe the machine and the versions of the programs, without a name or a path."""
    import django
    from django.db import connection

    from common import valkey

    memory = psutil.virtual_memory().total / 2**30
    connection.ensure_connection()
    postgres = connection.connection.server_version // 10_000
    versions = [
        f"Python {platform.python_version()}",
        f"Django {django.get_version()}",
        f"PostgreSQL {postgres}",
        f"Valkey {valkey.client().info('server').get('valkey_version', '')}",
    ]
    return f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, {', '.join(versions)}"


@cache
def commit() -> str:
    """Return the abbreviated commit, with "and local changes" if code differed from it at the first call.

    Returns "" outside a repository.
    """

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False).stdout

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)docs")
    return git("rev-parse", "--short=10", "HEAD").strip() + (" and local changes" if changed else "")


# --- The page --------------------------------------------------------------------------------------------------------

INTRO = """\
# Benchmarks

Written by the commands that each section names. Each figure stands beside a limit or a baseline that was measured in
the same run on the same machine, because absolute figures vary with the machine while ratios are stable.
[performance.md](performance.md) explains them, and has the figures of benchmarks that run separately.
"""


def load(page: Path = PAGE) -> list[Section]:
    """Return the sections from the JSON beside a page; an empty list without a page."""
    path = page.with_suffix(".json")
    if not path.exists():
        return []
    return [
        Section(Table(**entry["table"]), Circumstances(**entry["circumstances"]))
        for entry in json.loads(path.read_text())
    ]


def merge(old: Sequence[Section], new: Sequence[Section], *, is_complete: bool) -> list[Section]:
    """Replace the sections of the same titles, and append new ones.

    `is_complete` means that `new` has all sections of its command: others that this command wrote earlier are dropped.
    """
    by_title = {section.table.title: section for section in new}
    commands = {section.circumstances.command for section in new} if is_complete else set()
    kept = [
        by_title.pop(section.table.title, section)
        for section in old
        if section.table.title in by_title or section.circumstances.command not in commands
    ]
    return [*kept, *by_title.values()]


def markdown(sections: Sequence[Section]) -> str:
    """Return the page. The machine stands at the top, and in the sections that were measured on another one."""
    machines = [section.circumstances.machine for section in sections]
    usual = max(machines, key=machines.count)
    parts = [INTRO, textwrap.fill(f"Machine: {usual}.", WIDTH) + "\n"]
    for section in sections:
        circumstances = section.circumstances.sentence(has_machine=section.circumstances.machine != usual)
        notes = [*section.table.notes, circumstances]
        parts.append(replace(section.table, notes=notes).markdown() + "\n")
    return "\n".join(parts)


def write(sections: Sequence[Section], page: Path = PAGE, *, is_complete: bool = False) -> None:
    """Merge the sections into the page and the JSON beside it."""
    merged = merge(load(page), sections, is_complete=is_complete)
    text = json.dumps([asdict(section) for section in merged], indent=2, ensure_ascii=False)
    page.with_suffix(".json").write_text(text + "\n")
    page.write_text(markdown(merged))
