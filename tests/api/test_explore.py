"""Explore, suggestions, tags and the caller's picture in the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from common import valkey
from common.tasks import fold_counters
from feed.actions import dismiss_suggestion, follow_tag, hide_from_explore, mute_tag
from feed.explore import MAX_SEEN_PER_REPORT, seen_by
from feed.suggestions import suggestions_key
from posts.models import Post
from social.actions.blocks import block
from social.actions.follows import follow
from social.actions.privacy import change_privacy

pytestmark = pytest.mark.django_db


def ids(page: Any) -> list[str]:
    return [one["id"] for one in page["items"]]


# --- Explore ----------------------------------------------------------------------------------------------------------


def test_reading_explore_marks_nothing_as_seen(stranger: User, post: Post, get: Any, client: Any) -> None:
    for _ in range(2):
        assert [(one["id"], one["seen"]) for one in get(stranger, "/explore")["items"]] == [(str(post.pk), False)]
    assert seen_by(stranger) == {}
    assert ids(client.get("/api/explore").json()) == [str(post.pk)]


def test_seen_posts_come_last_and_are_marked_as_seen(
    stranger: User, author: User, share: Any, get: Any, signed_in: Any
) -> None:
    first, second, third = share(author), share(author), share(author)

    answer = signed_in(stranger).post("/api/explore/seen", {"posts": [str(third.pk), second.pk]}, "application/json")

    assert answer.status_code == 204
    page = get(stranger, "/explore?limit=2")
    again = get(stranger, f"/explore?limit=2&cursor={page['next']}")
    shown = [(one["id"], one["seen"]) for one in page["items"] + again["items"]]
    assert shown == [(str(first.pk), False), (str(third.pk), True), (str(second.pk), True)]
    assert again["next"] is None


@pytest.mark.promise("A10")
def test_an_invisible_post_cannot_be_reported_as_seen(stranger: User, author: User, post: Post, signed_in: Any) -> None:
    change_privacy(author, is_private=True)

    answer = signed_in(stranger).post("/api/explore/seen", {"posts": [post.pk, 1]}, "application/json")

    assert (answer.status_code, seen_by(stranger)) == (204, {})


def test_a_report_of_seen_posts_has_a_maximum_length(stranger: User, signed_in: Any) -> None:
    body = {"posts": list(range(1, MAX_SEEN_PER_REPORT + 2))}

    answer = signed_in(stranger).post("/api/explore/seen", body, "application/json")

    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "body.posts")


def test_a_hidden_post_is_not_in_explore(stranger: User, post: Post, get: Any) -> None:
    hide_from_explore(stranger, post=post)

    assert get(stranger, "/explore")["items"] == []


# --- Suggestions ------------------------------------------------------------------------------------------------------


def test_suggestions_have_a_reason_and_end_when_dismissed(
    follower: User, author: User, person: Any, share: Any, get: Any
) -> None:
    friend = person("friend")
    follow(author, followee=friend)

    found = get(follower, "/suggestions")["items"]

    assert ("friend", "none", "Followed by author") in [(o["username"], o["standing"], o["reason"]) for o in found]
    dismiss_suggestion(follower, dismissed=friend)
    assert "friend" not in [one["username"] for one in get(follower, "/suggestions")["items"]]
    block(friend, blocked=follower)
    assert "friend" not in [one["username"] for one in get(follower, "/suggestions")["items"]]


def test_suggestions_continue_after_a_cursor(follower: User, author: User, person: Any, get: Any) -> None:
    for number in range(5):
        follow(author, followee=person(f"friend{number}"))

    first = get(follower, "/suggestions?limit=3")
    second = get(follower, f"/suggestions?limit=3&cursor={first['next']}")

    found = [one["username"] for one in first["items"] + second["items"]]
    assert {f"friend{number}" for number in range(5)} <= set(found)
    assert len(found) == len(set(found))
    get(follower, "/suggestions?cursor=x", status=422)


# --- Tags -------------------------------------------------------------------------------------------------------------


def test_followed_and_muted_tags_are_private(follower: User, stranger: User, get: Any) -> None:
    follow_tag(follower, name="sun")
    follow_tag(follower, name="sea")
    mute_tag(follower, name="rain")

    def tags(reader: User, path: str) -> list[str]:
        return [one["tag"] for one in get(reader, path)["items"]]

    assert tags(follower, "/user/tags") == ["sea", "sun"]
    assert tags(follower, "/user/muted-tags") == ["rain"]
    assert tags(stranger, "/user/tags") == tags(stranger, "/user/muted-tags") == []


def test_a_tag_can_be_followed_in_any_letter_case(follower: User, signed_in: Any) -> None:
    def ask(path: str) -> Any:
        return signed_in(follower).post(f"/api/tags/{path}", content_type="application/json")

    assert ask("SUN/follow").json() == {"tag": "sun", "followed": True, "muted": False}
    assert ask("sun/mute").json() == {"tag": "sun", "followed": False, "muted": True}
    assert ask("sun/unmute").json() == {"tag": "sun", "followed": False, "muted": False}
    assert ask("a b/follow").status_code == 404


def test_a_tag_lists_only_visible_posts(post: Post, author: User, follower: User, get: Any, client: Any) -> None:
    assert ids(client.get("/api/tags/sun/posts").json()) == [str(post.pk)]
    change_privacy(author, is_private=True)
    assert client.get("/api/tags/sun/posts").json()["items"] == []
    assert ids(get(follower, "/tags/sun/posts")) == [str(post.pk)]


# --- The caller's picture ---------------------------------------------------------------------------------------------


def test_a_profile_picture_can_be_set_and_removed(
    author: User, signed_in: Any, photo: Any, get: Any, tasks_run: Any
) -> None:
    browser = signed_in(author)
    with tasks_run():
        answer = browser.post("/api/user/profile/avatar/", {"file": photo(), "x": 100, "zoom": "200"})

    assert (answer.status_code, answer.json()["state"]) == (200, "processing")
    assert User.objects.get(pk=author.pk).avatar_crop == {"x": 100, "zoom": 200}
    ready = get(author, "/user/profile/avatar/")
    assert (ready["state"], ready["error"]) == ("ready", "")
    assert ready["avatar"].startswith("http://testserver/")
    assert ready["avatar"] == get(author, "/user/profile/")["avatar"]
    assert browser.delete("/api/user/profile/avatar/").json() == {
        "state": "none", "error": "", "avatar": None, "avatar_small": None,
    }  # fmt: skip


def test_a_file_that_is_not_a_picture_is_refused(author: User, signed_in: Any, photo: Any) -> None:
    browser = signed_in(author)
    for sent in (
        {"file": photo("text.jpg", b"no picture")},
        {},
        {"file": photo(), "other": "x"},
        {"file": photo(), "zoom": 99},
    ):
        answer = browser.post("/api/user/profile/avatar/", sent)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["path"] in {"body.file", "body.other", "body.zoom"}
    assert browser.post("/api/user/profile/avatar/", "{}", "application/json").status_code == 415


# --- Cost -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["explore", "tags/sun/posts", "suggestions", "user/tags", "user/muted-tags"])
def test_the_number_of_queries_does_not_depend_on_the_size_of_a_list(
    path: str, stranger: User, person: Any, share: Any, signed_in: Any
) -> None:
    browser, costs, made = signed_in(stranger), [], 0
    for size in (2, 6):
        while made < size:
            made += 1
            share(person(), caption="#sun")
            follow_tag(stranger, name=f"followed{made}")
            mute_tag(stranger, name=f"muted{made}")
        fold_counters()
        valkey.pages().delete(suggestions_key(stranger))
        browser.get("/api/suggestions")  # Caches the candidates.
        with CaptureQueriesContext(connection) as asked:
            items = browser.get(f"/api/{path}").json()["items"]
        assert len(items) == size
        costs.append(len(asked))
    assert costs[0] == costs[1] <= 6
