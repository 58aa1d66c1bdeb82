"""The small scripts of all pages: what answers at once, the keyboard, and what happens when the server says no."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import FILES
from tests.e2e.conftest import PHONE
from tests.e2e.test_story import share, wait_until_published

SMALL = FILES / "bad" / "name-test.jpg"


@pytest.fixture(params=[1], ids=["one photo"])
def on_a_post(request, sign_up):
    """Anna on the page of a post of hers."""
    page = sign_up("anna", forgive=("ERR_INTERNET_DISCONNECTED", "htmx:error"))
    page.shortcode = share(page, "Three cups", photo=[SMALL] * request.param)
    wait_until_published(page, page.shortcode)
    return page


def like_button(page):
    return page.locator("form.like-button button").first


def likes(page):
    return page.locator("[data-like-count]").first


def asked(page):
    """The like and unlike requests that the page sends from now on."""
    sent = []
    page.on(
        "request",
        lambda request: sent.append(request.url.rstrip("/").rpartition("/")[2]) if request.method == "POST" else None,
    )
    return sent


def test_the_heart_fills_before_the_server_has_answered(on_a_post):
    on_a_post.evaluate(
        """() => {
          const real = window.fetch;
          const held = new Promise((done) => { window.letGo = done; });
          window.fetch = async (...request) => { await held; return real(...request); };
        }"""
    )

    like_button(on_a_post).click()

    expect(like_button(on_a_post)).to_have_attribute("aria-pressed", "true")
    expect(likes(on_a_post)).to_have_text("1 like")
    # A menu opened meanwhile stays open, with the buttons that a script has shown in it.
    on_a_post.locator(".share-menu > summary").first.click()
    with on_a_post.expect_response("**/like/"):
        on_a_post.evaluate("() => window.letGo()")
    expect(like_button(on_a_post)).to_have_accessible_name("Unlike")
    on_a_post.wait_for_function(
        "() => document.querySelector('form.like-button').getAttribute('action').endsWith('/unlike/')"
    )
    on_a_post.wait_for_timeout(300)
    expect(on_a_post.get_by_role("button", name="Copy link").first).to_be_visible()


def test_of_many_quick_presses_the_last_one_counts(on_a_post):
    for _ in range(5):
        like_button(on_a_post).click(no_wait_after=True)
    on_a_post.wait_for_timeout(1_000)
    expect(like_button(on_a_post)).to_have_attribute("aria-pressed", "true")
    on_a_post.reload()
    expect(likes(on_a_post)).to_have_text("1 like")

    for _ in range(3):
        like_button(on_a_post).click(no_wait_after=True)
    on_a_post.wait_for_timeout(1_000)
    on_a_post.reload()
    expect(like_button(on_a_post)).to_have_attribute("aria-pressed", "false")
    expect(likes(on_a_post)).to_be_hidden()


def test_a_like_without_a_connection_goes_back_and_says_so(on_a_post):
    on_a_post.context.set_offline(True)
    like_button(on_a_post).click()

    expect(on_a_post.locator("#toasts")).to_contain_text("Couldn't like this post. You are offline.")
    expect(like_button(on_a_post)).to_have_attribute("aria-pressed", "false")
    expect(likes(on_a_post)).to_be_hidden()
    on_a_post.context.set_offline(False)


def test_the_focus_stays_on_the_button_when_its_answer_comes(on_a_post):
    like_button(on_a_post).focus()
    on_a_post.keyboard.press("Enter")
    on_a_post.wait_for_timeout(600)

    expect(like_button(on_a_post)).to_be_focused()


def test_without_a_session_a_like_leads_to_log_in_and_back(on_a_post):
    session = next(one["name"] for one in on_a_post.context.cookies() if one["name"].startswith("session"))
    on_a_post.context.clear_cookies(name=session)

    like_button(on_a_post).click()

    on_a_post.wait_for_url(f"**/accounts/login/?next=/p/{on_a_post.shortcode}/")


def test_a_double_click_likes_and_never_takes_a_like_back(on_a_post):
    photo = on_a_post.locator(".post-media").first
    photo.dblclick()
    expect(like_button(on_a_post)).to_have_attribute("aria-pressed", "true")
    expect(on_a_post.locator(".heart-burst")).to_have_count(0, timeout=3_000)

    photo.dblclick()
    on_a_post.wait_for_timeout(600)
    expect(like_button(on_a_post)).to_have_attribute("aria-pressed", "true")


def test_a_double_tap_on_a_phone_likes_once(browser, site, on_a_post):
    state = on_a_post.context.storage_state()
    context = browser.new_context(
        base_url=site.base_url, storage_state=state, viewport=PHONE, has_touch=True, is_mobile=True
    )
    phone = context.new_page()
    phone.goto(f"/p/{on_a_post.shortcode}/")
    sent = asked(phone)
    box = phone.locator(".post-media").first.bounding_box()
    for _ in range(2):
        phone.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    expect(like_button(phone)).to_have_attribute("aria-pressed", "true")
    phone.wait_for_timeout(500)
    assert sent == ["like"]
    context.close()


@pytest.mark.parametrize("on_a_post", [3], indirect=True, ids=["three photos"])
def test_a_carousel_goes_by_arrows_keys_and_dots(on_a_post):
    carousel = on_a_post.locator("article .carousel").first
    dots = carousel.get_by_role("button", name=re.compile("Go to slide"))
    expect(dots).to_have_count(3)
    expect(carousel.get_by_role("button", name="Previous slide")).to_be_hidden()

    carousel.get_by_role("button", name="Next slide").click()
    expect(dots.nth(1)).to_have_attribute("aria-current", "true")
    carousel.locator(".carousel-track").focus()
    on_a_post.keyboard.press("ArrowRight")
    expect(dots.nth(2)).to_have_attribute("aria-current", "true")
    expect(carousel.get_by_role("button", name="Next slide")).to_be_hidden()
    dots.nth(0).click()
    on_a_post.wait_for_timeout(800)
    assert carousel.locator(".carousel-track").evaluate("track => track.scrollLeft") == 0


def test_an_empty_comment_cannot_be_sent_and_a_refused_one_is_kept(on_a_post):
    box = on_a_post.locator("form[data-comment-form] textarea").first
    button = on_a_post.locator("form[data-comment-form] button[type=submit]").first
    expect(button).to_be_disabled()
    box.fill("   ")
    expect(button).to_be_disabled()

    box.fill("Lovely")
    on_a_post.context.set_offline(True)
    box.press("Control+Enter")
    expect(on_a_post.locator("#toasts")).to_contain_text("That did not work. You are offline.")
    expect(box).to_have_value("Lovely")
    on_a_post.context.set_offline(False)

    # With a keyboard Enter sends, and Shift + Enter breaks the line.
    box.press("Shift+Enter")
    expect(box).to_have_value("Lovely\n")
    box.press("Enter")
    expect(on_a_post.locator(".comment").filter(has_text="Lovely")).to_have_count(1)
    expect(box).to_have_value("")
    expect(box).to_be_focused()


def test_deleting_a_comment_asks_first(on_a_post):
    on_a_post.locator("form[data-comment-form] textarea").first.fill("Soon gone")
    on_a_post.locator("form[data-comment-form] button[type=submit]").first.click()
    comment = on_a_post.locator(".comment").filter(has_text="Soon gone")
    delete = comment.get_by_role("button", name=re.compile("^Delete"))

    delete.click()
    on_a_post.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(comment).to_have_count(1)
    delete.click()
    on_a_post.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(comment).to_have_count(0)


def test_the_theme_changes_at_once_and_is_remembered(on_a_post):
    page = on_a_post
    page.locator("details.more-menu:visible > summary").first.click()
    page.locator("details[open] form[data-theme-form] button[value=dark]").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.wait_for_timeout(300)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_menu_closes_by_escape_and_by_a_click_beside_it(on_a_post):
    page = on_a_post
    menu = page.locator("details.more-menu:visible").first
    menu.locator("summary").click()
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    menu.locator("summary").click()
    page.locator("main").click(position={"x": 5, "y": 5})
    expect(menu).not_to_have_attribute("open", "")


def test_while_signing_up_one_learns_whether_a_name_is_free(sign_up, open_browser):
    anna = sign_up("anna")
    visitor = open_browser()
    visitor.goto("/accounts/signup/")
    status = visitor.locator("#username-status")

    visitor.locator("#id_username").press_sequentially(anna.username.upper(), delay=20)
    expect(status).to_have_text(f"“{anna.username}” is already taken. Choose another.")
    visitor.locator("#id_username").press_sequentially("_free", delay=20)
    expect(status).to_have_text(f"“{anna.username}_free” is available.")

    visitor.fill("#id_email", "somebody@example.org")
    visitor.fill("#id_password1", "short")
    visitor.get_by_role("button", name="Sign up").click()
    expect(visitor.locator("#id_password1")).to_be_focused()
    expect(visitor.locator("#id_username")).to_have_value(f"{anna.username.upper()}_free")


def test_a_profile_picture_is_chosen_by_a_button_that_names_the_file_and_shows_it(sign_up):
    page = sign_up("anna")
    page.goto("/accounts/edit/")

    with page.expect_file_chooser() as chooser:
        page.locator("label.button", has_text="Add a photo").click()
    chooser.value.set_files(FILES / "field" / "avatar-128.png")

    expect(page.get_by_text("avatar-128.png")).to_be_visible()
    expect(page.get_by_role("img", name="Your new photo")).to_have_js_property("naturalWidth", 128)


def test_the_bio_is_counted_as_people_count_it(sign_up):
    anna = sign_up("anna")
    anna.goto("/accounts/edit/")
    anna.fill("#id_bio", "👨‍👩‍👧‍👦" * 150)
    counter = anna.locator('[data-counter-for="id_bio"]')

    expect(counter).to_have_text("150 / 150")
    anna.fill("#id_bio", "👨‍👩‍👧‍👦" * 151)
    expect(counter).to_have_text("151 / 150")
    expect(anna.locator("#id_bio")).to_have_attribute("aria-invalid", "true")


def test_a_comment_box_counts_only_near_its_end(on_a_post):
    box = on_a_post.locator("form[data-comment-form] textarea").first
    counter = on_a_post.locator("form[data-comment-form] .counter").first

    box.fill("Short")
    expect(counter).to_be_hidden()
    box.fill("x" * 2_201)
    expect(counter).to_have_text("2,201 / 2,200")
