"""Scrolling loads more, and Back returns to the same place in the list, also when the page was not kept in memory."""

from playwright.sync_api import expect

from tests.e2e.conftest import PHONE
from tests.e2e.sharing import share


def test_scrolling_loads_older_posts_and_back_from_a_profile_restores_them_and_the_scroll_position(sign_up):
    anna = sign_up("anna", size=PHONE)
    shortcodes = [share(anna, f"Post {number}") for number in range(14)]
    for shortcode in shortcodes:
        assert anna.visitor.wait_for(f"/p/{shortcode}/")[0] == "published"
    anna.goto("/")
    expect(anna.locator("article")).to_have_count(12)

    anna.keyboard.press("End")

    expect(anna.locator("article")).to_have_count(14)
    expect(anna.get_by_text("You’re all caught up")).to_be_visible()
    oldest = anna.locator(f'article[data-post="{shortcodes[0]}"]')
    oldest.scroll_into_view_if_needed()
    expect(oldest).to_be_in_viewport()
    before = oldest.bounding_box()["y"]

    oldest.locator(".post-author").first.click()
    anna.wait_for_url(f"**/{anna.username}/")
    anna.go_back()

    expect(oldest).to_be_in_viewport()
    assert abs(oldest.bounding_box()["y"] - before) < 40
