"""Two users sign up, share, follow, like and comment, with scripts and without; and every page passes axe."""

from __future__ import annotations

import re
from contextlib import nullcontext

import pytest
from playwright.sync_api import expect

from tests.conftest import FILES
from tests.e2e.accessibility import faults_of_pages, in_all_states
from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.sharing import SECONDS, publish

DRAGONFLY = FILES / "originals" / "hazel-dragonfly-display-p3-13mp.jpg"


def share_in_composer(page, caption, photo, *, javascript):
    """Share a photo through the composer; return its shortcode."""
    page.goto("/create/")
    page.set_input_files("#id_files", photo)
    page.fill("[name=caption]", caption)
    page.click("[data-act=share]")
    if javascript:
        page.get_by_role("button", name="Share anyway").click()
    page.wait_for_url("**/p/*/", timeout=60 * SECONDS)
    return re.search(r"/p/([^/]+)/", page.url)[1]


def expect_published(page, shortcode, *, javascript):
    """Wait until the page of the post shows it published: with scripts by itself, without by reloading."""
    published = page.locator(f'article[data-post="{shortcode}"]:not([data-state])')
    if javascript:
        expect(published).to_be_visible(timeout=60 * SECONDS)
        return
    for _ in range(120):
        page.goto(f"/p/{shortcode}/")
        if published.count():
            return
        page.wait_for_timeout(500)
    raise AssertionError("the post was not published")


@pytest.mark.promise("H2")
@pytest.mark.parametrize(
    ("javascript", "size"),
    [pytest.param(True, DESKTOP, marks=pytest.mark.deep), (True, PHONE), (False, PHONE)],
    ids=["desktop", "phone", "phone without scripts"],
)
def test_a_user_finds_follows_likes_and_comments(javascript, size, sign_up):
    anna = sign_up("anna", by_hand=True, javascript=javascript, size=size)
    ben = sign_up("ben", by_hand=True, javascript=javascript, size=size)

    shortcode = share_in_composer(anna, "By the pond #dragonfly", DRAGONFLY, javascript=javascript)
    expect_published(anna, shortcode, javascript=javascript)

    # Ben finds Anna and follows her.
    ben.goto("/search/")
    ben.fill("[name=q]", anna.username)
    if javascript:
        ben.click(f'#search-suggestions a[href="/{anna.username}/"]')
    else:
        ben.press("[name=q]", "Enter")
        ben.click(f'#search-results a[href="/{anna.username}/"]')
    ben.wait_for_url(f"**/{anna.username}/")
    expect(ben.get_by_text("0 followers")).to_be_visible()
    # The button changes before the server has answered, and the home page must be requested after that.
    with ben.expect_response("**/follow/") if javascript else nullcontext():
        ben.get_by_role("button", name=re.compile("^Follow")).click()
    expect(ben.get_by_role("button", name=re.compile("^Following"))).to_be_visible()
    expect(ben.get_by_text("1 follower", exact=True)).to_be_visible()

    # He sees the post at home, with the photo loaded.
    ben.goto("/")
    card = ben.locator(f'article[data-post="{shortcode}"]')
    expect(card).to_be_visible()
    photo = card.locator("img.photo-image")
    expect(photo).to_be_visible()
    if javascript:
        ben.wait_for_function("image => image.complete && image.naturalWidth >= 320", arg=photo.element_handle())

    # He likes it: the count changes, with scripts without a reload.
    if javascript:
        ben.evaluate("window.notReloaded = true")
    with ben.expect_response("**/like/") if javascript else nullcontext():
        card.get_by_role("button", name="Like", exact=True).click()
    expect(ben.get_by_text("1 like", exact=True)).to_be_visible()
    if javascript:
        assert ben.evaluate("window.notReloaded")
    else:
        ben.goto("/")

    # He comments, without scripts on the page of the post.
    card.get_by_role("link", name="Add a comment…").click()
    ben.locator("textarea[name=text]").fill("What a catch, well seen!")
    ben.get_by_role("button", name="Post", exact=True).click()
    expect(ben.get_by_text("What a catch, well seen!")).to_be_visible()
    if javascript:
        assert ben.evaluate("window.notReloaded")

    # Anna sees both.
    anna.goto(f"/p/{shortcode}/")
    expect(anna.get_by_text("1 like", exact=True)).to_be_visible()
    expect(anna.get_by_text("What a catch, well seen!")).to_be_visible()


def test_a_refused_like_is_reverted_with_a_message(sign_up):
    anna = sign_up("anna", forgive=("404 (Not Found)",))
    shortcode = publish(anna, "Soon gone")
    anna.goto("/")
    other = anna.context.new_page()
    other.goto(f"/p/{shortcode}/delete/")
    other.locator("main").get_by_role("button", name="Delete").last.click()
    other.wait_for_url(f"**/{anna.username}/")

    button = anna.locator(f'article[data-post="{shortcode}"]').get_by_role("button", name="Like", exact=True)
    button.click()

    expect(anna.locator("#toasts")).to_contain_text("Couldn’t like this post.")
    expect(button).to_have_attribute("aria-pressed", "false")


def test_deleting_a_post_asks_first_in_a_dialog(sign_up):
    anna = sign_up("anna")
    shortcode = publish(anna, "To be deleted")
    anna.goto(f"/p/{shortcode}/")

    anna.get_by_label("More options").click()
    anna.get_by_role("link", name="Delete").click()
    dialog = anna.get_by_role("dialog")
    expect(dialog).to_be_visible()
    anna.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    anna.get_by_label("More options").click()
    anna.get_by_role("link", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()

    anna.wait_for_url(f"**/{anna.username}/")
    expect(anna.locator("article")).to_have_count(0)


@pytest.mark.promise("H10")
@in_all_states
def test_every_page_passes_axe(all_states, sign_up, open_browser):
    anna = sign_up("anna")
    shortcode = publish(anna, "A cup of #coffee")
    pages = [
        *((anna, url) for url in ("/", "/explore/", "/explore/tags/coffee/", "/search/?q=coffee", "/create/")),
        *((anna, f"/{anna.username}/{rest}") for rest in ("", "followers/", "following/")),
        *((anna, f"/p/{shortcode}/{rest}") for rest in ("", "likes/", "delete/")),
        *((anna, f"/accounts/{rest}/") for rest in ("edit", "password/change", "email", "logout")),
        *((open_browser(forgive=("404 (Not Found)",)), url) for url in ("/", "/accounts/login/", "/nobody.here/")),
        *((open_browser(), f"/accounts/{rest}/") for rest in ("signup", "password/reset")),
    ]

    assert not (found := faults_of_pages(pages, all_states=all_states)), "\n".join(found)
