"""A user with dozens of posts exports their data and deletes the account; the archive opens and no file is left."""

from __future__ import annotations

import time
import zipfile

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PASSWORD

POSTS = 24

MAKE_POSTS = """
from pathlib import Path
from accounts.models import User
from tests.personal_data.whole_account import posts_of
photo = Path("tests/files/bad/name-test.jpg").read_bytes()
posts_of(User.objects.get(username="{username}"), photo, {posts})
"""

LOADED = """async () => {
    for (const image of document.images) {
        image.loading = "eager";
        await image.decode();
    }
    return Array.from(document.images, (image) => image.naturalWidth);
}"""


@pytest.mark.promise("P3", "P4")
def test_all_posts_are_exported_and_deleted(sign_up, open_browser, site, tmp_path):
    page = sign_up("leaver")
    username = page.username
    page.goto("/accounts/edit/")
    page.get_by_label("Name").fill("Lea Leaver")
    page.get_by_role("button", name="Save").click()
    site.manage("shell", "-c", MAKE_POSTS.format(username=username, posts=POSTS))
    files_before = site.files()

    # The worker makes the archive; the page shows the progress, then the link.
    page.get_by_role("link", name="Download your data").click()
    page.get_by_role("button", name="Request archive").click()
    link = page.get_by_role("link", name="Download", exact=True)
    expect(link).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        link.click()
    download.value.save_as(tmp_path / "archive.zip")
    with zipfile.ZipFile(tmp_path / "archive.zip") as archive:
        archive.extractall(tmp_path / "unpacked")

    unpacked = open_browser()
    unpacked.goto((tmp_path / "unpacked" / "index.html").as_uri())
    expect(unpacked.get_by_role("heading", name="Lea Leaver")).to_be_visible()
    assert unpacked.evaluate("getComputedStyle(document.body).maxWidth") != "none"
    widths = unpacked.evaluate(LOADED)
    assert len(widths) == POSTS
    assert min(widths) > 0

    # Deleting: the page shows the date, logging in offers to keep the account, and when the date is past it is deleted.
    page.get_by_role("link", name="Delete or deactivate").click()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete on").click()
    expect(page.get_by_text("will be deleted on")).to_be_visible()
    page.goto("/accounts/login/")
    page.get_by_label("Username or email").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Keep your account?")).to_be_visible()

    site.sql("UPDATE accounts_user SET deletes_at = now() WHERE username = %s RETURNING id", username)
    until = time.monotonic() + 60
    while site.sql("SELECT id FROM accounts_user WHERE username = %s", username):
        assert time.monotonic() < until
        time.sleep(0.5)
    (posts, files), *_ = site.sql(
        "SELECT rows -> 'posts_post', files FROM personal_data_deletionrecord WHERE person_id IS NULL ORDER BY id DESC"
    )
    # There are three files of each post, and the archive.
    assert (int(posts), files) == (POSTS, 3 * POSTS + 1)
    left = {alias: site.files()[alias] & files_before[alias] for alias in files_before}
    gone = sum(len(files_before[alias]) - len(left[alias]) for alias in left)
    assert gone == 3 * POSTS
