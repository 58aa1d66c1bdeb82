"""What breaks is made good: killed workers, a flushed and a stopped Valkey."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from tests.conftest import FILES
from tests.e2e.test_story import PHOTO, SECONDS, share, wait_until_published

SMALL = FILES / "bad" / "name-test.jpg"


@pytest.fixture
def anna(sign_up):
    return sign_up("anna")


def shown_at_home(page):
    page.goto("/")
    return page.locator("article").evaluate_all("all => all.map(one => one.dataset.post)")


def test_D5_a_worker_killed_amid_the_work_loses_nothing(anna, site):
    shortcode = share(anna, "Killed on the way", photo=PHOTO)
    site.kill_workers()

    wait_until_published(anna, shortcode)


def test_D9_flushing_valkey_leaves_every_home_page_as_it_was(anna, site):
    for number in range(3):
        last = share(anna, f"Before the flood {number}", photo=SMALL)
    wait_until_published(anna, last)
    before = shown_at_home(anna)
    assert len(before) == 3

    site.flush_valkey()

    assert shown_at_home(anna) == before


def test_D9_a_queue_that_is_flushed_is_made_good_by_the_sweeper(anna, site):
    site.kill_workers()
    shortcode = share(anna, "Flushed on the way", photo=SMALL)
    site.flush_valkey()

    wait_until_published(anna, shortcode)


def test_D7_D10_without_valkey_pages_answer_and_posts_are_taken_and_fanned_out_later(anna, site):
    kept = share(anna, "With Valkey", photo=SMALL)
    wait_until_published(anna, kept)
    site.stop_valkey()
    try:
        start = time.monotonic()
        for url in ("/", f"/{anna.username}/", f"/p/{kept}/", "/explore/", "/search/?q=with"):
            assert anna.goto(url).status == 200, url
        assert time.monotonic() - start < 20
        assert shown_at_home(anna) == [kept]
        anna.locator("article").get_by_role("button", name="Like", exact=True).click()
        expect(anna.get_by_text("1 like", exact=True)).to_be_visible()
        shortcode = share(anna, "Without Valkey", photo=SMALL)
    finally:
        site.start_valkey()

    expect(anna.locator(f'article[data-post="{shortcode}"]:not([data-state])')).to_be_visible(timeout=120 * SECONDS)
    deadline = time.monotonic() + 60
    while shown_at_home(anna) != [shortcode, kept]:
        assert time.monotonic() < deadline
        time.sleep(0.5)
