"""Follow requests, blocks, mutes, restrictions and close friends, with scripts and without."""

from __future__ import annotations

import re
from contextlib import nullcontext

import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import faults_of_pages, in_all_states
from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.sharing import publish

both_ways = pytest.mark.parametrize(
    "javascript", [True, pytest.param(False, marks=pytest.mark.deep)], ids=["with scripts", "without scripts"]
)
both_sizes = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


def choose(page, item):
    """Open the menu of the profile and press `item`."""
    page.locator(".profile-menu summary").click()
    page.locator(".profile-menu").get_by_text(item, exact=True).click()


def confirm(page, button, *, javascript):
    """Press the button in the dialog or, without scripts, on the confirmation page."""
    confirmation = page.get_by_role("dialog") if javascript else page.locator("main")
    confirmation.get_by_role("button", name=button, exact=True).click()


@pytest.mark.parametrize(("javascript", "size"), [(True, PHONE), (False, DESKTOP)], ids=["phone", "without scripts"])
def test_an_approved_follow_request_shows_the_posts_of_a_private_account(javascript, size, sign_up):
    anna = sign_up("anna", javascript=javascript, size=size)
    ben = sign_up("ben", javascript=javascript, size=size)
    shortcode = publish(anna, "For friends")

    anna.goto("/accounts/privacy/")
    anna.get_by_role("link", name="Make private").click()
    confirm(anna, "Make private", javascript=javascript)
    expect(anna.get_by_role("heading", name="Your account is private")).to_be_visible()

    # Ben sees no posts and requests to follow. He cancels the request and sends it again.
    ben.goto(f"/{anna.username}/")
    expect(ben.get_by_text("This account is private")).to_be_visible()
    expect(ben.locator("article")).to_have_count(0)
    for is_cancelled in (True, False):
        with ben.expect_response("**/follow/") if javascript else nullcontext():
            ben.get_by_role("button", name=re.compile("^Follow")).click()
        expect(ben.get_by_role("button", name=re.compile("^Requested"))).to_be_visible()
        if is_cancelled:
            with ben.expect_navigation():
                ben.get_by_role("button", name=re.compile("^Requested")).click()
    expect(ben.get_by_text("0 followers")).to_be_visible()

    # Anna sees the request and approves it.
    anna.goto("/notifications/")
    anna.locator(".requests-link").click()
    anna.wait_for_url("**/accounts/requests/")
    anna.get_by_role("button", name=f"Accept {ben.username}").click()
    expect(anna.get_by_text(f"{ben.username} now follows you.").first).to_be_visible()

    ben.goto(f"/{anna.username}/")
    expect(ben.get_by_role("button", name=re.compile("^Following"))).to_be_visible()
    expect(ben.locator(f'article[data-post="{shortcode}"]')).to_be_visible()
    ben.goto("/")
    expect(ben.locator(f'article[data-post="{shortcode}"]')).to_be_visible()

    # He unfollows, after a confirmation because he would have to request again.
    ben.goto(f"/{anna.username}/")
    ben.get_by_role("button", name=re.compile("^Following")).click()
    if javascript:
        ben.get_by_role("dialog").get_by_role("button", name="Unfollow").click()
    expect(ben.get_by_text("This account is private")).to_be_visible()
    expect(ben.get_by_role("button", name=re.compile("^Follow "))).to_be_visible()


@both_ways
def test_a_block_hides_the_profile_and_posts_until_it_is_undone(javascript, sign_up):
    anna = sign_up("anna", javascript=javascript)
    ben = sign_up("ben", javascript=javascript, forgive=("404 (Not Found)",))
    shortcode = publish(anna, "Not for Ben")
    ben.goto(f"/p/{shortcode}/")
    expect(ben.locator(f'article[data-post="{shortcode}"]')).to_be_visible()

    anna.goto(f"/{ben.username}/")
    choose(anna, "Block")
    expect(anna.get_by_role("heading", name=f"Block {ben.username}?")).to_be_visible()
    confirm(anna, "Block", javascript=javascript)
    expect(anna.get_by_role("heading", name=f"You blocked {ben.username}")).to_be_visible()

    for url in (f"/{anna.username}/", f"/p/{shortcode}/"):
        assert ben.goto(url).status == 404
    ben.goto(f"/search/?q={anna.username}")
    expect(ben.locator(f'#search-results a[href="/{anna.username}/"]')).to_have_count(0)

    # She undoes it in her settings.
    anna.goto("/accounts/privacy/")
    anna.get_by_role("link", name="Blocked accounts").click()
    anna.get_by_role("button", name=f"Unblock {ben.username}").click()
    if javascript:
        expect(anna.get_by_role("button", name=re.compile(f"^Block {ben.username}"))).to_be_visible()
    else:
        expect(anna.get_by_role("heading", name="No blocked accounts")).to_be_visible()
    assert ben.goto(f"/p/{shortcode}/").status == 200


@both_ways
def test_mutes_restrictions_and_close_friends_are_set_and_undone_in_the_menu(javascript, sign_up):
    anna = sign_up("anna", javascript=javascript)
    ben = sign_up("ben", javascript=javascript)
    for item, button, done, undo in (
        ("Mute", "Mute", "You muted", "Unmute"),
        ("Restrict", "Restrict", "You restricted", "Unrestrict"),
        ("Add to close friends", None, "is now one of your close friends", "Remove from close friends"),
    ):
        anna.goto(f"/{ben.username}/")
        choose(anna, item)
        if button:
            confirm(anna, button, javascript=javascript)
        expect(anna.locator("#toasts")).to_contain_text(done)
        choose(anna, undo)
        anna.locator(".profile-menu summary").click()
        expect(anna.locator(".profile-menu").get_by_text(item, exact=True)).to_be_visible()


@both_ways
def test_a_comment_of_a_restricted_user_waits_for_approval(javascript, sign_up):
    anna = sign_up("anna", javascript=javascript)
    ben = sign_up("ben", javascript=javascript)
    carol = sign_up("carol", javascript=javascript)
    shortcode = publish(anna, "Say something")
    anna.goto(f"/{ben.username}/")
    choose(anna, "Restrict")
    confirm(anna, "Restrict", javascript=javascript)
    expect(anna.locator("#toasts")).to_contain_text("You restricted")

    ben.goto(f"/p/{shortcode}/")
    ben.locator("textarea[name=text]").fill("Well, well")
    ben.get_by_role("button", name="Post", exact=True).click()
    expect(ben.get_by_text("Well, well")).to_be_visible()
    carol.goto(f"/p/{shortcode}/")
    expect(carol.get_by_text("Well, well")).to_have_count(0)

    anna.goto(f"/p/{shortcode}/")
    expect(anna.get_by_text(f"Only you and {ben.username} can see this.")).to_be_visible()
    anna.get_by_role("button", name=re.compile("^Approve")).click()
    expect(anna.get_by_text(f"Only you and {ben.username} can see this.")).to_have_count(0)
    carol.goto(f"/p/{shortcode}/")
    expect(carol.get_by_text("Well, well")).to_be_visible()


@pytest.mark.promise("H10")
@in_all_states
def test_pages_about_people_pass_axe(all_states, sign_up):
    anna = sign_up("anna")
    ben = sign_up("ben")
    ben.goto("/accounts/privacy/private/")
    ben.get_by_role("button", name="Make private").click()
    anna.goto(f"/{ben.username}/")
    with anna.expect_response("**/follow/"):
        anna.get_by_role("button", name=re.compile("^Follow")).click()
    pages = [
        *((anna, f"/{ben.username}/{rest}") for rest in ("", "block/")),
        *((ben, f"/accounts/{rest}/") for rest in ("requests", "privacy", "muted")),
        (ben, f"/accounts/close-friends/?q={anna.username}"),
    ]
    if all_states:  # These pages have the same template as one of the others.
        pages += [(anna, f"/{ben.username}/{rest}/") for rest in ("mute", "restrict", "remove-follower")]
        pages += [(ben, f"/accounts/{rest}/") for rest in ("privacy/public", "close-friends", "restricted", "blocked")]

    assert not (found := faults_of_pages(pages, all_states=all_states)), "\n".join(found)
