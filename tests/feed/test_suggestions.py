"""Suggested people and the reasons for them."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from accounts.actions.moderation import suspend_person
from accounts.models import User
from common.tasks import fold_counters
from feed.actions import dismiss_suggestion
from feed.models import DismissedPerson
from feed.suggestions import followed_by, suggestions_after, suggestions_for
from social.actions.blocks import block
from social.actions.follows import follow, unfollow
from social.actions.mutes import mute
from social.actions.privacy import change_privacy
from tests.conftest import HTMX

pytestmark = pytest.mark.django_db


@pytest.fixture
def circle(person):
    """The reader follows anna and ben, who both follow carla; ben alone follows dora."""
    people = {name: person(name) for name in ("reader", "anna", "ben", "carla", "dora")}
    for who, whom in [("reader", "anna"), ("reader", "ben"), ("anna", "carla"), ("ben", "carla"), ("ben", "dora")]:
        follow(people[who], followee=people[whom])
    people["reader"].refresh_from_db()
    return people


def told(reader, **options):
    reader = User.objects.get(pk=reader.pk)
    return [(one.person.username, one.reason) for one in suggestions_for(reader, **options)]


def test_people_followed_by_followees_come_first_with_the_reason(circle):
    assert told(circle["reader"]) == [("carla", "Followed by ben and anna"), ("dora", "Followed by ben")]


@pytest.mark.parametrize(
    ("names", "number", "text"),
    [
        (["anna"], 1, "Followed by anna"),
        (["anna", "ben"], 2, "Followed by anna and ben"),
        (["anna"], 2, "Followed by anna and 1 other"),
        (["anna", "ben", "carla"], 4, "Followed by anna and 3 others"),
    ],
)
def test_the_reason_in_words(names, number, text):
    assert followed_by(names, number) == text


def test_followed_requested_muted_blocked_and_dismissed_people_are_not_suggested(circle, person):
    reader = circle["reader"]
    for name in ("erin", "finn", "gus"):
        follow(circle["anna"], followee=person(name))
    people = {one.username: one for one in User.objects.all()}
    change_privacy(people["erin"], is_private=True)
    assert len(told(reader)) == 5
    follow(reader, followee=circle["carla"])
    follow(reader, followee=people["erin"])
    mute(reader, muted=people["finn"])
    block(people["gus"], blocked=reader)
    dismiss_suggestion(reader, dismissed=circle["dora"])

    assert told(reader) == []


@pytest.mark.promise("A2")
def test_a_reason_names_only_people_the_reader_can_see_now(circle):
    reader = circle["reader"]
    assert told(reader)[0] == ("carla", "Followed by ben and anna")

    suspend_person(circle["ben"], reason="spam")

    # The list is cached for an hour; names are checked at each request.
    assert told(reader) == [("carla", "Followed by anna")]
    unfollow(reader, followee=circle["anna"])
    assert told(reader) == []


@pytest.mark.promise("A6")
def test_a_block_hides_a_person_from_the_cached_list(circle):
    reader = circle["reader"]
    assert told(reader)[0][0] == "carla"

    block(circle["carla"], blocked=reader)
    suspend_person(circle["dora"], reason="spam")

    assert told(reader) == []


def test_newcomers_are_suggested_popular_and_new_people(person, share):
    newcomer, fan = person("newcomer"), person("fan")
    for name in ("star", "bright", "plain", "silent"):
        one = person(name)
        if name != "silent":
            share(one)
        if name in {"star", "bright"}:
            follow(fan, followee=one)
    fold_counters()

    assert told(newcomer) == [("bright", "Popular"), ("star", "Popular"), ("plain", "New here")]


def test_a_follow_rebuilds_the_list(circle, person):
    reader = circle["reader"]
    assert len(told(reader)) == 2
    erin, finn = person("erin"), person("finn")
    follow(erin, followee=finn)

    follow(reader, followee=erin)

    assert ("finn", "Followed by erin") in told(reader)


def test_the_full_list_pages_by_cursor_without_gap_or_repeat(circle, person, signed_in):
    for number in range(23):
        follow(circle["anna"], followee=person(f"other{number}"))
    browser = signed_in(circle["reader"])

    page = browser.get("/explore/people/").context["page"]
    rest = browser.get(page.next_url, headers=HTMX)

    names = [one.person.username for one in [*page, *rest.context["page"]]]
    assert (len(page), len(names), len(set(names))) == (20, 25, 25)
    assert "<html" not in rest.text
    assert browser.get("/explore/people/?cursor=1000000000000").status_code == 200


def test_dismissing_and_undoing(circle, signed_in):
    browser = signed_in(circle["reader"])
    assert "Hide carla from suggestions" in browser.get("/explore/people/").text

    row = browser.post("/explore/people/carla/dismiss/", headers=HTMX).text

    assert "Undo" in row
    assert [name for name, _ in told(circle["reader"])] == ["dora"]
    again = browser.post("/explore/people/carla/restore/", headers=HTMX).text
    assert "Follow" in again
    assert [name for name, _ in told(circle["reader"])] == ["carla", "dora"]


def test_without_scripts_dismissing_can_be_undone_too(circle, signed_in):
    browser = signed_in(circle["reader"])

    page = browser.post("/explore/people/carla/dismiss/", {"next": "/"}, follow=True)

    assert page.redirect_chain == [("/", 302)]
    assert "We won’t suggest carla again" in page.text
    assert 'action="/explore/people/carla/restore/"' in page.text


def test_dismissing_twice_is_harmless_and_the_row_is_deleted_with_the_person(circle):
    reader, carla = circle["reader"], circle["carla"]
    assert [dismiss_suggestion(reader, dismissed=carla) for _ in range(2)] == [True, False]
    with pytest.raises(User.DoesNotExist):
        dismiss_suggestion(reader, dismissed=User(pk=1))
    assert DismissedPerson.objects.count() == 1


def test_without_suggestions_the_page_has_a_message(signed_in, person):
    assert "No suggestions" in signed_in(person("alone")).get("/explore/people/").text


@pytest.mark.promise("O7")
@pytest.mark.parametrize("size", [2, 20])
def test_suggestions_cost_the_same_queries_whatever_their_number(
    size, circle, person, signed_in, django_assert_num_queries
):
    for number in range(size):
        follow(circle["anna"], followee=person(f"other{number}"))
    browser = signed_in(circle["reader"])
    browser.get("/explore/people/")

    # The session, the people.
    with django_assert_num_queries(2):
        browser.get("/explore/people/")
    cache.clear()
    # People followed by followees, popular people and new people.
    with django_assert_num_queries(5):
        browser.get("/explore/people/")
    reader = User.objects.get(username="reader")
    with django_assert_num_queries(1):
        suggestions_after(reader, 0, count=20)
