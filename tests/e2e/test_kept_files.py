"""A form with errors keeps uploaded files also without scripts, and they can be shared."""

import pytest
from playwright.sync_api import expect

from tests.conftest import FILES
from tests.e2e.conftest import DESKTOP, PHONE


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_files_of_a_form_with_errors_are_kept_and_shared(size, sign_up, tmp_path):
    page = sign_up("keeper", javascript=False, size=size, forgive=("422 (Unprocessable Entity)",))
    notes = tmp_path / "notes.jpg"
    notes.write_text("no photo")
    page.goto("/create/")
    page.locator("#id_files").set_input_files([FILES / "bad" / "name-test.jpg", notes])
    page.get_by_label("Caption", exact=True).fill("typed")
    page.get_by_role("button", name="Share", exact=True).click()

    expect(page.get_by_text("notes.jpg: We can't read this file as a photo or video")).to_be_visible()
    kept = page.get_by_role("checkbox", name="name-test.jpg")
    expect(kept).to_be_checked()
    expect(page.get_by_label("Caption", exact=True)).to_have_value("typed")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.get_by_label("Alt text of name-test.jpg").fill("a cup")
    page.get_by_role("button", name="Share", exact=True).click()
    page.wait_for_url("**/p/**")

    for _ in range(40):
        if page.get_by_alt_text("a cup").count():
            break
        page.wait_for_timeout(250)
        page.reload()
    expect(page.get_by_alt_text("a cup").first).to_be_visible()
    page.goto("/create/")
    expect(page.get_by_role("group", name="Already uploaded")).to_have_count(0)
