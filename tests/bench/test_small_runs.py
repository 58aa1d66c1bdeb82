"""Small runs of the benchmarks of `make bench`: all tables have their rows, and counted work is right.

They share one filled database beside the one of the tests, because web servers and further processes connect to it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from accounts.models import User
from bench import __main__ as bench
from bench import growth, home, home_data, load, report, rows
from bench.report import Section
from bench.scratch import EMPTY, copy_database, drop_database
from common import valkey
from instagram.config import storage

pytestmark = pytest.mark.django_db

DATABASE = f"bench_small_{os.getpid()}"


@pytest.fixture(scope="module")
def sections(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Section]]:
    """Run all parts with the least effort; return the sections by title."""
    usual = str(connection.settings_dict["NAME"])
    created = [DATABASE, EMPTY, *(scale.database for scale in bench.LEAST.scales)]
    built = storage.staticfiles_backend(is_production=False, is_unbuilt=False)
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        for name in created:
            drop_database(name)
        for name in (DATABASE, EMPTY):
            copy_database(usual, name)
        with override_settings(STORAGES={"staticfiles": {"BACKEND": built}}):
            call_command("collectstatic", verbosity=0, interactive=False)
        patch.setitem(os.environ, "DATABASE_URL", os.environ["DATABASE_URL"].replace("/instagram?", f"/{DATABASE}?"))
        patch.setitem(os.environ, "RATE_LIMITS", "off")
        patch.setattr(load, "WORKERS", 1)
        growth.use(DATABASE)
        try:
            with override_settings(RATE_LIMITS=False):
                site = home_data.fill_site(bench.LEAST.size)
                parts = bench.parts_of(site, bench.LEAST)
                found = [section for part in parts.values() for section in report.measured(report.ALL, part)]
        finally:
            growth.use(usual)
            for name in created:
                drop_database(name)
    yield {section.table.title: section for section in found}
    valkey.client().flushdb()


def rows_of(section: Section) -> dict[str, list[str]]:
    """Return the cells of a table by the first cell of their row."""
    return {row[0]: list(row[1:]) for row in section.table.rows}


def test_all_tables_are_measured_with_their_circumstances(sections):
    titles = ["Bytes in PostgreSQL", "Home page", "All pages", "Likes of one post", "Memory", "Growth"]

    assert list(sections) == titles
    for section in sections.values():
        found = section.circumstances
        assert (found.command, 0 <= found.other_share <= 1) == ("make bench", True)
        assert re.fullmatch(
            r"\d+ cores, \d+ GiB of memory, Python 3[\d.]+, Django 5[\d.]+, PostgreSQL 18, Valkey \d[\d.]+",
            found.machine,
        )
        assert os.uname().nodename not in found.sentence(has_machine=True)


def test_the_home_page_stands_beside_a_limit_that_sends_as_many_bytes(sections):
    rows = rows_of(sections["Home page"])

    assert list(rows) == [
        "the limit",
        "the site",
        "the limit, the next page by htmx",
        "the site, the next page by htmx",
    ]
    for suffix in ("", ", the next page by htmx"):
        limit, site = rows[f"the limit{suffix}"], rows[f"the site{suffix}"]
        assert limit[1] == "1.000"
        assert float(site[1]) > 0
        # The size is that of one reader's page, with the shorter names of static files in the tests. The pages of
        # other readers have more or fewer photos.
        assert float(limit[-1]) == pytest.approx(float(site[-1]), rel=0.25)
    assert "5 suggestions in the panel" in sections["Home page"].table.notes[0]
    assert "2 readers" in sections["Home page"].table.notes[1]


def test_every_page_has_cpu_statements_and_bytes(sections):
    rows = rows_of(sections["All pages"])

    names = {
        "home",
        "profile",
        "post",
        "Explore",
        "tag",
        "notifications",
        "settings",
        "likers",
        "saved",
        "home, a visitor",
    }
    assert names <= set(rows)
    statements = {name: int(cells[2]) for name, cells in rows.items()}
    assert statements.pop("baseline: /healthz") == 0
    assert min(statements.values()) > 0
    assert all(float(cells[0]) >= 0 and float(cells[3]) > 1 for name, cells in rows.items() if name in names)


def test_likes_memory_and_growth_are_measured(sections):
    one, many = sections["Likes of one post"].table.rows

    assert (one[0], float(one[2]) > 0, many[2]) == ("one post", True, "1.00")
    assert float(rows_of(sections["Memory"])["a web worker"][0]) > 20
    growth_rows = rows_of(sections["Growth"])
    assert list(growth_rows) == ["home page", "profile", "post page", "publish a post"]
    for small, large, p50, _, *blocks in growth_rows.values():
        assert all(int(count.replace(",", "")) > 5 for count in blocks)
        assert float(p50) == pytest.approx(float(large.split(",")[0]) / float(small.split(",")[0]), rel=0.1)


def test_bytes_are_those_of_the_tables_for_each_row(sections):
    size, rows = bench.LEAST.size, rows_of(sections["Bytes in PostgreSQL"])

    people, posts = size.readers + size.authors + size.cold_readers, size.authors * size.posts_each
    follows = size.readers * size.followed + size.cold_readers * size.authors
    expected = {"person": people, "post": posts, "post with its media and search document": posts, "follow": follows}
    assert {name: int(rows[name][0]) for name in expected} == expected
    assert int(rows["like"][0]) == size.readers * size.likes_each
    for _, tables, indexes, together in rows.values():
        assert int(together.replace(",", "")) == pytest.approx(
            int(tables.replace(",", "")) + int(indexes.replace(",", "")), abs=1
        )


def test_bytes_of_a_row_include_its_indexes(person):
    person()
    table = rows.measure()[0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size('accounts_user')")
        total = cursor.fetchone()[0]

    assert table.rows == [["person", "1", *table.rows[0][2:4], f"{total:,}"]]


def test_all_statements_are_counted_even_without_django(person):
    anna = person()
    with home.counted_statements() as sent:
        User.objects.get(pk=anna.pk)
        with connection.connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        User.objects.count()

    assert [one.split()[0] for one in sent] == ["SELECT", "SELECT", "SELECT"]
    assert sent[1] == "SELECT 1"
