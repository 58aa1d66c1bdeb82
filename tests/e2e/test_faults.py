"""What breaks is made good: killed workers, a flushed and a stopped Valkey."""

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
    """Share a photo; return its shortcode."""
    answer = anna.share_file(SMALL, caption)
    assert answer.status == 201, answer.text
    return answer.json["shortcode"]


def wait_until_published(anna, shortcode, *, seconds=60):
    assert anna.wait_for(f"/p/{shortcode}/", seconds=seconds)[0] == "published"


def shown_at_home(anna):
    answer = anna.get("/")
    assert answer.status == 200
    return re.findall(r'<article[^>]* data-post="([\w-]+)"', answer.text)


def wait_until_shown_at_home(anna, posts, *, seconds=60):
    deadline = time.monotonic() + seconds
    while (shown := shown_at_home(anna)) != posts:
        assert time.monotonic() < deadline, shown
        time.sleep(0.5)


@pytest.mark.promise("D5")
def test_a_worker_killed_amid_the_work_loses_nothing(anna, site):
    shortcode = share(anna, "Killed on the way")
    site.kill_workers()

    wait_until_published(anna, shortcode)


@pytest.mark.promise("D9")
def test_flushing_valkey_leaves_every_home_page_as_it_was(anna, site):
    posts = [share(anna, f"Before the flood {number}") for number in range(3)]
    for shortcode in posts:
        wait_until_published(anna, shortcode)
    wait_until_shown_at_home(anna, posts[::-1])

    site.flush_valkey()

    assert shown_at_home(anna) == posts[::-1]


@pytest.mark.promise("D9")
def test_a_queue_that_is_flushed_is_made_good_by_the_sweeper(anna, site):
    site.kill_workers()
    shortcode = share(anna, "Flushed on the way")
    site.flush_valkey()

    wait_until_published(anna, shortcode)


@pytest.mark.promise("D7", "D10")
def test_without_valkey_pages_answer_and_posts_are_taken_and_fanned_out_later(anna, site):
    kept = share(anna, "With Valkey")
    wait_until_published(anna, kept)
    site.stop_valkey()
    try:
        for url in ("/", f"/{anna.username}/", f"/p/{kept}/", "/explore/", "/search/?q=with"):
            assert anna.get(url).status == 200, url
        assert shown_at_home(anna) == [kept]
        assert anna.post(f"/p/{kept}/like/").status == 302
        assert "1 like" in anna.get(f"/p/{kept}/").text
        shortcode = share(anna, "Without Valkey")
    finally:
        site.start_valkey()

    wait_until_published(anna, shortcode, seconds=120)
    wait_until_shown_at_home(anna, [shortcode, kept])
