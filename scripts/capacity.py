"""Print the capacity model of docs/scale.md, or write it there with `--write`.

It multiplies the measured costs and the assumptions of docs/capacity.json: servers, memory, storage, bandwidth and
money for a number of people a day, at each power of ten, and which limit of one machine is reached first. A measured
cost is a number, or names a cell of docs/benchmarks.json, which `make bench` writes.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
BEGIN: Final = "<!-- printed by scripts/capacity.py: {} -->"
END: Final = "<!-- end -->"
LEVELS: Final = [10**power for power in range(4, 10)]
DAY: Final = 86_400
MONTH: Final = 30.4
YEAR: Final = 365

MACHINE_CORES: Final = 32
MACHINE_GB: Final = 256
MACHINE_DISK_TB: Final = 8
MACHINE_GBIT: Final = 10
REGION_GBIT: Final = 1_000
PRIMARY_WRITES: Final = 8_000
"""Writes a second of one PostgreSQL."""
CONNECTIONS: Final = 200
"""max_connections of PostgreSQL. Each is a process, so some hundred are the most that is advisable."""
THREADS: Final = 4
"""Threads of web for each core, each with a connection (WEB_THREADS of docker-compose.yml)."""
VALKEY_CORES: Final = 1
"""Valkey runs commands on one core."""


@dataclass(frozen=True)
class Costs:
    """The numbers of docs/capacity.json by name."""

    values: dict[str, float]

    def __getattr__(self, name: str) -> float:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None


def load() -> Costs:
    return Costs({name: entry[0] for group in constants().values() for name, entry in group.items()})


def constants() -> dict[str, dict[str, list[Any]]]:
    """Return the groups of docs/capacity.json, with the figures of benchmarks in place of their cells."""
    groups: dict[str, dict[str, list[Any]]] = json.loads((DOCS / "capacity.json").read_text())
    tables = {
        section["table"]["title"]: section["table"] for section in json.loads((DOCS / "benchmarks.json").read_text())
    }
    for entry in groups["measured"].values():
        if isinstance(entry[0], dict):
            entry[0] = figure(tables, entry[0])
    return groups


def figure(tables: dict[str, Any], cell: dict[str, Any]) -> float:
    """Return a number of a benchmark in the unit of the model.

    `cell` has the "table" (its title), the "row" (its first cell) and the "column"; "times" converts the unit, and
    "per" turns a rate into a cost: 1,000,000 for µs from a number a second. Raises KeyError or ValueError if the
    benchmark has no such cell.
    """
    table = tables[cell["table"]]
    rows = {row[0]: row for row in table["rows"]}
    value = float(rows[cell["row"]][table["columns"].index(cell["column"])].replace(",", ""))
    value = cell["per"] / value if "per" in cell else value * cell.get("times", 1)
    return float(f"{value:.3g}")


@dataclass(frozen=True)
class Need:
    """The needs of a site with `people` a day. Cores are counted at the peak, with room to spare."""

    people: int
    pages_per_second: float
    pictures_per_second: float
    writes_per_second: float
    deliveries_per_second: float
    web_cores: float
    read_cores: float
    write_cores: float
    valkey_cores: float
    worker_cores: float
    timelines_gb: float
    database_tb: float
    media_tb_per_year: float
    gbit: float
    egress_tb: float
    """A month."""


def need(people: int, cost: Costs) -> Need:
    """Return what `people` a day need. Per second means at the peak; sizes are those after one year."""
    peak = people / DAY * cost.peak
    pages, uploads = peak * (cost.home_pages + cost.other_pages), peak * cost.uploads
    pictures, writes = peak * cost.pictures, peak * (cost.likes + 5 * cost.uploads)
    deliveries = uploads * cost.followers
    page_ms = cost.home_pages * cost.home_cpu_ms + cost.other_pages * cost.page_cpu_ms
    checked = pictures * (1 - cost.cdn_hits)
    photo_ms = (1 - cost.video_share) * cost.photo_cpu_ms
    video_ms = cost.video_share * cost.video_seconds * cost.video_cpu_ms
    rendition_kb = (1 - cost.video_share) * cost.photo_kb + cost.video_share * cost.video_seconds * cost.video_kb
    rows = cost.accounts * (cost.person_bytes + cost.session_bytes + cost.follows * cost.follow_bytes)
    rows += YEAR * (cost.uploads * cost.post_bytes + cost.likes * cost.like_bytes)
    sent_kb = cost.pictures * cost.picture_kb + (cost.home_pages + cost.other_pages) * cost.page_kb
    return Need(
        people=people,
        pages_per_second=pages,
        pictures_per_second=pictures,
        writes_per_second=writes,
        deliveries_per_second=deliveries,
        web_cores=(peak * page_ms + checked * cost.picture_cpu_ms) / 1e3 / cost.busy,
        read_cores=pages * cost.page_query_ms / 1e3 / cost.busy,
        write_cores=writes * cost.write_ms / 1e3 / cost.busy,
        valkey_cores=(deliveries * cost.delivery_us + pages * cost.valkey_page_us) / 1e6 / cost.busy,
        # A queue smooths the peak: photos may wait for seconds.
        worker_cores=uploads * (photo_ms + video_ms) / 1e3,
        timelines_gb=people * cost.timelines * cost.timeline_posts * cost.timeline_entry_bytes / 1e9,
        database_tb=people * rows / 1e12,
        media_tb_per_year=people * cost.uploads * YEAR * (cost.upload_mb + rendition_kb / 1e3) / 1e6,
        gbit=peak * sent_kb * 8 / 1e6,
        egress_tb=people * sent_kb * MONTH / 1e9,
    )


def money(found: Need, cost: Costs) -> dict[str, float]:
    """Return USD a month by component, after one year."""
    return {
        "web": found.web_cores * cost.core,
        "PostgreSQL": (found.read_cores + found.write_cores * cost.copies) * cost.core
        + found.database_tb * cost.copies * cost.disk,
        "Valkey": found.valkey_cores * cost.copies * cost.core + found.timelines_gb * cost.copies * cost.memory,
        "workers": found.worker_cores * cost.core,
        "media storage": found.media_tb_per_year * cost.object,
        "bandwidth": found.egress_tb * cost.egress,
    }


def limits(found: Need) -> list[tuple[float, str, str]]:
    """Return (how many times over, what is full, what changes then) for each limit, the fullest first."""
    per_machine = [
        (
            (found.web_cores + found.read_cores + found.write_cores + found.valkey_cores + found.worker_cores)
            / MACHINE_CORES,
            "the cores of one machine",
            "web servers and workers on machines of their own, behind nginx",
        ),
        (found.gbit / MACHINE_GBIT, "the network of one machine", "a CDN for pictures"),
        (found.media_tb_per_year / MACHINE_DISK_TB, "the disk for media", "an S3-compatible object store"),
        (found.read_cores / MACHINE_CORES, "PostgreSQL's cores, by reads", "replicas: READ_DATABASE_URLS"),
        (
            (found.web_cores * THREADS + found.worker_cores) / CONNECTIONS,
            "PostgreSQL's connections",
            "PgBouncer: DATABASE_POOLER",
        ),
        (found.timelines_gb / MACHINE_GB, "the memory for timelines", "TIMELINE_URL: a cluster"),
        (found.valkey_cores / VALKEY_CORES, "the one core of a Valkey", "TIMELINE_URL and CACHE_URL: clusters"),
        (
            max(found.writes_per_second / PRIMARY_WRITES, found.write_cores / MACHINE_CORES),
            "the writes of one primary",
            "several primaries: rows by the shard that is part of each id",
        ),
        (found.database_tb / MACHINE_DISK_TB, "the disk of one primary", "partitions, then several primaries"),
        (found.gbit / REGION_GBIT, "the network of one region", "several regions"),
    ]
    return sorted(per_machine, reverse=True)


def machines(found: Need, cost: Costs) -> dict[str, int]:
    """Return the number of machines by component, or a single machine if one can run all of them."""
    cores = found.web_cores + found.read_cores + found.write_cores + found.valkey_cores + found.worker_cores
    if cores <= MACHINE_CORES and found.timelines_gb <= MACHINE_GB / 4 and found.database_tb <= MACHINE_DISK_TB / 2:
        return {"everything": 1, "web": 0, "primaries": 0, "replicas": 0, "Valkey": 0, "workers": 0}
    primaries = max(
        found.write_cores / MACHINE_CORES,
        found.writes_per_second / PRIMARY_WRITES,
        found.database_tb / MACHINE_DISK_TB,
    )
    return {
        "everything": 0,
        "web": max(2, math.ceil(found.web_cores / MACHINE_CORES)),
        "primaries": math.ceil(primaries),
        # A standby for each primary, and as many more as the reads need.
        "replicas": max(math.ceil(primaries) * (round(cost.copies) - 1), math.ceil(found.read_cores / MACHINE_CORES)),
        "Valkey": round(cost.copies)
        * math.ceil(max(found.timelines_gb / MACHINE_GB * 1.3, found.valkey_cores / (MACHINE_CORES / 2))),
        "workers": max(2, math.ceil(found.worker_cores / MACHINE_CORES)),
    }


# --- Printing --------------------------------------------------------------------------------------------------------


def number(value: float) -> str:
    """Round to the two digits that the model supports: 0.04, 3.1, 140, 2.5 million."""
    if value < 0.005:
        return "0"
    digits = 1 - math.floor(math.log10(value))
    value = round(value, digits)
    for size, word in ((1e9, " billion"), (1e6, " million")):
        if value >= size:
            return f"{value / size:g}{word}"
    return f"{value:,.{max(digits, 0)}f}"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def needs_table(cost: Costs) -> str:
    found = [need(people, cost) for people in LEVELS]
    rows = [
        ("pages a second", "pages_per_second"),
        ("pictures a second", "pictures_per_second"),
        ("writes a second", "writes_per_second"),
        ("deliveries to timelines a second", "deliveries_per_second"),
        ("cores, web", "web_cores"),
        ("cores, PostgreSQL, reads", "read_cores"),
        ("cores, PostgreSQL, writes", "write_cores"),
        ("cores, Valkey", "valkey_cores"),
        ("cores, media workers", "worker_cores"),
        ("memory of timelines, GB", "timelines_gb"),
        ("database after a year, TB", "database_tb"),
        ("media in a year, TB", "media_tb_per_year"),
        ("network at the peak, Gbit/s", "gbit"),
    ]
    return table(
        ["people a day", *map(number, LEVELS)],
        [[label, *(number(getattr(one, name)) for one in found)] for label, name in rows],
    )


def machines_table(cost: Costs) -> str:
    by_level = [machines(need(people, cost), cost) for people in LEVELS]
    rows = [[name, *(f"{level[name]:,}" if level[name] else "" for level in by_level)] for name in by_level[0]]
    return table(["machines", *map(number, LEVELS)], rows)


def money_table(cost: Costs) -> str:
    by_level = [money(need(people, cost), cost) for people in LEVELS]
    rows = [[name, *(number(level[name]) for level in by_level)] for name in by_level[0]]
    totals = [sum(level.values()) for level in by_level]
    rows.append(["**together**", *(number(total) for total in totals)])
    each = [total / people for total, people in zip(totals, LEVELS, strict=True)]
    rows.append(["cents for a person of a day", *(number(100 * one) for one in each)])
    return table(["USD a month", *map(number, LEVELS)], rows)


def limits_table(cost: Costs) -> str:
    rows, known = [], set()
    for people in LEVELS:
        new = [one for one in limits(need(people, cost)) if one[0] > 1 and one[1] not in known]
        known |= {what for _, what, _ in new}
        first = f"{new[0][1]} ({number(new[0][0])} ×)" if new else "nothing new"
        rows.append([number(people), first, "; ".join(f"{what} → {then}" for _, what, then in new)])
    return table(["people a day", "breaks first", "what is full now → what changes"], rows)


def inputs_table() -> str:
    groups = constants()
    rows = [[what, f"{value:g}", source] for value, what, source in groups["measured"].values()]
    rows += [[what, f"{value:g}", "assumed"] for value, what in groups["assumed"].values()]
    rows += [[what, f"{value:g}", "assumed"] for value, what in groups["prices"].values()]
    return table(["constant", "value", "source"], rows)


def printed() -> dict[str, str]:
    """Return the tables of docs/scale.md by name."""
    cost = load()
    return {
        "needs": needs_table(cost),
        "machines": machines_table(cost),
        "limits": limits_table(cost),
        "money": money_table(cost),
        "inputs": inputs_table(),
    }


def fill_in(document: str) -> str:
    """Return the text of docs/scale.md with new tables."""
    for name, text in printed().items():
        begin = BEGIN.format(name)
        before, _, rest = document.partition(begin)
        _, _, after = rest.partition(END)
        document = f"{before}{begin}\n\n{text}\n\n{END}{after}"
    return document


def main() -> None:
    if "--write" in sys.argv:
        page = DOCS / "scale.md"
        page.write_text(fill_in(page.read_text()))
        return
    print("\n\n".join(printed().values()))


if __name__ == "__main__":
    main()
