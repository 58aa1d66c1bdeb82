"""The size of the HTML of the home page, which people load most often, with files named as in production."""

from __future__ import annotations

import re

import pytest

from media.storage import new_key
from posts.actions.likes import like_post
from posts.models import Media
from social.actions.follows import follow

pytestmark = pytest.mark.django_db

MAX_PAGE_BYTES = 50 * 1024
MAX_CARD_BYTES = 3584
WIDTHS = (320, 640, 1080, 1440)


@pytest.fixture
def home(author, follower, person, share, signed_in):
    """Return the HTML of a home page: 12 posts, of which three have two photos, and five suggestions."""
    liker = person("liker")
    for number in range(12):
        post = share(author, photos=1 + (number % 4 == 0), caption=f"Number {number} of a series #bench @{author}")
        like_post(post, liker=liker)
    for medium in Media.objects.all():
        medium.placeholder = "data:image/webp;base64," + "A" * 160
        medium.renditions = [
            {"width": width, "height": width * 3 // 4, "webp": new_key(".webp"), "jpeg": new_key(".jpg")}
            for width in WIDTHS
        ]
        medium.save()
    for number in range(5):
        follow(author, followee=person(f"suggested{number}"))
    browser = signed_in(follower)
    html = browser.get("/").text
    assert html.count('class="icon-button dismiss-button"') == 5
    return html


def cards_of(html: str) -> list[str]:
    return re.findall(r'<article class="post-card".*?</article>', html, re.DOTALL)


def weights(html: str) -> dict[str, int]:
    """Return the bytes of each part of the page, and of each kind of markup in the first card."""
    cards = cards_of(html)
    before, after = html.split(cards[0])[0], html.split(cards[-1])[1]
    panel, _, rest = after.partition('<nav class="bottom-bar"')
    bars, _, templates = rest.partition("<template")
    parts = {"navigation": before, "cards": "".join(cards), "panel": panel, "bars": bars, "templates": templates}
    kinds = {
        "addresses of files": r'/media/[^" ]+',
        "placeholders": r"data:image[^\"]+",
        "icons": r"<i class=[^>]+></i>",
        "other addresses": r'(?:href|formaction)="[^"]+"',
        "labels": r'(?:aria-label|title|alt)="[^"]+"',
        "white space": r"\s+(?=<)|\n+",
    }
    sizes = {name: len(part.encode()) for name, part in parts.items()}
    return sizes | {f"card: {name}": sum(map(len, re.findall(kind, cards[0]))) for name, kind in kinds.items()}


def test_a_home_page_has_at_most_50_kb(home):
    assert len(cards_of(home)) == 12
    assert len(home.encode()) <= MAX_PAGE_BYTES, weights(home)


def test_a_card_of_a_photo_has_at_most_three_and_a_half_kb(home):
    sizes = [len(card.encode()) for card in cards_of(home) if "carousel" not in card]
    assert len(sizes) == 9
    assert max(sizes) <= MAX_CARD_BYTES, weights(home)


def test_a_further_photo_adds_at_most_one_kb(home):
    single, double = (
        max(len(card.encode()) for card in cards_of(home) if ("carousel" in card) is has_two)
        for has_two in (False, True)
    )
    assert double - single <= 1024, weights(home)
