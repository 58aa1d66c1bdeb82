"""Favourites and the volume of a followee are secret, and end with the follow."""

import pytest
from django.db import IntegrityError

from accounts.models import User
from common import limits
from common.refusals import Refusal
from social.actions import feed_choices
from social.actions.blocks import block
from social.actions.feed_choices import add_favourite, change_volume, remove_favourite
from social.actions.follows import follow, unfollow
from social.models import Follow, Volume
from tests.conftest import HTMX


def follow_of(follower, followee):
    return Follow.objects.get(follower=follower, followee=followee)


def test_a_followee_becomes_a_favourite(signed_in, author, follower):
    browser = signed_in(follower)
    assert "Add to favourites" in browser.get("/author/").text

    answer = browser.post("/author/add-favourite/", follow=True)

    assert "author is now one of your favourites." in answer.text
    assert "Remove from favourites" in answer.text
    assert "author" in browser.get("/accounts/favourites/").text
    assert "avourite" not in signed_in(author).get("/follower/").text


def test_adding_and_removing_a_favourite_twice_is_like_once(author, follower):
    assert [add_favourite(follower, followee=author) for _ in range(2)] == [True, False]
    assert [remove_favourite(follower, followee=author) for _ in range(2)] == [True, False]


@pytest.mark.parametrize("change", ["add-favourite", "volume"])
def test_choices_need_a_follow(signed_in, author, stranger, change):
    answer = signed_in(stranger).post(f"/author/{change}/", {"volume": "fewer"}, follow=True)

    assert "You don’t follow author. Follow them first." in answer.text
    assert not Follow.objects.filter(follower=stranger).exists()
    assert "avourites" not in signed_in(stranger).get("/author/").text


def test_the_number_of_favourites_is_limited(author, follower, person, signed_in, monkeypatch):
    monkeypatch.setattr(feed_choices, "MAX_FAVOURITES", 1)
    other = person()
    follow(follower, followee=other)
    add_favourite(follower, followee=other)

    with pytest.raises(Refusal, match="limit"):
        add_favourite(follower, followee=author)
    answer = signed_in(follower).post("/author/add-favourite/", headers=HTMX)

    assert answer.status_code == 422
    assert "limit" in answer.text
    assert limits.MAX_FAVOURITES == 50


@pytest.mark.parametrize("end", [lambda a, b: unfollow(a, followee=b), lambda a, b: block(b, blocked=a)])
def test_choices_end_with_the_follow(author, follower, end):
    add_favourite(follower, followee=author)
    change_volume(follower, followee=author, volume=Volume.FEWER)

    end(follower, author)

    assert not Follow.objects.filter(follower=follower, followee=author).exists()


def test_following_again_starts_without_choices(author, follower):
    add_favourite(follower, followee=author)
    change_volume(follower, followee=author, volume=Volume.FEWER)
    unfollow(follower, followee=author)

    follow(follower, followee=author)

    again = follow_of(follower, author)
    assert (again.is_favourite, again.volume) == (False, Volume.ALL)


def test_a_removed_favourite_can_be_added_again_in_the_list(signed_in, author, follower):
    add_favourite(follower, followee=author)

    removed = signed_in(follower).post("/author/remove-favourite/", headers=HTMX)

    assert "/author/add-favourite/" in removed.text
    signed_in(follower).post("/author/add-favourite/", headers=HTMX)
    assert follow_of(follower, author).is_favourite


def test_the_volume_is_chosen_on_a_page(signed_in, author, follower):
    browser = signed_in(follower)
    assert 'value="all" checked' in browser.get("/author/volume/").text

    answer = browser.post("/author/volume/", {"volume": "highlights"}, follow=True)

    assert "highlights only" in answer.text
    assert follow_of(follower, author).volume == Volume.HIGHLIGHTS
    assert browser.post("/author/volume/", {"volume": "loud"}).status_code == 422
    assert browser.get("/follower/volume/").status_code == 404, "of themselves"


def test_the_database_knows_three_volumes(author, follower):
    with pytest.raises(IntegrityError, match="volume_is_known"):
        Follow.objects.filter(follower=follower).update(volume=3)


def test_the_database_knows_three_feeds(author):
    with pytest.raises(IntegrityError, match="first_feed_is_known"):
        User.objects.filter(pk=author.pk).update(first_feed="loudest")


@pytest.mark.parametrize("size", [2, 8])
def test_the_list_of_favourites_costs_the_same_at_every_size(
    follower, author, person, signed_in, django_assert_max_num_queries, size
):
    for _ in range(size):
        followee = person()
        follow(follower, followee=followee)
        add_favourite(follower, followee=followee)
    browser = signed_in(follower)

    with django_assert_max_num_queries(7):
        answer = browser.get("/accounts/favourites/")

    assert answer.text.count('class="change-button"') == size
