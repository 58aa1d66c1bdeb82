"""Saving a post to a collection and copying its link, with scripts and without."""

from __future__ import annotations

import re
from contextlib import nullcontext

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.sharing import publish


@pytest.mark.parametrize(
    ("javascript", "size"),
    [(True, PHONE), pytest.param(False, DESKTOP, marks=pytest.mark.deep)],
    ids=["with scripts", "without scripts"],
)
def test_a_post_is_saved_to_a_collection_shared_by_link_and_removed(javascript, size, sign_up):
    anna = sign_up("anna", javascript=javascript, size=size)
    shortcode = publish(anna, "To keep")

    anna.goto("/saved/new/")
    anna.get_by_label("Name of the collection").fill("Ideas")
    anna.get_by_role("button", name="Create").click()
    expect(anna.get_by_role("heading", name="Ideas", exact=True)).to_be_visible()

    anna.goto(f"/p/{shortcode}/")
    with anna.expect_response("**/save/") if javascript else nullcontext():
        anna.get_by_role("button", name="Save", exact=True).click()
    expect(anna.get_by_role("button", name="Remove from saved")).to_have_attribute("aria-pressed", "true")
    anna.locator("article").get_by_label("More options").click()
    anna.get_by_role("link", name="Save to a collection").click()
    anna.get_by_label("Ideas").check()
    anna.get_by_role("button", name="Save", exact=True).click()
    expect(anna.get_by_text("Saved to “Ideas”.")).to_be_visible()

    anna.locator("article").get_by_label("Share", exact=True).click()
    address = anna.get_by_label("Link to this post")
    expect(address).to_have_value(re.compile(rf"^http://.+/p/{shortcode}/$"))
    if javascript:
        anna.context.grant_permissions(["clipboard-read", "clipboard-write"])
        anna.get_by_role("button", name="Copy link").click()
        expect(anna.get_by_text("Link copied.")).to_be_visible()
        assert anna.evaluate("navigator.clipboard.readText()").endswith(f"/p/{shortcode}/")
    else:
        expect(anna.get_by_role("button", name="Copy link")).to_be_hidden()
        anna.get_by_role("link", name="Back to the post").click()

    anna.goto("/saved/")
    expect(anna.locator(f'article[data-post="{shortcode}"]')).to_be_visible()
    anna.get_by_role("link", name="Ideas").click()
    anna.locator(f'article[data-post="{shortcode}"] a').click()
    with anna.expect_response("**/unsave/") if javascript else nullcontext():
        anna.get_by_role("button", name="Remove from saved").click()
    expect(anna.get_by_role("button", name="Save", exact=True)).to_be_visible()
    anna.goto("/saved/")
    expect(anna.get_by_text("Nothing saved")).to_be_visible()
