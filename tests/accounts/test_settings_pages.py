"""Navigation of the settings: an index of all pages, and a link back on each page."""

import re

import pytest

from tests.markup import one_line

NAV = re.compile(r'<nav class="settings-nav".*?</nav>', re.DOTALL)
ENTRY = re.compile(r'<a href="([^"]+)" (aria-current="page")?> <span>([^<]+)</span>')


def entries(page):
    """Return {address: (title, is_current)} of the settings navigation on `page`."""
    return {address: (title, bool(current)) for address, current, title in ENTRY.findall(one_line(NAV.search(page)[0]))}


def test_the_index_lists_every_page_and_each_page_is_marked_and_links_back(signed_in, author):
    browser = signed_in(author)
    index = browser.get("/accounts/settings/")
    listed = entries(index.text)

    assert index.status_code == 200
    assert len(listed) == 13
    assert not any(current for _, current in listed.values())
    for address in listed:
        page = browser.get(address).text
        assert [one for one, (_, current) in entries(page).items() if current] == [address]
        assert '<a class="settings-back" href="/accounts/settings/">' in page
        assert len(re.findall("<h1", page)) == 1, address


@pytest.mark.parametrize(
    ("address", "current"),
    [
        ("/accounts/mobile/", "Edit profile"),
        ("/accounts/deactivate/", "Delete or deactivate"),
        ("/accounts/close-friends/", "Privacy"),
        ("/accounts/favourites/", "Privacy"),
        ("/accounts/tags/muted/", "Tags"),
        ("/accounts/apps/own/", "Apps"),
    ],
)
def test_a_subpage_marks_its_parent(address, current, signed_in, author):
    page = signed_in(author).get(address).text

    assert [title for title, is_current in entries(page).values() if is_current] == [current]


def test_phones_get_a_link_to_the_settings_index(signed_in, author):
    assert signed_in(author).get("/").text.count('href="/accounts/settings/"') == 1
