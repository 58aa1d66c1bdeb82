"""The small scripts of all pages: optimistic updates, keyboard use, and errors of the server."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import FILES
from tests.e2e.conftest import PHONE
from tests.e2e.sharing import PHOTO, publish
from tests.visitors import Visitor


@pytest.fixture(scope="module")
def anna(site):
    """Return Anna, who has shared a post with one photo, and its shortcode."""
    anna = Visitor(site.port).sign_up("anna")
    answer = anna.share_file(PHOTO, "Three cups")
    assert anna.wait_for(answer.json["url"])[0] == "published"
    return anna, answer.json["shortcode"]


@pytest.fixture
def own_post(anna, open_browser, site):
    """Return a browser page on which Anna has opened her post, without a like."""
    visitor, shortcode = anna
    visitor.post(f"/p/{shortcode}/unlike/")
    page = open_browser(forgive=("ERR_INTERNET_DISCONNECTED", "htmx:error"))
    page.context.add_cookies(
        [{"name": key, "value": value, "url": site.base_url} for key, value in visitor.cookies.items()]
    )
    page.goto(f"/p/{shortcode}/")
    page.shortcode = shortcode
    return page


def like_button(page):
    return page.locator("button.like-button").first


def likes(page):
    return page.locator("[data-like-count]").first


def record_posts(page):
    """Return a list that receives the last path segment of every POST request from now on."""
    sent = []
    page.on(
        "request",
        lambda request: sent.append(request.url.rstrip("/").rpartition("/")[2]) if request.method == "POST" else None,
    )
    return sent


def test_the_heart_fills_before_the_server_has_answered(own_post):
    own_post.evaluate(
        """() => {
          const real = window.fetch;
          const held = new Promise((done) => { window.release = done; });
          window.fetch = async (...request) => { await held; return real(...request); };
        }"""
    )

    like_button(own_post).click()

    expect(like_button(own_post)).to_have_attribute("aria-pressed", "true")
    expect(likes(own_post)).to_have_text("1 like")
    # A menu opened meanwhile stays open, including the button that a script has shown in it.
    own_post.locator(".share-menu > summary").first.click()
    with own_post.expect_response("**/like/"):
        own_post.evaluate("() => window.release()")
    expect(like_button(own_post)).to_have_accessible_name("Unlike")
    own_post.wait_for_function(
        "() => document.querySelector('button.like-button').getAttribute('formaction').endsWith('/unlike/')"
    )
    own_post.wait_for_timeout(300)
    expect(own_post.get_by_role("button", name="Copy link").first).to_be_visible()


@pytest.mark.parametrize("place", ["post", "home"])
def test_after_a_like_the_share_menu_is_complete(place, own_post):
    own_post.context.grant_permissions(["clipboard-read", "clipboard-write"])
    if place == "home":
        own_post.goto("/")
    own_post.evaluate("() => { navigator.share = async () => {}; }")
    with own_post.expect_response("**/like/"):
        like_button(own_post).click()
    expect(like_button(own_post)).to_have_accessible_name("Unlike")

    own_post.locator(".share-menu > summary").first.click()

    expect(own_post.get_by_label("Link to this post")).to_be_visible()
    expect(own_post.get_by_role("button", name="Share…")).to_be_visible()
    own_post.get_by_role("button", name="Copy link").click()
    expect(own_post.get_by_text("Link copied.")).to_be_visible()
    assert own_post.evaluate("navigator.clipboard.readText()").endswith(f"/p/{own_post.shortcode}/")


def test_after_many_quick_presses_the_last_one_counts(own_post):
    for _ in range(5):
        like_button(own_post).click(no_wait_after=True)
    own_post.wait_for_timeout(1_000)
    expect(like_button(own_post)).to_have_attribute("aria-pressed", "true")
    own_post.reload()
    expect(likes(own_post)).to_have_text("1 like")

    for _ in range(3):
        like_button(own_post).click(no_wait_after=True)
    own_post.wait_for_timeout(1_000)
    own_post.reload()
    expect(like_button(own_post)).to_have_attribute("aria-pressed", "false")
    expect(likes(own_post)).to_be_hidden()


def test_a_like_without_a_connection_is_reverted_with_a_message(own_post):
    own_post.context.set_offline(True)
    like_button(own_post).click()

    expect(own_post.locator("#toasts")).to_contain_text("Couldn’t like this post. You’re offline.")
    expect(like_button(own_post)).to_have_attribute("aria-pressed", "false")
    expect(likes(own_post)).to_be_hidden()
    own_post.context.set_offline(False)


def test_focus_stays_on_the_like_button_after_the_answer(own_post):
    like_button(own_post).focus()
    own_post.keyboard.press("Enter")
    own_post.wait_for_timeout(600)

    expect(like_button(own_post)).to_be_focused()


def test_without_a_session_a_like_leads_to_log_in_and_back(own_post):
    session = next(one["name"] for one in own_post.context.cookies() if one["name"].startswith("session"))
    own_post.context.clear_cookies(name=session)

    like_button(own_post).click()

    own_post.wait_for_url(f"**/accounts/login/?next=/p/{own_post.shortcode}/")


def test_a_double_click_likes_and_never_unlikes(own_post):
    photo = own_post.locator(".post-media").first
    photo.dblclick()
    expect(like_button(own_post)).to_have_attribute("aria-pressed", "true")
    expect(own_post.locator(".heart-burst")).to_have_count(0, timeout=3_000)

    photo.dblclick()
    own_post.wait_for_timeout(600)
    expect(like_button(own_post)).to_have_attribute("aria-pressed", "true")


def test_a_double_tap_on_a_phone_likes_once(browser, site, own_post):
    state = own_post.context.storage_state()
    context = browser.new_context(
        base_url=site.base_url, storage_state=state, viewport=PHONE, has_touch=True, is_mobile=True
    )
    phone = context.new_page()
    phone.goto(f"/p/{own_post.shortcode}/")
    sent = record_posts(phone)
    box = phone.locator(".post-media").first.bounding_box()
    for _ in range(2):
        phone.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    expect(like_button(phone)).to_have_attribute("aria-pressed", "true")
    phone.wait_for_timeout(500)
    assert sent == ["like"]
    context.close()


def test_a_carousel_is_moved_by_buttons_keys_and_dots(sign_up):
    own_post = sign_up("anna")
    publish(own_post, "Three cups", PHOTO, PHOTO, PHOTO)
    carousel = own_post.locator("article .carousel").first
    dots = carousel.get_by_role("button", name=re.compile("Go to slide"))
    expect(dots).to_have_count(3)
    expect(carousel.get_by_role("button", name="Previous slide")).to_be_hidden()

    carousel.get_by_role("button", name="Next slide").click()
    expect(dots.nth(1)).to_have_attribute("aria-current", "true")
    carousel.locator(".carousel-track").focus()
    own_post.keyboard.press("ArrowRight")
    expect(dots.nth(2)).to_have_attribute("aria-current", "true")
    expect(carousel.get_by_role("button", name="Next slide")).to_be_hidden()
    dots.nth(0).click()
    own_post.wait_for_timeout(800)
    assert carousel.locator(".carousel-track").evaluate("track => track.scrollLeft") == 0


def test_an_empty_comment_cannot_be_sent_and_a_failed_one_is_kept(own_post):
    box = own_post.locator("form[data-comment-form] textarea").first
    button = own_post.locator("form[data-comment-form] button[type=submit]").first
    expect(button).to_be_disabled()
    box.fill("   ")
    expect(button).to_be_disabled()

    box.fill("Lovely")
    own_post.context.set_offline(True)
    box.press("Control+Enter")
    expect(own_post.locator("#toasts")).to_contain_text("That didn’t work. You’re offline.")
    expect(box).to_have_value("Lovely")
    own_post.context.set_offline(False)

    # On devices with a keyboard, Enter sends the comment and Shift + Enter inserts a line break.
    box.press("Shift+Enter")
    expect(box).to_have_value("Lovely\n")
    box.press("Enter")
    expect(own_post.locator(".comment").filter(has_text="Lovely")).to_have_count(1)
    expect(box).to_have_value("")
    expect(box).to_be_focused()


def test_without_htmx_the_box_of_a_card_is_a_link_to_the_comments(own_post):
    page = own_post
    page.route("**/htmx.min*.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto("/")
    page.get_by_role("link", name="Add a comment…").click()

    page.wait_for_url(f"**/p/{page.shortcode}/#comments")


def test_deleting_a_comment_asks_first(own_post):
    own_post.locator("form[data-comment-form] textarea").first.fill("Soon gone")
    own_post.locator("form[data-comment-form] button[type=submit]").first.click()
    comment = own_post.locator(".comment").filter(has_text="Soon gone")
    delete = comment.get_by_role("button", name=re.compile("^Delete"))

    delete.click()
    own_post.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(comment).to_have_count(1)
    delete.click()
    own_post.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(comment).to_have_count(0)


def test_the_theme_changes_at_once_and_is_remembered(own_post):
    page = own_post
    page.locator("details.more-menu:visible > summary").first.click()
    page.locator("details[open] form[data-theme-form] button[value=dark]").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.wait_for_timeout(300)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_menu_closes_by_escape_and_by_a_click_outside(own_post):
    page = own_post
    menu = page.locator("details.more-menu:visible").first
    menu.locator("summary").click()
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    menu.locator("summary").click()
    page.locator("main").click(position={"x": 5, "y": 5})
    expect(menu).not_to_have_attribute("open", "")


def test_the_focus_returns_to_the_button_of_a_menu_after_its_items(own_post):
    page = own_post
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    more, share = (page.locator(f"article .{name} > summary") for name in ("post-menu", "share-menu"))
    for item in ("Archive", "Delete"):
        more.focus()
        page.keyboard.press("Enter")
        page.locator("article").get_by_role("link", name=item).press("Enter")
        dialog = page.get_by_role("dialog")
        is_primary = re.compile(r"\bbutton-primary\b")
        if item == "Archive":
            expect(dialog.get_by_role("button", name=item)).to_have_class(is_primary)
        else:
            expect(dialog.get_by_role("button", name=item)).not_to_have_class(is_primary)
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(more).to_be_focused()

    share.click()
    page.get_by_role("button", name="Copy link").press("Enter")
    expect(page.get_by_text("Link copied.")).to_be_visible()
    expect(share).to_be_focused()

    # The page for browsers without scripts has the same button.
    page.goto(f"/p/{page.shortcode}/menu/")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Link copied.")).to_be_visible()


def test_sign_up_shows_whether_a_username_is_available(sign_up, open_browser):
    anna = sign_up("anna")
    visitor = open_browser()
    visitor.goto("/accounts/signup/")
    status = visitor.locator("#username-status")

    visitor.locator("#id_username").press_sequentially(anna.username.upper(), delay=20)
    expect(status).to_have_text(f"“{anna.username}” is already taken. Choose another.")
    visitor.locator("#id_username").press_sequentially("_free", delay=20)
    expect(status).to_have_text(f"“{anna.username}_free” is available.")

    visitor.fill("#id_email", "new@example.org")
    visitor.fill("#id_password1", "short")
    visitor.get_by_role("button", name="Sign up").click()
    expect(visitor.locator("#id_password1")).to_be_focused()
    expect(visitor.locator("#id_username")).to_have_value(f"{anna.username.upper()}_free")


def test_a_chosen_profile_picture_is_named_and_previewed(sign_up):
    page = sign_up("anna")
    page.goto("/accounts/edit/")

    with page.expect_file_chooser() as chooser:
        page.locator("label.button", has_text="Add a photo").click()
    chooser.value.set_files(FILES / "field" / "avatar-128.png")

    expect(page.get_by_text("avatar-128.png")).to_be_visible()
    expect(page.get_by_role("img", name="Your new photo")).to_be_visible()
    colour = "canvas => [...canvas.getContext('2d').getImageData(154, 4, 1, 1).data].join()"
    whole = page.locator("#avatar-preview").evaluate(colour)
    page.get_by_role("slider", name="Zoom").fill("400")
    assert whole != page.locator("#avatar-preview").evaluate(colour) != "0,0,0,0"


def test_the_bio_counter_counts_grapheme_clusters(sign_up):
    anna = sign_up("anna")
    anna.goto("/accounts/edit/")
    anna.fill("#id_bio", "👨‍👩‍👧‍👦" * 150)
    counter = anna.locator('[data-counter-for="id_bio"]')

    expect(counter).to_have_text("150 / 150")
    anna.fill("#id_bio", "👨‍👩‍👧‍👦" * 151)
    expect(counter).to_have_text("151 / 150")
    expect(anna.locator("#id_bio")).to_have_attribute("aria-invalid", "true")


def test_the_comment_counter_appears_only_near_the_limit(own_post):
    box = own_post.locator("form[data-comment-form] textarea").first
    counter = own_post.locator("form[data-comment-form] .counter").first

    box.fill("Short")
    expect(counter).to_be_hidden()
    box.fill("x" * 2_201)
    expect(counter).to_have_text("2,201 / 2,200")
