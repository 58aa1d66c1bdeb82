"""The browser's Back button returns to the same place in a list, also when the page was not kept in memory."""

from playwright.sync_api import expect

from tests.e2e.conftest import PHONE
from tests.e2e.sharing import share, wait_until_published


def test_back_from_a_profile_restores_a_home_page_of_several_pages_and_its_scroll_position(sign_up):
    anna = sign_up("anna", size=PHONE)
    shortcodes = [share(anna, f"Post {number}") for number in range(14)]
    for shortcode in shortcodes:
        wait_until_published(anna, shortcode)
    anna.goto("/")
    anna.locator(".more-link").scroll_into_view_if_needed()
    oldest = anna.locator(f'article[data-post="{shortcodes[0]}"]')
    oldest.scroll_into_view_if_needed()
    expect(oldest).to_be_in_viewport()
    before = oldest.bounding_box()["y"]

    oldest.locator(".post-author").first.click()
    anna.wait_for_url(f"**/{anna.username}/")
    anna.go_back()

    expect(oldest).to_be_in_viewport()
    assert abs(oldest.bounding_box()["y"] - before) < 40
