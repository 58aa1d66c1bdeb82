"""Drive the composer with scripts: choose files, wait for their states, share."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.conftest import FILES
from tests.e2e.conftest import DESKTOP, PHONE

SECONDS = 1_000
"""A second in milliseconds, the unit of Playwright's timeouts."""

ORIGINALS = FILES / "originals"
WISTERIA = ORIGINALS / "wisteria-portrait-orientation-6-gps.jpg"
HEIC = ORIGINALS / "wildflower-iphone.heic"
PANORAMA = ORIGINALS / "sunset-hills-panorama-6to1.jpg"
SMALL = FILES / "bad" / "name-test.jpg"
DAMAGED = FILES / "bad" / "truncated.jpg"
EXPECTED_CONSOLE_ERRORS = (
    "ERR_INTERNET_DISCONNECTED",
    "ERR_FAILED",
    "ERR_CONNECTION_RESET",
    "422 (Unprocessable",
    "404 (Not Found)",
)
"""Parts of messages that failed requests leave in the console of the browser."""

on_a_phone = pytest.mark.parametrize(
    "composer",
    [pytest.param(DESKTOP, marks=pytest.mark.deep), PHONE],
    ids=["desktop", "phone"],
    indirect=True,
)
"""Run a test on a phone, and with `make test-deep` on a desktop too."""


def choose(page, *paths):
    page.set_input_files("#id_files", list(paths))


def expect_names(page, names):
    expect(page.locator(".composer-item-name")).to_have_text(names, timeout=30 * SECONDS)


def slide(page, number):
    """Return the locator of a chosen file, counted from 1."""
    return page.locator(".composer-item").nth(number - 1)


def errors(page):
    return page.locator("[data-part=errors]")


def wait_for(page, state, *, count):
    """Wait until exactly `count` files have this state."""
    expect(page.locator(f'.composer-item[data-state="{state}"]')).to_have_count(count, timeout=60 * SECONDS)


def press_share(page):
    page.locator("[data-act=share]").click()


def share(page):
    """Share, also without alt texts, and wait for the page of the post."""
    press_share(page)
    share_anyway = page.get_by_role("button", name="Share anyway")
    expect(share_anyway.or_(page.locator("article").first)).to_be_visible(timeout=60 * SECONDS)
    if share_anyway.is_visible():
        share_anyway.click()
    page.wait_for_url("**/p/*/", timeout=60 * SECONDS)


def wait_until_published(page):
    expect(page.locator("article:not([data-state])").first).to_be_visible(timeout=90 * SECONDS)


def reload(page):
    """Reload, after the draft has had time to be saved."""
    page.wait_for_timeout(1_000)
    page.reload()
