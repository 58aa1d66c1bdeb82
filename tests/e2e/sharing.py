"""Share posts in the name of the user of a browser page, and wait until the workers have published them."""

from __future__ import annotations

from tests.conftest import FILES

PHOTO = FILES / "bad" / "name-test.jpg"
"""A real photo that is small enough to be rendered in many tests."""
SECONDS = 1_000
"""A second in milliseconds, the unit of Playwright's timeouts."""


def share(page, caption, *files):
    """Share these files, or PHOTO, in one request without the browser; return the shortcode."""
    answer = page.visitor.share(*((path.name, path.read_bytes()) for path in files or [PHOTO]), caption=caption)
    assert answer.status == 201, answer.text
    return answer.json["shortcode"]


def wait_until_published(page, shortcode):
    """Wait until the workers have published the post, then open its page."""
    url = f"/p/{shortcode}/"
    assert page.visitor.wait_for(url, seconds=120)[0] == "published"
    page.goto(url)


def publish(page, caption, *files):
    """Share these files, or PHOTO, wait until the post is published, and open its page; return the shortcode."""
    shortcode = share(page, caption, *files)
    wait_until_published(page, shortcode)
    return shortcode
