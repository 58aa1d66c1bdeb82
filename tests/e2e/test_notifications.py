"""Notifications in the bell, the panel and the page, with scripts and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import faults
from tests.e2e.sharing import publish


def bell(page):
    return page.locator("[data-badge]:visible").first


def reload_until(page, url, locator):
    """Reload until a worker has created the notification that `locator` finds."""
    for _ in range(60):
        page.goto(url)
        if locator.count() and locator.first.is_visible():
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"not found at {url}: {locator}")


@pytest.mark.parametrize(
    "javascript", [True, pytest.param(False, marks=pytest.mark.deep)], ids=["with scripts", "without scripts"]
)
def test_notifications_are_counted_listed_and_follow_requests_answered_in_the_list(javascript, sign_up):
    anna = sign_up("anna", javascript=javascript)
    ben = sign_up("ben", javascript=javascript)
    shortcode = publish(anna, "By the window")
    anna.goto("/accounts/privacy/private/")
    anna.get_by_role("button", name="Make private").click()
    expect(anna.get_by_role("heading", name="Your account is private")).to_be_visible()

    ben.goto(f"/{anna.username}/")
    ben.get_by_role("button", name=re.compile("^Follow")).click()
    expect(ben.get_by_role("button", name=re.compile("^Requested"))).to_be_visible()
    reload_until(anna, "/", bell(anna))
    expect(bell(anna)).to_have_text(re.compile("^1"))

    # The panel opens with scripts, the page without them; both can answer the request.
    anna.locator('.rail-item[href="/notifications/"]').click()
    listed = anna.get_by_role("dialog", name="Notifications") if javascript else anna.locator("main")
    row = listed.locator(".notification", has_text=ben.username)
    expect(row).to_contain_text("wants to follow you")
    expect(listed.get_by_role("heading", name="New")).to_be_visible()
    row.get_by_role("button", name=re.compile("^Accept")).click()
    expect(anna.get_by_text(f"{ben.username} now follows you.")).to_be_visible()
    if javascript:
        assert not faults(anna, "the panel")
        anna.keyboard.press("Escape")
        expect(anna.get_by_role("dialog")).to_have_count(0)

    # Ben is notified, likes and comments; Anna reads it all.
    accepted = ben.locator(".notification", has_text="accepted your follow request")
    reload_until(ben, "/notifications/", accepted)
    ben.goto(f"/p/{shortcode}/")
    ben.get_by_role("button", name="Like", exact=True).click()
    expect(ben.get_by_text("1 like", exact=True)).to_be_visible()
    ben.get_by_label("Add a comment").fill(f"What a view, @{anna.username}")
    ben.get_by_role("button", name="Post", exact=True).click()
    expect(ben.locator(".comment", has_text="What a view")).to_be_visible()
    reload_until(anna, "/notifications/", anna.locator(".notification", has_text="commented"))
    reload_until(anna, "/notifications/", anna.locator(".notification", has_text="liked your photo"))
    expect(anna.locator(".notification", has_text="started following you")).to_be_visible()
    assert anna.locator(".notification.is-unread").count() >= 2
    if not javascript:
        anna.get_by_role("button", name="Mark all as read").click()
        anna.wait_for_url("**/notifications/")
    expect(bell(anna)).to_have_count(0)
    anna.goto("/notifications/")
    expect(anna.get_by_role("heading", name="Today")).to_be_visible()
    expect(anna.locator(".notification.is-unread")).to_have_count(0)
    if javascript:
        assert not faults(anna, "the page")
