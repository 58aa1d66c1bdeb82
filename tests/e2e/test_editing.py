"""Editing, archiving and restoring a post, with scripts and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import faults, in_all_states
from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.sharing import PHOTO, publish


@pytest.fixture
def open_own_post(sign_up):
    """Return a function that opens a user's own post with three photos."""

    def make(*, javascript=True, size=DESKTOP, forgive=()):
        page = sign_up("anna", javascript=javascript, size=size, forgive=forgive)
        page.shortcode = publish(page, "Three cups", PHOTO, PHOTO, PHOTO)
        page.goto(f"/p/{page.shortcode}/")
        return page

    return make


def choose(page, item):
    """Open the menu of the post, without scripts a page, and press `item`."""
    page.locator("article").get_by_label("More options").click()
    page.locator(":is(article .menu-list, .menu-page-items)").get_by_text(item, exact=True).click()


def alt_texts(page):
    return [box.input_value() for box in page.locator("[name=alt]").all()]


@pytest.mark.parametrize(
    ("javascript", "size"),
    [(True, PHONE), pytest.param(False, DESKTOP, marks=pytest.mark.deep)],
    ids=["phone", "without scripts"],
)
def test_a_post_is_edited_archived_and_restored(javascript, size, open_own_post, open_browser):
    anna = open_own_post(javascript=javascript, size=size)
    visitor = open_browser(javascript=javascript, size=size, forgive=("404 (Not Found)",))
    choose(anna, "Edit")

    # She edits the texts and moves the last photo to the front: input is kept, and focus stays on the button.
    anna.get_by_label("Caption").fill("Cups in order #coffee")
    anna.get_by_label("Location").fill("Oviedo")
    for number, text in enumerate(("one", "two", "three"), start=1):
        anna.get_by_label(f"Alt text for photo {number}").fill(text)
    anna.get_by_role("button", name="Move photo 3 up").click()
    expect(anna.get_by_role("button", name="Move photo 2 up")).to_be_focused()
    anna.keyboard.press("Enter")
    expect(anna.get_by_role("button", name="Move photo 1 down")).to_be_focused()
    assert alt_texts(anna) == ["three", "one", "two"]
    expect(anna.get_by_label("Caption")).to_have_value("Cups in order #coffee")
    anna.get_by_label("Location").press("Enter")

    anna.wait_for_url(f"**/p/{anna.shortcode}/")
    visitor.goto(f"/p/{anna.shortcode}/")
    for page in (anna, visitor):
        expect(page.locator("article")).to_contain_text("Cups in order #coffee")
        expect(page.locator("article")).to_contain_text("Oviedo")
        expect(page.locator("time", has_text="edited")).to_have_attribute("title")
    shown = visitor.locator("article img.photo-image")
    assert [image.get_attribute("alt") for image in shown.all()] == ["three", "one", "two"]

    # Archived, the post is visible to Anna alone; the button in the message undoes it.
    choose(anna, "Archive")
    confirmation = anna.get_by_role("dialog") if javascript else anna.locator("main")
    confirmation.get_by_role("button", name="Archive").click()
    anna.wait_for_url(f"**/{anna.username}/")
    expect(anna.get_by_text("0 posts")).to_be_visible()
    assert visitor.goto(f"/p/{anna.shortcode}/").status == 404
    anna.locator("#toasts").get_by_role("button", name="Undo").click()
    anna.wait_for_url(f"**/p/{anna.shortcode}/")
    assert visitor.goto(f"/p/{anna.shortcode}/").status == 200

    # She archives it again, and restores it from the archive.
    choose(anna, "Archive")
    confirmation.get_by_role("button", name="Archive").click()
    anna.wait_for_url(f"**/{anna.username}/")
    anna.locator(".profile-menu summary").click()
    anna.get_by_role("link", name="View archive").click()
    anna.locator(f'article[data-post="{anna.shortcode}"] a').click()
    expect(anna.get_by_text("Archived. Only you can see it.")).to_be_visible()
    anna.get_by_role("button", name="Restore").click()
    assert visitor.goto(f"/p/{anna.shortcode}/").status == 200


def test_slides_are_reordered_by_dragging_and_the_new_place_is_announced(open_own_post):
    anna = open_own_post()
    anna.goto(f"/p/{anna.shortcode}/edit/")
    for number in (1, 2, 3):
        anna.get_by_label(f"Alt text for photo {number}").fill(str(number))

    anna.locator(".edit-slide-thumb").nth(2).drag_to(anna.locator(".edit-slide-thumb").nth(0))

    assert alt_texts(anna) == ["3", "1", "2"]
    expect(anna.locator("[data-reorder-status]")).to_have_text("Photo 3 is now number 1 of 3. Not saved yet.")
    expect(anna.get_by_label("Alt text for photo 1")).to_have_value("3")
    anna.get_by_role("button", name="Save").click()
    anna.wait_for_url(f"**/p/{anna.shortcode}/")
    shown = anna.locator("article img.photo-image")
    assert [image.get_attribute("alt") for image in shown.all()] == ["3", "1", "2"]


def test_leaving_asks_only_while_there_are_unsaved_changes(open_own_post):
    anna = open_own_post()
    asked = []
    anna.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    anna.goto(f"/p/{anna.shortcode}/edit/")
    anna.get_by_role("link", name="Cancel").click()
    anna.wait_for_url(f"**/p/{anna.shortcode}/")
    assert asked == []

    anna.goto(f"/p/{anna.shortcode}/edit/")
    anna.get_by_label("Caption").fill("Not saved")
    anna.get_by_role("link", name="Cancel").click()
    anna.wait_for_url(f"**/p/{anna.shortcode}/")
    assert asked == ["beforeunload"]

    anna.goto(f"/p/{anna.shortcode}/edit/")
    anna.get_by_label("Caption").fill("Saved")
    anna.get_by_role("button", name="Save").click()
    anna.wait_for_url(f"**/p/{anna.shortcode}/")
    assert asked == ["beforeunload"]


def test_a_conflicting_edit_in_another_window_is_reported_and_input_is_kept(open_own_post):
    anna = open_own_post(forgive=("409 (Conflict)",))
    anna.goto(f"/p/{anna.shortcode}/edit/")
    other = anna.context.new_page()
    other.goto(f"/p/{anna.shortcode}/edit/")
    other.get_by_label("Caption").fill("From the other window")
    other.get_by_role("button", name="Save").click()
    other.wait_for_url(f"**/p/{anna.shortcode}/")

    anna.get_by_label("Caption").fill("From this window")
    anna.get_by_role("button", name="Save").click()

    expect(anna.get_by_role("alert")).to_contain_text("This post was changed in another window")
    expect(anna.get_by_role("alert")).to_contain_text("From the other window")
    expect(anna.get_by_label("Caption")).to_have_value("From this window")
    anna.get_by_role("button", name="Save").click()
    anna.wait_for_url(f"**/p/{anna.shortcode}/")
    expect(anna.locator("article")).to_contain_text("From this window")


@pytest.mark.promise("H10")
@in_all_states
def test_the_pages_for_editing_pass_axe(all_states, open_own_post):
    anna = open_own_post(forgive=("422 (Unprocessable Entity)",))
    code, found = anna.shortcode, []

    def check(place):
        found.extend(faults(anna, place, all_states=all_states))

    for url in (f"/p/{code}/edit/", f"/p/{code}/archive/", "/archive/"):
        anna.goto(url)
        check(url)
    anna.goto(f"/p/{code}/edit/")
    anna.get_by_label("Alt text for photo 2").fill("x" * 1_001)
    anna.get_by_label("Close friends").check()
    anna.get_by_role("button", name="Save").click()
    expect(anna.get_by_label("Alt text for photo 2")).to_be_focused()
    check("form with errors")
    anna.get_by_label("Alt text for photo 2").fill("a cup")
    anna.get_by_role("button", name="Save").click()
    anna.wait_for_url(f"**/p/{code}/")
    check("for close friends")
    choose(anna, "Archive")
    check("dialog")
    anna.get_by_role("dialog").get_by_role("button", name="Archive").click()
    anna.wait_for_url(f"**/{anna.username}/")
    check("undo")
    for url in (f"/p/{code}/", "/archive/"):
        anna.goto(url)
        check(f"archived {url}")

    assert not found, "\n".join(found)
