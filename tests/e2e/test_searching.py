"""Finding somebody by the keyboard alone, what is said meanwhile, and what is remembered."""

import re

from playwright.sync_api import expect

from tests.e2e.accessibility import faults
from tests.e2e.test_story import FILES, share, wait_until_published


def test_somebody_searches_by_the_keyboard_and_finds_it_again(sign_up):
    anna = sign_up("zoe")
    shortcode = share(anna, "Sunny #sunnyday by the pond", photo=FILES / "bad" / "name-test.jpg")
    wait_until_published(anna, shortcode)
    anna.goto("/search/")
    box, status = anna.locator("#search-q"), anna.locator("[data-search-status]")
    expect(box).to_be_focused()

    # What is outrun is not shown: the answers to the first letters come last.
    anna.route(re.compile(r"suggest/\?q=z$"), lambda route: (anna.wait_for_timeout(400), route.continue_()))
    box.press_sequentially(anna.username, delay=20)
    options = anna.get_by_role("option")
    expect(status).to_contain_text("1 suggestion")
    expect(options.first).to_contain_text(anna.username)
    expect(box).to_have_attribute("aria-expanded", "true")
    assert not faults(anna, "suggestions")

    anna.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", options.first.get_attribute("id"))
    anna.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    anna.keyboard.press("ArrowUp")
    anna.keyboard.press("ArrowUp")
    expect(box).not_to_have_attribute("aria-activedescendant", re.compile("."))
    anna.keyboard.press("Escape")
    expect(options).to_have_count(0)

    # Enter searches for the words, or opens the option that is chosen.
    box.fill("sunny")
    anna.keyboard.press("Enter")
    anna.wait_for_url("**/search/?q=sunny")
    expect(anna.locator(f'article[data-post="{shortcode}"]')).to_be_visible()
    for tab in ("Posts", "Tags", "Accounts"):
        anna.get_by_role("navigation", name="Results").get_by_role("link", name=tab).click()
        expect(anna.get_by_role("link", name=tab)).to_have_attribute("aria-current", "page")
        assert not faults(anna, tab)
    box.fill("#sun")
    expect(options.first).to_contain_text("#sunnyday")
    with anna.expect_response("**/search/recent/"):
        anna.keyboard.press("ArrowDown")
        anna.keyboard.press("Enter")
    anna.wait_for_url("**/explore/tags/sunnyday/")

    anna.goto("/search/")
    recent = anna.locator(".recent-list li")
    expect(recent).to_have_count(2)
    expect(recent.first).to_contain_text("#sunnyday")
    assert not faults(anna, "recent searches")
    anna.get_by_role("button", name="Remove “#sunnyday”").click()
    expect(recent).to_have_count(1)
    recent.first.get_by_role("link").click()
    anna.wait_for_url("**/search/?q=sunny")
    anna.go_back()
    anna.get_by_role("button", name="Clear all").click()
    expect(recent).to_have_count(0)
