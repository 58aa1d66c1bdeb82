"""Hiding posts in Explore and suggested people, and undoing it, with scripts and without."""

import re
from contextlib import nullcontext

import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import faults
from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.sharing import publish


def follow(page, other, *, javascript):
    page.goto(f"/{other.username}/")
    with page.expect_response("**/follow/") if javascript else nullcontext():
        page.get_by_role("button", name=re.compile("^Follow")).click()
    expect(page.get_by_role("button", name=re.compile("^Following"))).to_be_visible()


@pytest.mark.parametrize(
    ("javascript", "size"),
    [(True, PHONE), pytest.param(False, DESKTOP, marks=pytest.mark.deep)],
    ids=["phone", "without scripts"],
)
def test_a_post_and_a_suggestion_are_hidden_and_restored(javascript, size, sign_up):
    ida, kim, max_ = sign_up("ida"), sign_up("kim"), sign_up("max", javascript=javascript, size=size)
    shortcode = publish(ida, "Seen by all")

    max_.goto("/explore/")
    tile = max_.locator(f'article[data-post="{shortcode}"]')
    expect(tile).to_be_visible()
    assert not javascript or not faults(max_, "/explore/")
    max_.get_by_role("button", name=f"Not interested in this post by {ida.username}").click()
    if javascript:
        expect(tile).to_contain_text("You won’t see this post in Explore again.")
        expect(max_.get_by_role("button", name="Undo")).to_be_focused()
        max_.get_by_role("button", name="Undo").click()
        expect(max_.get_by_role("button", name=f"Not interested in this post by {ida.username}")).to_be_visible()
        expect(tile.get_by_role("link")).to_be_focused()
    else:
        expect(tile).to_have_count(0)
        max_.get_by_role("button", name="Undo").click()
        max_.wait_for_url(f"**/p/{shortcode}/")

    max_.goto("/explore/")
    expect(tile).to_be_visible()
    if javascript:
        with max_.expect_request("**/explore/seen/") as report:
            tile.scroll_into_view_if_needed()
        assert shortcode in report.value.post_data
        # On the next visit it comes after all unseen posts; other tests share posts on this site too.
        max_.goto("/explore/")
        order = max_.locator(".grid > article, #explore-seen").evaluate_all("all => all.map((one) => one.dataset.post)")
        assert shortcode not in order or order.index(shortcode) > order.index(None)

    follow(kim, ida, javascript=True)
    follow(max_, kim, javascript=javascript)
    max_.goto("/explore/people/")
    person = max_.locator(".person", has_text=ida.username)
    expect(person).to_contain_text(f"Followed by {kim.username}")
    assert not javascript or not faults(max_, "/explore/people/")
    max_.get_by_role("button", name=f"Hide {ida.username} from suggestions").click()
    expect(max_.get_by_text(f"We won’t suggest {ida.username} again.")).to_be_visible()
    max_.get_by_role("button", name="Undo").click()
    if javascript:
        expect(person.get_by_role("link")).to_be_focused()
    with max_.expect_response("**/follow/") if javascript else nullcontext():
        person.get_by_role("button", name=f"Follow {ida.username}").click()
    if javascript:
        expect(person.get_by_role("button", name=f"Following {ida.username}")).to_be_visible()
        max_.goto("/explore/people/")
    expect(person).to_have_count(0)
