"""The feeds of the home page, with scripts and without."""

import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import faults
from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.sharing import publish
from tests.e2e.test_exploring import follow


@pytest.mark.parametrize(("javascript", "size"), [(True, PHONE), (False, DESKTOP)], ids=["phone", "without scripts"])
def test_a_reader_stars_a_person_and_opens_with_for_you(javascript, size, sign_up):
    ida, kim = sign_up("ida"), sign_up("kim", javascript=javascript, size=size)
    shortcode = publish(ida, "By a favourite")
    follow(kim, ida, javascript=javascript)
    card = kim.locator(f'article[data-post="{shortcode}"]')

    kim.goto(f"/{ida.username}/")
    kim.locator(".profile-menu > summary").click()
    kim.get_by_role("button", name="Add to favourites").click()
    expect(kim.get_by_text(f"{ida.username} is now one of your favourites.")).to_be_visible()
    kim.goto("/")
    expect(kim.get_by_role("link", name="Following", exact=True)).to_have_attribute("aria-current", "page")
    kim.get_by_role("link", name="Favourites", exact=True).click()
    expect(card).to_be_visible()
    assert not javascript or not faults(kim, "/?feed=favourites")

    kim.get_by_role("link", name="For you", exact=True).click()
    expect(card).to_contain_text(f"Because {ida.username} is one of your favourites")
    if javascript:
        with kim.expect_request("**/explore/seen/") as report:
            card.scroll_into_view_if_needed()
        assert shortcode in report.value.post_data
    kim.get_by_role("button", name="Open For you first").click()
    expect(kim.get_by_text("Your home page now opens with For you.")).to_be_visible()
    kim.goto("/")
    expect(kim.get_by_role("link", name="For you", exact=True)).to_have_attribute("aria-current", "page")
    following = kim.get_by_role("link", name="Following", exact=True)
    expect(following).to_have_attribute("href", "/?feed=following")
