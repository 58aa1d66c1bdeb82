"""Following and unfollowing, their counts and their lists."""

import pytest

from accounts.actions.moderation import suspend_person
from accounts.models import User
from common.refusals import Refusal
from social.actions.follows import follow
from social.models import Follow
from tests.conftest import HTMX


def counts(person):
    person = User.objects.with_counts().get(pk=person.pk)
    return person.followers_count, person.following_count


def test_following_twice_has_the_effect_of_following_once(signed_in, author, stranger):
    browser = signed_in(stranger)
    for _ in range(2):
        assert browser.post("/author/follow/")["Location"] == "/author/"

    assert counts(author) == (1, 0)
    assert counts(stranger) == (0, 1)


def test_unfollowing_twice_has_the_effect_of_unfollowing_once(signed_in, author, follower):
    browser = signed_in(follower)
    for _ in range(2):
        assert browser.post("/author/unfollow/").status_code == 302

    assert counts(author) == (0, 0)
    assert counts(follower) == (0, 0)


def test_htmx_gets_the_new_button(signed_in, author, stranger):
    answer = signed_in(stranger).post("/author/follow/", headers=HTMX)

    assert "/author/unfollow/" in answer.text
    assert "<html" not in answer.text


def test_people_cannot_follow_themselves(signed_in, author):
    signed_in(author).post("/author/follow/")

    assert not Follow.objects.exists()
    with pytest.raises(Refusal):
        follow(author, followee=author)


def test_a_get_request_does_not_follow(signed_in, author, stranger):
    assert signed_in(stranger).get("/author/follow/").status_code == 405
    assert not Follow.objects.exists()


def test_missing_and_suspended_people_have_the_same_response(signed_in, author, stranger):
    suspend_person(author, reason="spam")

    assert signed_in(stranger).post("/author/follow/").status_code == 404
    assert signed_in(stranger).post("/nobody.here/follow/").status_code == 404


def test_lists_require_a_session(client, author):
    assert client.get("/author/followers/").status_code == 302


def test_lists_are_newest_first_and_omit_suspended_people(signed_in, author, person):
    people = [person() for _ in range(3)]
    for each in people:
        follow(each, followee=author)
    suspend_person(people[1], reason="spam")

    page = signed_in(people[0]).get("/author/followers/").context["page"]

    assert [each.pk for each in page] == [people[2].pk, people[0].pk]
    assert [each.username for each in signed_in(people[0]).get(f"/{people[0]}/following/").context["page"]] == [
        "author"
    ]


def test_lists_are_paginated_by_cursor(signed_in, author, person):
    for _ in range(32):
        follow(person(), followee=author)
    browser = signed_in(author)

    page = browser.get("/author/followers/").context["page"]
    rest = browser.get(page.next_url).context["page"]
    fragment = browser.get(page.next_url, headers=HTMX)

    assert (len(page), len(rest)) == (30, 2)
    assert "<html" not in fragment.text
    assert fragment.text.count('class="person"') == 2
    assert "HX-Request" in fragment["Vary"]
    assert not {each.pk for each in page} & {each.pk for each in rest}


@pytest.mark.promise("O7")
@pytest.mark.parametrize("which", ["followers", "following"])
@pytest.mark.parametrize("size", [2, 20])
def test_lists_cost_the_same_queries_at_every_size(which, size, signed_in, author, person, django_assert_num_queries):
    for _ in range(size):
        other = person()
        follow(other, followee=author)
        follow(author, followee=other)
    browser = signed_in(author)
    browser.get(f"/author/{which}/")

    with django_assert_num_queries(4):  # the session, the person, the follows, the people
        browser.get(f"/author/{which}/")
