"""Run all figures of `make bench` in one go, and write them to docs/benchmarks.md.

`python -m bench [--small] [--out docs/benchmarks.md]`. All of them share one scratch site. `--small` uses a few rows
and tenths of seconds: it shows that the benchmarks work, and its figures mean nothing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from bench import growth, home, hot, memory, pages, report
from bench.growth import FITTING, Scale
from bench.home_data import SMALL, Site, Size, filled_site
from bench.report import PROJECT, Table

SMALL_SCALES = (Scale(40, 300, 100), Scale(80, 800, 200))


def measure(site: Site, *, is_small: bool) -> tuple[list[Table], float]:
    """Return the tables of all benchmarks, and the cores that other processes used while the home page was measured."""
    seconds = 0.3 if is_small else 3
    tables, other = home.measure(site, seconds=seconds, rounds=1 if is_small else 6)
    parts: list[Callable[[], list[Table]]] = [
        lambda: pages.measure(site, times=1 if is_small else 10),
        lambda: hot.measure(site, seconds=seconds, rounds=1 if is_small else 4, likers=80 if is_small else 16_000),
        lambda: memory.measure(site, seconds=seconds * 5),
        lambda: growth.measure(SMALL_SCALES if is_small else FITTING, rounds=1 if is_small else 4),
    ]
    for part in parts:
        began = time.monotonic()
        tables += part()
        print(f"{tables[-1].title}: {time.monotonic() - began:.0f} s", flush=True)
    return tables, other


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--small", action="store_true", help="only check that the benchmarks work")
    parser.add_argument("--out", type=Path, default=PROJECT / "docs" / "benchmarks.md")
    options = parser.parse_args()
    began = time.monotonic()
    options.out.touch()  # Fails at once if it can't be written.
    with filled_site(SMALL if options.small else Size()) as site:
        tables, other = measure(site, is_small=options.small)
    for table in tables:
        table.print()
    report.write(options.out, tables, other_cores=other)
    print(f"\nWritten to {options.out} in {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
