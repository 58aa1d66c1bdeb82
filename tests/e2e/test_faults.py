"""Killed workers, and a flushed or stopped Valkey, lose no data; the sweeper repeats lost work."""

from __future__ import annotations

import re
import time

import pytest

from tests.conftest import FILES
from tests.visitors import Visitor

SMALL = FILES / "bad" / "name-test.jpg"


@pytest.fixture
def anna(site):
    return Visitor(site.port).sign_up("anna")


def share(anna, caption):
    """Share a photo and return its shortcode."""
    answer = anna.share_file(SMALL, caption)
    assert answer.status == 201, answer.text
    return answer.json["shortcode"]


def wait_until_published(anna, shortcode, *, seconds=60):
    assert anna.wait_for(f"/p/{shortcode}/", seconds=seconds)[0] == "published"


def home_posts(anna):
    answer = anna.get("/")
    assert answer.status == 200
    return re.findall(r'<article[^>]* data-post="([\w-]+)"', answer.text)


def wait_until_home_posts(anna, posts, *, seconds=60):
    deadline = time.monotonic() + seconds
    while (shown := home_posts(anna)) != posts:
        assert time.monotonic() < deadline, shown
        time.sleep(0.5)


@pytest.mark.promise("D5")
@pytest.mark.deep
def test_a_post_is_published_although_its_worker_was_killed(anna, site):
    shortcode = share(anna, "Killed on the way")
    site.kill_workers()

    wait_until_published(anna, shortcode)


@pytest.mark.promise("D9")
def test_home_pages_are_the_same_after_valkey_is_flushed(anna, site):
    posts = [share(anna, f"Before the flood {number}") for number in range(3)]
    for shortcode in posts:
        wait_until_published(anna, shortcode)
    wait_until_home_posts(anna, posts[::-1])

    site.flush_valkey()

    assert home_posts(anna) == posts[::-1]


@pytest.mark.promise("D9")
def test_the_sweeper_repeats_work_lost_with_a_flushed_queue(anna, site):
    site.kill_workers()
    shortcode = share(anna, "Flushed on the way")
    site.flush_valkey()

    wait_until_published(anna, shortcode)


@pytest.mark.promise("D7", "D10")
def test_without_valkey_pages_work_and_posts_are_fanned_out_later(anna, site):
    kept = share(anna, "With Valkey")
    wait_until_published(anna, kept)
    site.stop_valkey()
    try:
        for url in ("/", f"/{anna.username}/", f"/p/{kept}/", "/explore/", "/search/?q=with"):
            assert anna.get(url).status == 200, url
        assert home_posts(anna) == [kept]
        assert anna.post(f"/p/{kept}/like/").status == 302
        assert "1 like" in anna.get(f"/p/{kept}/").text
        shortcode = share(anna, "Without Valkey")
    finally:
        site.start_valkey()

    wait_until_published(anna, shortcode, seconds=120)
    wait_until_home_posts(anna, [shortcode, kept])
