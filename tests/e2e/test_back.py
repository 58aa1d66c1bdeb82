"""Back in the browser returns to the same place in a list, also when the page was not kept in memory."""

import re

from playwright.sync_api import expect

from tests.conftest import FILES
from tests.e2e.conftest import PHONE
from tests.e2e.test_story import wait_until_published

PHOTO = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": (FILES / "bad" / "name-test.jpg").read_bytes()}


def share_by_request(page, caption):
    """Share a photo as the form without JavaScript does; return the shortcode."""
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page.request.get("/create/").text())
    fields = {"csrfmiddlewaretoken": token[1], "caption": caption, "files": PHOTO}
    answer = page.request.post("/create/", multipart=fields, headers={"Referer": page.url}, max_redirects=0)
    assert answer.status == 302, answer.text()
    return answer.headers["location"].strip("/").split("/")[-1]


def test_back_from_a_profile_shows_the_same_post_of_a_home_page_that_has_grown(sign_up):
    anna = sign_up("anna", size=PHONE)
    shortcodes = [share_by_request(anna, f"Post {number}") for number in range(14)]
    for shortcode in shortcodes:
        wait_until_published(anna, shortcode, javascript=False)
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
