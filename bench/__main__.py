"""Run all figures of `make bench` in one go, and write them to docs/benchmarks.md.

`python -m bench [PART …] [--small] [--out docs/benchmarks.md]`. All parts but the fan-out share one scratch site. Named
parts replace only their own tables in the page. `--small` uses a few rows and tenths of seconds: it shows that the
benchmarks work, and its figures mean nothing.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from bench import fanout, growth, home, hot, memory, pages, report, rows
from bench.growth import FITTING, Scale
from bench.home_data import SMALL, Site, Size, filled_site
from bench.report import Section, Table


@dataclass(frozen=True)
class Effort:
    """Sizes and repetitions of all parts."""

    size: Size = field(default_factory=Size)
    seconds: float = 3
    rounds: int = 6
    has_deployed: bool = True
    page_requests: int = 10
    page_batches: int = 7
    page_warm_ups: int = 3
    likers: int = 16_000
    memory_posts: int = 50
    scales: Sequence[Scale] = FITTING
    growth_rounds: int = 4
    growth_readers: int = growth.READERS
    followers: int = 10_000
    most_followers: int = 1_000_000


LEAST = Effort(
    size=SMALL,
    seconds=0.1,
    rounds=1,
    has_deployed=False,
    page_requests=1,
    page_batches=1,
    page_warm_ups=1,
    likers=48,
    memory_posts=2,
    scales=(Scale(40, 300, 100), Scale(80, 800, 200)),
    growth_rounds=1,
    growth_readers=3,
    followers=300,
    most_followers=600,
)

FAN_OUT = "fanout"


def parts_of(site: Site, effort: Effort) -> dict[str, Callable[[], list[Table]]]:
    """Return the parts that share a site, in an order in which none disturbs the following ones."""
    seconds, rounds = effort.seconds, effort.rounds
    return {
        "rows": rows.measure,
        "home": lambda: home.measure(site, seconds=seconds, rounds=rounds, has_deployed=effort.has_deployed),
        "pages": lambda: pages.measure(
            site, times=effort.page_requests, batches=effort.page_batches, warm_ups=effort.page_warm_ups
        ),
        "hot": lambda: hot.measure(site, seconds=seconds, rounds=min(4, rounds), likers=effort.likers),
        "memory": lambda: memory.measure(site, seconds=seconds * 4, posts=effort.memory_posts),
        "growth": lambda: growth.measure(effort.scales, rounds=effort.growth_rounds, readers=effort.growth_readers),
    }


NAMES = ("rows", "home", "pages", "hot", "memory", "growth", FAN_OUT)


def measure_fan_out(effort: Effort) -> list[Table]:
    """Measure in a process of its own, which has servers of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        numbers = {"followers": effort.followers, "large": effort.most_followers}
        return pool.submit(fanout.run, **numbers).result()


def measure(names: Sequence[str], effort: Effort) -> Iterator[list[Section]]:
    """Measure the named parts; print and yield the tables of each."""
    with filled_site(effort.size) as site:
        parts = parts_of(site, effort) | {FAN_OUT: lambda: measure_fan_out(effort)}
        for name in NAMES:
            if name in names:
                sections = report.measured(report.ALL, parts[name])
                for section in sections:
                    section.table.print()
                print(f"\n{sections[0].circumstances.sentence(has_machine=True)}", flush=True)
                yield sections


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these parts: {', '.join(NAMES)}")
    parser.add_argument("--small", action="store_true", help="only check that the benchmarks work")
    parser.add_argument("--out", type=Path, default=report.PAGE)
    options = parser.parse_args()
    if unknown := set(options.parts) - set(NAMES):
        parser.error(f"unknown parts: {', '.join(sorted(unknown))}")
    began = time.monotonic()
    options.out.touch()  # Fails at once if it can't be written.
    found: list[Section] = []
    for sections in measure(options.parts or NAMES, LEAST if options.small else Effort()):
        found += sections
        report.write(sections, options.out)  # At once, in case a later part fails.
    report.write(found, options.out, is_complete=not options.parts)
    print(f"\nWritten to {options.out} in {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
