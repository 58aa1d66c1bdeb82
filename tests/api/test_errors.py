"""Paths and sizes of errors, and the headers of rate limits."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from api_access.actions.tokens import create_token
from common.api import MAX_ERRORS
from common.ratelimit import per_minutes
from notifications.models import Notification
from posts.models import Post

pytestmark = pytest.mark.django_db


@pytest.fixture
def send(follower: User) -> Callable[..., Any]:
    """`send("POST", "/posts", {...})` sends a request with a token of `follower`."""
    client = Client(
        headers={"Authorization": f"Bearer {create_token(follower, name='all', may_write=True, days=1)[1]}"}
    )

    def send(method: str, path: str, body: Any = None) -> Any:
        text = "" if body is None else json.dumps(body)
        return client.generic(method, f"/api{path}", text, "application/json")

    return send


# --- Paths ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/posts", {"media": "image.jpg"}, "body.media"),
        ("/posts", {"media": ["1", "image.jpg"]}, "body.media.1"),
        ("/posts", {"userId": "x"}, "body.userId"),
        ("/posts", {"audience": "x"}, "body.audience"),
        ("/posts", {}, "body.media"),
        ("/posts/{post}/like", {"userId": "x"}, "body.userId"),
        ("/posts/{post}/like", {"postId": 1.5}, "body.postId"),
        ("/posts/{post}/like", {"userId": True}, "body.userId"),
        ("/posts/{post}/like", {"other": 1}, "body.other"),
        ("/posts/{post}/like", [], "body"),
        ("/posts/{post}/comment", {}, "body.comment"),
        ("/posts/{post}/comment", {"text": " "}, "body.text"),
        ("/posts/{post}/comment", {"comment": " "}, "body.comment"),
        ("/posts/{post}/comment", {"comment": "a", "text": "b"}, "body.text"),
        ("/posts/{post}/comment", {"comment": "a", "parent_id": "x"}, "body.parent_id"),
        ("/users/@author/follow", {"userId": -1}, "body.userId"),
        ("/users/@author/mute", {"userId": 0}, "body.userId"),
        ("/user/profile/", {"name": 1}, "body.name"),
        ("/user/profile/", {"email": "none"}, "body.email"),
        ("/user/profile/", {"mobile": "none"}, "body.mobile"),
        ("/user/profile/checkusername/", {}, "body.username"),
        ("/notifications/read", {"up_to": "x"}, "body.up_to"),
    ],
)
def test_the_path_of_an_error_has_one_body_prefix(path: str, body: Any, expected: str, send: Any, post: Post) -> None:
    answer = send("POST", path.format(post=post.pk), body)

    assert answer.status_code == 422, answer.text
    assert [error["path"] for error in answer.json()["errors"]] == [expected]


@pytest.mark.promise("U11")
@pytest.mark.parametrize("path", ["/posts/{post}/comment", "/posts/{post}/like", "/posts", "/user/profile/"])
def test_fifty_thousand_unknown_fields_give_twenty_errors(path: str, send: Any, post: Post) -> None:
    answer = send("POST", path.format(post=post.pk), {f"field{number}": number for number in range(50_000)})

    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == MAX_ERRORS == 20
    assert len(answer.content) < 5_000


@pytest.mark.promise("U11")
def test_an_error_does_not_repeat_a_field_name_of_a_megabyte(send: Any, post: Post) -> None:
    answer = send("POST", f"/posts/{post.pk}/like", {"x" * 1_000_000: 1})

    assert answer.status_code == 422
    assert len(answer.content) < 1_000


@pytest.mark.promise("U11")
@pytest.mark.parametrize("body", [{"media": ["1"] * 50_000}, {"media": ["x"] * 50_000}, {"alt": [1] * 50_000}])
def test_a_list_of_fifty_thousand_items_gives_a_short_error(body: Any, send: Any) -> None:
    answer = send("POST", "/posts", body)

    assert answer.status_code == 422
    assert len(answer.json()["errors"]) <= MAX_ERRORS
    assert len(answer.content) < 5_000


# --- Notifications ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [None, {}, {"up_to": None}])
def test_without_a_number_all_notifications_are_marked_as_read(
    body: Any, author: User, follower: User, post: Post, signed_in: Any, get: Any, tasks_run: Any
) -> None:
    from posts.actions.comments import add_comment
    from posts.actions.likes import like_post

    with tasks_run():
        like_post(post, liker=follower)
        add_comment(post, author=follower, text="lovely")
    assert Notification.objects.filter(recipient=author).count() >= 2
    text = "" if body is None else json.dumps(body)

    answer = signed_in(author).post("/api/notifications/read", text, "application/json")

    assert (answer.status_code, answer.json()) == (200, {"unread": 0})
    assert not any(one["unread"] for one in get(author, "/notifications")["items"])


# --- Rate limits ------------------------------------------------------------------------------------------------------


@pytest.fixture
def budgets(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set small limits: 20 requests, 5 writes, 3 posts."""
    settings.RATE_LIMITS = True
    for where, name, amount in (
        ("instagram.api_middleware", "API_CALLS", 20),
        ("common.middleware", "WRITES", 5),
        ("posts.actions.rate_limits", "UPLOADS", 3),
    ):
        monkeypatch.setattr(f"{where}.{name}", per_minutes(f"small-{name}", amount, 5))


def told(answer: Any) -> tuple[int, int]:
    return int(answer.headers["RateLimit-Limit"]), int(answer.headers["RateLimit-Remaining"])


def test_an_answer_has_the_headers_of_the_tightest_limit(budgets: None, send: Any, post: Post) -> None:
    assert told(send("GET", f"/posts/{post.pk}")) == (20, 19)
    assert told(send("POST", f"/posts/{post.pk}/like")) == (5, 4)
    assert told(send("POST", f"/posts/{post.pk}/like")) == (5, 3)
    assert told(send("GET", f"/posts/{post.pk}")) == (20, 16)


def test_a_429_has_the_headers_of_the_exceeded_limit(budgets: None, send: Any, post: Post) -> None:
    answers = [send("POST", f"/posts/{post.pk}/like") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert [told(answer) for answer in answers] == [(5, left) for left in (4, 3, 2, 1, 0, 0)]
    assert answers[-1].headers["RateLimit-Reset"] == answers[-1].headers["Retry-After"]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert send("GET", f"/posts/{post.pk}").status_code == 200

    for _ in range(13):
        send("GET", f"/posts/{post.pk}")
    answer = send("GET", f"/posts/{post.pk}")
    assert (answer.status_code, told(answer)) == (429, (20, 0))


def test_the_limit_of_one_operation_is_reported_too(budgets: None, signed_in: Any, author: User, photo: Any) -> None:
    browser = signed_in(author)

    answers = [browser.post("/api/posts", {"files": photo()}) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert [told(answer) for answer in answers] == [(3, 2), (3, 1), (3, 0), (3, 0)]
    assert answers[-1].headers["RateLimit-Reset"] == answers[-1].headers["Retry-After"]


def test_a_client_that_follows_the_headers_never_gets_a_429(budgets: None, send: Any, post: Post) -> None:
    """A client that stops when RateLimit-Remaining is 0 never gets a 429."""
    answers = [send("POST", f"/posts/{post.pk}/like")]
    while int(answers[-1].headers["RateLimit-Remaining"]):
        answers.append(send("POST", f"/posts/{post.pk}/like"))

    assert [answer.status_code for answer in answers] == [200] * 5
    assert int(answers[-1].headers["RateLimit-Reset"]) > 0
