"""The API documentation works under the content security policy of all pages."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.conftest import DESKTOP


def test_the_operations_are_listed_and_can_be_tried_out(sign_up):
    anna = sign_up("anna", size=DESKTOP)

    anna.goto("/api/docs#not-found")
    operation = anna.locator("#operations-people-get_own_profile")
    operation.locator("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()

    expect(operation.locator(".live-responses-table")).to_contain_text(f"{anna.username}@example.org")
    expect(anna.locator("tr:target")).to_contain_text("404")
