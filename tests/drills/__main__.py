"""Run all drills, and the other tests of their promises, and write docs/reliability.md: `make drill`.

`python -m tests.drills [--out docs/reliability.md] [--drills-only]`. Takes about ten minutes. A goal that is missed is
written as it is; the exit code is 1 only if a test fails.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from bench.report import commit

PROJECT = Path(__file__).resolve().parents[2]
PROMISES = [
    *("D1", "D2", "D3", "D4", "D7", "D8", "D9", "D10", "D11", "D12", "D13", "D14", "D20"),
    *("O1", "O2", "O3", "O6", "O7", "O9"),
]
MOST_FILES = 5
"""Files of tests that a row names."""
INTRO = """\
# Reliability

Written by `make drill`. [promises.md](promises.md) has the promises. A drill is a test at the size that its promise
names; its figures are judged here, but never in `make test`. "Kept" means that all tests passed and all figures reached
their goals; "in make test", that this run has left out the tests named.
"""


def run(arguments: Sequence[str]) -> list[dict[str, Any]]:
    """Run pytest with its usual output; return the results of `tests.drills.report`."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        environment = os.environ | {"DRILL": "1", "DRILL_REPORT": file.name}
        command = [sys.executable, "-m", "pytest", "-p", "tests.drills.report", "-v", "--no-header", *arguments]
        subprocess.run(command, cwd=PROJECT, env=environment, check=False)
        text = Path(file.name).read_text()
    return list(json.loads(text)) if text else []


def lines_of(promise: str, results: Sequence[dict[str, Any]]) -> list[str]:
    """Return the rows of one promise: one for each drill, and one for all other tests with their files."""
    own = [result for result in results if promise in result["promises"]]
    drills, others = [one for one in own if one["how"]], [one for one in own if not one["how"]]
    rows = []
    for drill in drills:
        figures = "; ".join(text for text, _ in drill["figures"])
        is_kept = all(is_kept for _, is_kept in drill["figures"])
        rows.append([drill["how"].rstrip("."), figures, _result(drill["is_passed"], is_kept)])
    if others:
        passed = sum(bool(one["is_passed"]) for one in others)
        files = sorted({one["test"].split("::")[0].removeprefix("tests/") for one in others})
        if any(one["is_passed"] is None for one in others):
            figure, result = f"{len(others)} {'test' if len(others) == 1 else 'tests'}", "in make test"
        else:
            figure, result = f"{passed} of {len(others)} passed", _result(passed == len(others), is_kept=True)
        names = ", ".join(f"`{file}`" for file in files[:MOST_FILES])
        more = f" and others ({len(files)} files)" if len(files) > MOST_FILES else ""
        rows.append([names + more, figure, result])
    return [f"| {promise} | {' | '.join(row)} |" for row in rows or [["Not tried", "", "not tried"]]]


def _result(is_passed: bool, is_kept: bool) -> str:
    return "failed" if not is_passed else "kept" if is_kept else "goal missed"


def page(results: Sequence[dict[str, Any]], *, minutes: float) -> str:
    machine = f"{os.cpu_count()} cores and {psutil.virtual_memory().total / 2**30:.0f} GiB of memory"
    when = f"{datetime.now(UTC):%-d %B %Y}, {machine}, commit {commit()}, in {minutes:.0f} minutes."
    rows = [line for promise in PROMISES for line in lines_of(promise, results)]
    table = ["| promise | how tried | figure | result |", "| --- | --- | --- | --- |", *rows]
    return "\n".join([INTRO, textwrap.fill(when, 120), "", *table, ""])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("--out", type=Path, default=PROJECT / "docs" / "reliability.md")
    parser.add_argument("--drills-only", action="store_true", help="only name the other tests of the promises")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    results = run(["-n", "0", "tests/drills"])
    wanted = [word for promise in PROMISES for word in ("--promise", promise)]
    others = ["--ignore=tests/drills", *wanted, "tests"]
    how = ["-n", "0", "--collect-only", "-q"] if options.drills_only else ["-n", "2", "--dist", "loadscope"]
    results += run([*how, *others])
    options.out.write_text(page(results, minutes=(time.monotonic() - began) / 60))
    failed = [result["test"] for result in results if result["is_passed"] is False]
    print(f"Written to {options.out}. {len(results)} tests, {len(failed)} failed.", *failed, sep="\n")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
