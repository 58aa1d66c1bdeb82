"""The page that shows each component in each state."""

import re

import pytest


@pytest.mark.django_db
def test_the_style_guide_shows_every_state_without_a_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        page = client.get("/styleguide/")

    assert page.status_code == 200
    html = page.content.decode()
    for shown in (
        *('data-state="processing"', 'data-state="failed"', 'data-state="removed"', 'data-state="archived"'),
        *('class="carousel', 'class="alt-text"', "View all 18 comments", 'aria-pressed="true"', 'class="field-error"'),
        *("edited</time>", "Close friends</span>", 'class="toast-action"'),
        *('class="tile"', 'class="empty"', 'class="dialog', 'class="toast"', 'class="caught-up"'),
    ):
        assert shown in html, shown


@pytest.mark.django_db
def test_the_photos_of_the_style_guide_can_be_loaded(client):
    html = client.get("/styleguide/").content.decode()
    urls = set(re.findall(r'src="(/media/[^"]+)"', html))

    assert any("/people/" in url for url in urls), "avatars are loaded as well"
    for url in urls:
        assert client.get(url)["Content-Type"] == "image/jpeg", url


@pytest.mark.django_db
def test_every_colour_of_the_style_guide_is_a_token_and_has_its_rule(settings):
    from styleguide.views import COLOURS

    tokens = (settings.BASE_DIR / "static/css/tokens.css").read_text()
    rules = (settings.BASE_DIR / "static/styleguide/styleguide.css").read_text()
    for name in COLOURS:
        assert f"--{name}:" in tokens, name
        assert f".swatch-{name} {{\n    background: var(--{name});\n  }}" in rules, name
