"""Search by keyboard alone: suggestions, announcements to screen readers, and recent searches."""

import re

from playwright.sync_api import expect

from tests.e2e.accessibility import faults
from tests.e2e.sharing import publish


def test_search_works_by_keyboard_and_remembers_searches(sign_up):
    anna = sign_up("zoe")
    shortcode = publish(anna, "Sunny #sunnyday by the pond")
    anna.goto("/search/")
    box, status = anna.locator("#search-q"), anna.locator("[data-search-status]")
    expect(box).to_be_focused()

    # The answer to the first letter arrives last and must not replace newer suggestions.
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

    # Enter searches for the text, or opens the selected option.
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
