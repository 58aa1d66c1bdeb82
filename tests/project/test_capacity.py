"""The tables of docs/scale.md are what scripts/capacity.py prints, and the model behaves as a model should."""

import json
from dataclasses import asdict

import pytest

from scripts import capacity


def test_the_document_has_the_printed_tables():
    page = (capacity.DOCS / "scale.md").read_text()

    assert capacity.fill_in(page) == page, "run python scripts/capacity.py --write"
    assert all(capacity.BEGIN.format(name) in page for name in capacity.printed())


def test_needs_grow_with_people_and_costs():
    cost = capacity.load()
    small, large = (asdict(capacity.need(people, cost)) for people in (10**6, 10**7))
    dearer = asdict(capacity.need(10**6, capacity.Costs(cost.values | {"home_cpu_ms": 2 * cost.home_cpu_ms})))

    assert all(large[name] > small[name] for name in small)
    assert {name for name in small if dearer[name] != small[name]} == {"web_cores"}


def test_a_billion_people_a_day_share_a_hundred_million_uploads():
    found = capacity.need(10**9, capacity.load())

    assert 10**9 * capacity.load().uploads == 10**8
    assert found.pages_per_second > 250_000
    assert found.media_tb_per_year > 10**8 * 365 / 1e6, "originals alone are 1 MB each"


def test_every_limit_is_reached_by_some_size():
    cost = capacity.load()
    first = {people: capacity.limits(capacity.need(people, cost)) for people in capacity.LEVELS}

    assert all(ratio < 1 for ratio, _, _ in first[10**4]), "one machine is enough for ten thousand people"
    assert all(ratio > 1 for ratio, _, _ in first[10**9])


def test_costs_come_from_the_cells_of_benchmarks():
    tables = {"Fan-out": {"columns": ["method", "timelines/s"], "rows": [["bare", "250,000"], ["ours", "200,000"]]}}
    cell = {"table": "Fan-out", "row": "ours", "column": "timelines/s"}

    assert capacity.figure(tables, cell) == 200_000
    assert capacity.figure(tables, cell | {"times": 0.001}) == 200
    assert capacity.figure(tables, cell | {"per": 1_000_000}) == 5
    for wrong in ({"table": "Fan"}, {"row": "theirs"}, {"column": "ms"}):
        with pytest.raises((KeyError, ValueError)):
            capacity.figure(tables, cell | wrong)


def test_each_measured_constant_names_its_source():
    measured = json.loads((capacity.DOCS / "capacity.json").read_text())["measured"]

    assert all(len(entry) == 3 and entry[2] for entry in measured.values())
