"""The frame of pages: rendered once per process, and filled for each person."""

import re
from itertools import permutations

import pytest
from django.http import HttpResponse
from django.template import engines
from django.test import Client, override_settings
from django.urls import path

from accounts import frame
from accounts.models import User
from common.fast_reverse import current_paths
from instagram.urls import urlpatterns as site_urls
from notifications.actions import mark_all_read
from social.actions.follows import follow
from social.actions.privacy import change_privacy

PAGES = ("/", "/explore/", "/accounts/edit/", "/notifications/", "/search/", "/create/")


@pytest.fixture
def people(person, tasks_run):
    """Return people who differ in all that a frame shows: picture, name, badges, theme and the admin's link."""
    anna = person("anna", name="Anna <b>&amp;")
    boss = person("boss")
    photo = {size: {"webp": f"aa/bb/{size}.webp", "jpeg": f"aa/bb/{size}.jpg"} for size in ("96", "320")}
    User.objects.filter(pk=boss.pk).update(avatar=photo, avatar_state="ready", is_staff=True)
    private = person("private")
    change_privacy(private, is_private=True)
    follow(anna, followee=private)
    with tasks_run():
        follow(boss, followee=anna)
    return [anna, boss, private]


def browser_of(person, theme=""):
    browser = Client()
    browser.force_login(person)
    if theme:
        browser.cookies["theme"] = theme
    return browser


def frame_of(answer):
    """Return the page before its main block, and the bottom bar, without the CSRF token."""
    text = re.sub("[A-Za-z0-9]{64}", "TOKEN", answer.text)
    return text.partition("<main")[0] + text.partition('<nav class="bottom-bar"')[2].partition("</nav>")[0]


def test_the_frame_of_one_person_is_never_shown_to_another(people):
    """For each ordered pair in one process, the cached frame equals a freshly rendered one."""
    for one, other in permutations(people, 2):
        for url in PAGES:
            browsers = [browser_of(one), browser_of(other, "dark"), browser_of(one)]
            frames = [frame_of(browser.get(url)) for browser in browsers]
            assert frames[0] == frames[2]
            for person, shown in ((one, frames[0]), (other, frames[1])):
                names = [name for name in ("anna", "boss", "private") if f'href="/{name}/"' in shown]
                assert names == [person.username], url
            for cached in (frame._document, frame._page, frame._badge):
                cached.cache_clear()
            assert frame_of(browsers[1].get(url)) == frames[1], url


def test_what_a_frame_shows_of_each_person(people):
    anna, boss, private = (frame_of(browser_of(one).get("/explore/")) for one in people)

    assert ", 1 new</span>" in anna
    assert "data-badge hidden" in boss
    assert re.search(r'<span class="avatar avatar-24" aria-hidden="true">\s*A\s*</span>', anna)
    assert f'src="/media/people/{people[1].pk}/aa/bb/96.webp"' in boss
    assert ("Moderation" in boss, "Moderation" in anna) == (True, False)
    assert ", 1 pending</span>" in private
    assert "requests-badge" not in anna


def test_badges_go_with_what_they_count(people):
    anna = people[0]
    browser = browser_of(anna)
    assert ", 1 new</span>" in browser.get("/explore/").text

    mark_all_read(anna, up_to=2**62)

    assert "data-badge hidden" in browser.get("/explore/").text


@pytest.mark.parametrize(
    ("url", "marked"),
    [("/", 2), ("/explore/", 2), ("/create/", 2), ("/anna/", 2), ("/search/", 2), ("/accounts/edit/", 0)],
)
def test_the_current_section_is_marked(people, url, marked):
    shown = frame_of(browser_of(people[0]).get(url))

    assert shown.count('aria-current="page"') == marked


@pytest.mark.parametrize("theme", ["light", "dark", "system"])
def test_the_theme_is_the_one_of_the_browser(people, theme):
    shown = browser_of(people[0], theme).get("/explore/").text

    assert f'data-theme="{theme}"' in shown
    pressed = shown.split(f'value="{theme}"')[1].split(">")[0]
    assert 'aria-pressed="true"' in pressed
    assert shown.count('aria-pressed="true"') == 1


def test_addresses_in_a_frame_are_escaped(people, client):
    url = "/explore/?a=1&b=%22%3E%3Cscript%3E"

    member = browser_of(people[0]).get(url).text
    visitor = client.get(url).text

    assert '<input type="hidden" name="next" value="/explore/?a=1&amp;b=%22%3E%3Cscript%3E">' in member
    assert 'href="/accounts/login/?next=/explore/%3Fa%3D1%26b%3D%2522%253E%253Cscript%253E"' in visitor


def test_a_template_of_the_frame_gets_no_request_and_no_user():
    """It reads variants, settings and slots only; other names would be empty for everybody."""
    for name in ("document", "_rail", "_more_menu", "_bottom_bar", "_visitor_bar"):
        source = engines["django"].engine.get_template(f"frame/{name}.html").source
        for word in ("user.", "request.", "perms", "messages", "path "):
            assert f"{{{{ {word}" not in source, name
            assert f"{{% if {word}" not in source, name


def test_a_frame_with_a_missing_slot_fails():
    variant = frame.Variant(
        "", "system", is_member=True, is_staff=False, has_requests=False, is_read=True, language=None
    )

    with pytest.raises(KeyError):
        frame._document(variant, current_paths(), site_name="Site", site_description="").fill({})


def empty(request):
    template = engines["django"].from_string('{% extends "base.html" %}')
    return HttpResponse(template.render({}, request))


urlpatterns = [path("empty/", empty), *site_urls]


@override_settings(ROOT_URLCONF=__name__)
def test_an_empty_page_takes_one_statement(people, django_assert_num_queries):
    browser = browser_of(people[1])
    browser.get("/empty/")

    with django_assert_num_queries(1):
        assert browser.get("/empty/").status_code == 200
