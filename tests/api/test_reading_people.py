"""People, lists of people, and the caller's own data as the API returns them."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from accounts.models import User
from posts.actions.comments import add_comment
from posts.actions.likes import like_post
from posts.models import PersonTag
from social.actions.blocks import block
from social.actions.close_friends import add_close_friend
from social.actions.feed_choices import add_favourite
from social.actions.follows import follow
from social.actions.mutes import mute
from social.actions.privacy import change_privacy
from social.actions.restrictions import restrict
from social.models import Follow, FollowRequest

pytestmark = pytest.mark.django_db


def test_a_profile_has_the_same_data_as_its_page(author, follower, stranger, post, get):
    mute(follower, muted=author)
    User.objects.filter(pk=author.pk).update(bio="Light, mostly.", link="https://example.org/")

    person = get(follower, "/users/@author")

    assert (person["post_count"], person["follower_count"], person["following_count"]) == (1, 1, 0)
    assert (person["bio"], person["link"], person["is_open"]) == ("Light, mostly.", "https://example.org/", True)
    assert person["viewer"] == {
        "standing": "following", "follows_you": False, "muted": True, "restricted": False, "close_friend": False,
    }  # fmt: skip
    assert "email" not in person


def test_the_own_profile_has_private_data(author, post, get):
    mine = get(author, "/user/profile/")

    assert (mine["email"], mine["mobile"], mine["viewer"]) == ("author@example.org", None, None)
    assert mine["post_count"] == 1


def test_a_private_account_shows_only_its_header(author, follower, stranger, post, client, get):
    change_privacy(author, is_private=True)

    for reader, is_open in ((follower, True), (stranger, False)):
        assert get(reader, "/users/@author")["is_open"] is is_open
        for path in ("posts", "posts?tagged=true", "followers", "following"):
            get(reader, f"/users/@author/{path}", status=200 if is_open else 404)
    assert client.get("/api/users/@author/posts").status_code == 404


def test_lists_of_people_continue_after_a_cursor(author, person, stranger, get):
    names = []
    for _ in range(3):
        somebody = person()
        Follow.objects.create(follower=somebody, followee=author)
        names.append(somebody.username)

    first = get(stranger, "/users/@author/followers?limit=2")
    second = get(stranger, f"/users/@author/followers?limit=2&cursor={first['next']}")

    assert [one["username"] for one in first["items"] + second["items"]] == names[::-1]
    assert second["next"] is None


def test_a_list_has_a_link_header_to_its_next_page(author, share, client):
    for _ in range(3):
        share(author)

    answer = client.get("/api/users/@author/posts?limit=2")

    url, _, relation = answer.headers["Link"].partition(">; ")
    assert relation == 'rel="next"'
    parts = urlsplit(url[1:])
    assert parts.netloc == "testserver"
    assert f"cursor={answer.json()['next']}" in parts.query
    assert len(client.get(f"{parts.path}?{parts.query}").json()["items"]) == 1


@pytest.mark.parametrize("query", ["cursor=x", "cursor=-1", "cursor=0", f"cursor={'9' * 19}", "limit=0", "limit=101"])
def test_an_invalid_cursor_or_limit_is_refused(query, author, client):
    answer = client.get(f"/api/users/@author/posts?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"].startswith("query.")


def test_photos_of_a_tagged_person_are_listed(post, follower, stranger, get):
    PersonTag.objects.create(media=post.media.get(), post=post, person=follower, x=0.5, y=0.5)

    assert [one["id"] for one in get(stranger, "/users/@follower/posts?tagged=true")["items"]] == [str(post.pk)]
    assert get(stranger, "/users/@follower/posts")["items"] == []


def test_follow_requests_are_private(author, stranger, get):
    change_privacy(author, is_private=True)
    FollowRequest.objects.create(requester=stranger, target=author)

    assert [one["username"] for one in get(author, "/follow-requests")["items"]] == ["stranger"]
    assert get(stranger, "/follow-requests")["items"] == []


def favour(me, one):
    follow(me, followee=one)
    add_favourite(me, followee=one)


OWN_LISTS = {
    "favourites": favour,
    "blocked": lambda me, one: block(me, blocked=one),
    "muted": lambda me, one: mute(me, muted=one),
    "restricted": lambda me, one: restrict(me, restricted=one),
    "close-friends": lambda me, one: add_close_friend(me, friend=one),
}


@pytest.mark.parametrize("name", OWN_LISTS)
def test_private_lists_of_people_are_shown_only_to_their_owner(name, author, person, stranger, get, client):
    listed = [person() for _ in range(3)]
    for one in listed:
        OWN_LISTS[name](author, one)
    OWN_LISTS[name](stranger, author)

    first = get(author, f"/user/{name}?limit=2")
    second = get(author, f"/user/{name}?limit=2&cursor={first['next']}")

    assert [one["username"] for one in first["items"] + second["items"]] == [one.username for one in listed[::-1]]
    assert second["next"] is None
    assert [get(author, f"/user/{other}")["items"] for other in OWN_LISTS if other != name] == [[]] * 4
    assert get(listed[0], f"/user/{name}")["items"] == []
    assert client.get(f"/api/user/{name}").status_code == 401


@pytest.mark.parametrize("name", OWN_LISTS)
def test_suspended_people_are_not_listed(name, author, follower, get):
    OWN_LISTS[name](author, follower)
    User.objects.filter(pk=follower.pk).update(suspended_at=timezone.now())

    assert get(author, f"/user/{name}")["items"] == []


def test_privacy_settings_are_changed_one_by_one(author, get, signed_in):
    assert get(author, "/user/privacy") == {"is_private": False, "who_may_tag": "everyone", "hide_like_counts": False}
    signed_in(author).post("/api/user/privacy", {"who_may_tag": "nobody"}, "application/json")
    answer = signed_in(author).post("/api/user/privacy", {"is_private": True}, "application/json")

    expected = {"is_private": True, "who_may_tag": "nobody", "hide_like_counts": False}
    assert answer.json() == get(author, "/user/privacy") == expected


# --- Home and notifications -------------------------------------------------------------------------------------------


def test_the_home_feed_is_private(author, follower, post, get, client):
    for ref in (follower.pk, "@follower", "@Follower"):
        assert [one["id"] for one in get(follower, f"/feed/{ref}")["items"]] == [str(post.pk)]

    answers = [get(follower, f"/feed/{ref}", status=403) for ref in (author.pk, "@author", 1, "@nobody", "x")]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["code"] == "not-yours"
    assert client.get(f"/api/feed/{follower.pk}").status_code == 401


def test_the_home_feed_continues_after_a_cursor(author, follower, share, get):
    ids = [str(share(author).pk) for _ in range(3)]

    first = get(follower, "/feed/@follower?limit=2")
    second = get(follower, f"/feed/@follower?limit=2&cursor={first['next']}")

    assert [one["id"] for one in first["items"] + second["items"]] == ids[::-1]


def test_notifications_are_listed(author, follower, post, tasks_run, get):
    with tasks_run():
        like_post(post, liker=follower)
        add_comment(post, author=follower, text="lovely")

    comment, like, *_ = get(author, "/notifications")["items"]

    assert (comment["kind"], comment["text"], comment["unread"]) == ("comment", "lovely", True)
    assert comment["url"].startswith(f"http://testserver/p/{post.shortcode}/comments/")
    assert (like["kind"], like["post_id"], like["comment_id"]) == ("like", str(post.pk), None)
    assert [one["username"] for one in like["people"]] == ["follower"]
