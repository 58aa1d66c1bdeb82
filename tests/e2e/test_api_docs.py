"""The API documentation works under the content security policy of all pages."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESKTOP


@pytest.mark.parametrize(
    "is_whole", [False, pytest.param(True, marks=pytest.mark.deep)], ids=["few operations", "all operations"]
)
def test_the_operations_are_listed_and_can_be_tried_out(is_whole, sign_up):
    """Show ten operations, because a browser takes ten seconds of CPU to draw all."""
    anna = sign_up("anna", size=DESKTOP)

    def shorten(route):
        answer = route.fetch()
        described = answer.json()
        paths = described["paths"]
        described["paths"] = {path: paths[path] for path in [*list(paths)[:9], "/api/user/profile/"]}
        route.fulfill(response=answer, json=described)

    if not is_whole:
        anna.route("**/openapi.json", shorten)
    anna.goto("/api/docs#not-found")
    operation = anna.locator("#operations-people-get_own_profile")
    operation.locator("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()

    expect(operation.locator(".live-responses-table")).to_contain_text(f"{anna.username}@example.org")
    expect(anna.locator("tr:target")).to_contain_text("404")
