"""A user is tagged in a photo, finds it on their profile and removes the tag, with scripts and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.sharing import publish


@pytest.mark.parametrize(
    "javascript", [True, pytest.param(False, marks=pytest.mark.deep)], ids=["with scripts", "without scripts"]
)
def test_a_tagged_user_finds_the_photo_on_their_profile_and_removes_the_tag(javascript, sign_up):
    anna = sign_up("anna", javascript=javascript)
    ben = sign_up("ben", javascript=javascript, size=PHONE if javascript else DESKTOP)
    shortcode = publish(anna, "Both of us")

    anna.goto(f"/p/{shortcode}/edit/")
    part = anna.locator("[data-tagging]")
    if javascript:
        photo = part.locator("[data-tagging-photo]")
        box = photo.bounding_box()
        photo.click(position={"x": box["width"] * 0.25, "y": box["height"] * 0.75})
        expect(part.get_by_label("Username")).to_be_focused()
        expect(part.get_by_label("From the left")).to_be_hidden()
        assert abs(float(part.locator("[name=x]").input_value()) - 25) < 1
        anna.keyboard.type(ben.username[:-1])
        expect(part.locator(f'datalist option[value="{ben.username}"]')).to_have_count(1)
        label = part.get_by_role("button", name=ben.username[:-1])
        label.press("ArrowUp")
        assert abs(float(part.locator("[name=y]").input_value()) - 73) < 1
    else:
        part.get_by_label("From the left").fill("25")
        part.get_by_label("From the top").fill("75")
    part.get_by_label("Username").fill(ben.username)
    part.get_by_role("button", name="Tag in photo 1").click()
    expect(part.get_by_role("button", name=f"Remove {ben.username} from photo 1")).to_be_visible()

    # Ben finds the photo on his profile, and his name in it.
    ben.goto(f"/{ben.username}/")
    ben.get_by_role("link", name="Tagged", exact=True).click()
    ben.locator(f'article[data-post="{shortcode}"] a').click()
    people = ben.locator("[data-photo-people]")
    people.locator("summary").click()
    expect(people.get_by_role("link", name=ben.username).first).to_be_visible()

    if javascript:
        # On a card, names are loaded on demand; the name is at the place that was tagged.
        anna.goto("/")
        card = anna.locator(f'article[data-post="{shortcode}"]')
        card.locator("[data-photo-people] summary").click()
        name = card.locator("a.photo-person")
        expect(name).to_be_visible()
        middle = name.evaluate("e => e.offsetLeft / e.closest('.photo').clientWidth")
        assert abs(middle - 0.25) < 0.06

    people.get_by_role("button", name="Remove me").click()
    if javascript:
        ben.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
        expect(people.get_by_text("No one is tagged.")).to_be_visible()
    ben.goto(f"/{ben.username}/tagged/")
    expect(ben.get_by_role("heading", name="No photos yet")).to_be_visible()
    anna.goto(f"/p/{shortcode}/")
    expect(anna.locator("[data-photo-people]")).to_have_count(0)
