"""The page of benchmarks is written from sections that are measured, and replaced, separately."""

from __future__ import annotations

from dataclasses import replace

from bench import report
from bench.report import Circumstances, Section, Table

RUN = Circumstances("make bench", "1 May 2030", "abc1234567", "2 cores", 3.2, 0.127)


def section(title: str, value: str = "1", **changes: str) -> Section:
    return Section(Table(title, ["what", "ms"], rows=[["home", value]]), replace(RUN, **changes))


def titles(page) -> list[str]:
    return [one.table.title for one in report.load(page)]


def test_the_page_has_each_table_with_its_circumstances(tmp_path):
    page = tmp_path / "benchmarks.md"
    report.write([section("Home"), section("Growth", machine="64 cores")], page)

    text = page.read_text()
    assert "Machine: 2 cores.\n" in text
    assert "## Home\n\n| what | ms |\n| --- | --- |\n| home | 1 |\n" in text
    assert "`make bench`, 1 May 2030, commit abc1234567, 3 s; other programs used 13% of the CPU." in text
    assert "commit abc1234567, 64 cores, 3 s" in text


def test_a_part_replaces_its_own_tables_only(tmp_path):
    page = tmp_path / "benchmarks.md"
    report.write([section("Home"), section("Pages"), section("Growth", command="make bench-growth")], page)
    report.write([section("Home", "2")], page)

    assert titles(page) == ["Home", "Pages", "Growth"]
    assert report.load(page)[0].table.rows == [["home", "2"]]


def test_a_complete_run_drops_tables_that_it_has_no_more(tmp_path):
    page = tmp_path / "benchmarks.md"
    report.write([section("Home"), section("Old"), section("Growth", command="make bench-growth")], page)
    report.write([section("Home"), section("New")], page, is_complete=True)

    assert titles(page) == ["Home", "Growth", "New"]


def test_the_page_of_the_project_is_the_one_of_its_figures():
    assert report.markdown(report.load()) == report.PAGE.read_text(), "write it with bench.report, not by hand"
