"""The example request bodies of the API's specification are sent exactly as they are written there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import Mobile, User
from api_access.actions.apps import register_app
from api_access.actions.grants import create_grant, issue_tokens
from api_access.actions.tokens import create_token
from api_access.credentials import ACCESS_PREFIX
from common.sealing import seal
from posts.actions.likes import like_post
from posts.actions.media import receive_file
from posts.models import Comment, Like, Media, Post
from social.actions.follows import follow
from social.models import Follow

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["session", "personal token", "OAuth token"])
def send(request: Any, world: dict[str, Any]) -> Callable[..., Any]:
    """`send("/posts", {...})` posts as "me", with each of the three kinds of authentication."""
    me = world["me"]
    browser = Client(enforce_csrf_checks=True)
    headers = {}
    if request.param == "session":
        browser.force_login(me)
        browser.get("/create/")  # Sets the cookie.
        headers["X-CSRFToken"] = browser.cookies[settings.CSRF_COOKIE_NAME].value
    elif request.param == "personal token":
        headers["Authorization"] = f"Bearer {create_token(me, name='all', may_write=True, days=1)[1]}"
    else:
        app = register_app(world["author"], name="App", redirect_uris=["https://app.example/"], is_confidential=False)[
            0
        ]
        grant = create_grant(
            me, app, code="code", may_write=True, redirect_uri="https://app.example/", code_challenge="c" * 43
        )
        issue_tokens(grant, access=f"{ACCESS_PREFIX}seed", refresh="efr_seed", may_write=True)
        headers["Authorization"] = f"Bearer {ACCESS_PREFIX}seed"

    def send(path: str, body: Any) -> Any:
        return browser.post(f"/api{path}", json.dumps(body), "application/json", headers=headers)

    return send


@pytest.fixture
def world(person: Any, author: User, post: Post, photo: Any) -> dict[str, Any]:
    me = person("me.myself")
    medium = receive_file(owner=me, file=photo(), name="coffee.jpg")
    Mobile.objects.create(person_id=me.pk, sealed=seal("+41797654321"), digest="digest", confirmed_at=timezone.now())
    return {"me": me, "author": author, "post": post, "medium": medium}


@dataclass
class Seed:
    path: str
    body: dict[str, Any]
    status: int
    holds: Callable[[dict[str, Any]], bool]
    """Condition that must hold after the request."""
    before: Callable[[dict[str, Any]], Any] = lambda world: None


def is_shared(world: dict[str, Any]) -> bool:
    shared = Post.objects.get(author=world["me"])
    return shared.caption == "Hello World!" and list(Media.objects.filter(post=shared)) == [world["medium"]]


def likes(world: dict[str, Any]) -> bool:
    return Like.objects.filter(post=world["post"], liker=world["me"]).exists()


def is_following(world: dict[str, Any]) -> bool:
    return Follow.objects.filter(follower=world["me"], followee=world["author"]).exists()


def has_commented(world: dict[str, Any]) -> bool:
    return Comment.objects.get(author=world["me"]).text == "So lovely"


def profile(**expected: Any) -> Callable[[dict[str, Any]], bool]:
    def holds(world: dict[str, Any]) -> bool:
        me = User.objects.get(pk=world["me"].pk)
        got = {"name": me.name, "email": me.email, "mobile": Mobile.objects.filter(person_id=me.pk).exists()}
        return {name: got[name] for name in expected} == expected

    return holds


def is_as_before(world: dict[str, Any]) -> bool:
    return profile(name="", email="me.myself@example.org", mobile=True)(world)


BOTH = {"userId": "{me}", "postId": "{post}"}
SEEDS = {
    "share": Seed("/posts", {"userId": "{me}", "media": "{medium}", "caption": "Hello World!"}, 201, is_shared),
    "share a list": Seed(
        "/posts", {"userId": "{me}", "media": ["{medium}"], "caption": "Hello World!"}, 201, is_shared
    ),
    "comment": Seed("/posts/{post}/comment", BOTH | {"comment": "So lovely"}, 201, has_commented),
    "comment by text": Seed("/posts/{post}/comment", BOTH | {"text": "So lovely"}, 201, has_commented),
    "like": Seed("/posts/{post}/like", BOTH, 200, likes),
    "unlike": Seed(
        "/posts/{post}/unlike", BOTH, 200, lambda w: not likes(w), lambda w: like_post(w["post"], liker=w["me"])
    ),
    "follow": Seed("/users/{author}/follow", BOTH, 200, is_following),
    "unfollow": Seed(
        "/users/{author}/unfollow", BOTH, 200, lambda w: not is_following(w),
        lambda w: follow(w["me"], followee=w["author"]),
    ),
    "name": Seed("/user/profile/", {"name": "Anna"}, 200, profile(name="Anna", mobile=True)),
    "all empty": Seed(
        "/user/profile/", {"name": "", "email": "", "mobile": ""}, 200,
        profile(name="", email="me.myself@example.org", mobile=False),
        lambda w: User.objects.filter(pk=w["me"].pk).update(name="Anna"),
    ),
    "e-mail": Seed("/user/profile/", {"email": "new@example.org"}, 200, is_as_before),
    "empty e-mail": Seed("/user/profile/", {"email": ""}, 200, is_as_before),
    "mobile": Seed("/user/profile/", {"mobile": "+41 79 123 45 67"}, 200, is_as_before),
    "empty mobile": Seed("/user/profile/", {"mobile": ""}, 200, profile(mobile=False)),
    "no profile field": Seed("/user/profile/", {}, 200, is_as_before),
    "username": Seed("/user/profile/checkusername/", {"username": "anna"}, 200, is_as_before),
}  # fmt: skip


def filled(value: Any, world: dict[str, Any], kind: type) -> Any:
    """Replace names such as "{me}" by ids: strings in paths, values of type `kind` in bodies."""
    if isinstance(value, dict):
        return {name: filled(one, world, kind) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, world, kind) for one in value]
    if value.startswith("{"):
        return kind(world[value.strip("{}")].pk)
    return value


@pytest.mark.parametrize("kind", [str, int], ids=["strings", "numbers"])
@pytest.mark.parametrize("name", SEEDS)
def test_the_bodies_of_the_specification_are_accepted(name: str, kind: type, send: Any, world: Any) -> None:
    seed = SEEDS[name]
    seed.before(world)
    path = seed.path.format(**{name: one.pk for name, one in world.items()})

    answer = send(path, filled(seed.body, world, kind))

    assert answer.status_code == seed.status, answer.text
    assert seed.holds(world)


OF_SOMEBODY = ["share", "comment", "like", "unlike", "follow", "unfollow"]


@pytest.mark.promise("A10")
@pytest.mark.parametrize("kind", [str, int], ids=["strings", "numbers"])
@pytest.mark.parametrize("name", OF_SOMEBODY)
def test_the_id_of_another_person_is_refused_as_string_and_as_number(
    name: str, kind: type, send: Any, world: Any
) -> None:
    path = SEEDS[name].path.format(**{name: one.pk for name, one in world.items()})

    answer = send(path, filled(SEEDS[name].body, world, kind) | {"userId": kind(world["author"].pk)})

    assert (answer.status_code, answer.json()["code"]) == (403, "not-yours")


@pytest.mark.parametrize("name", ["comment", "like", "unlike"])
def test_the_id_of_another_post_is_refused(name: str, send: Any, world: Any) -> None:
    answer = send(
        SEEDS[name].path.format(post=world["post"].pk),
        {"postId": 1, "comment": "x"} if name == "comment" else {"postId": 1},
    )

    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "body.postId")


def test_usernames_can_be_checked_without_a_token(client: Client, author: User) -> None:
    def ask(name: str) -> Any:
        return client.post("/api/user/profile/checkusername/", {"username": name}, "application/json")

    assert ask("fresh.name").json() == {"username": "fresh.name", "available": True, "problem": ""}
    assert ask("author").json()["available"] is False
    assert client.post("/api/user/profile/", {"name": "x"}, "application/json").status_code == 401


@pytest.mark.promise("U11")
def test_checks_of_usernames_are_rate_limited_by_ip_address(client: Client, settings: Any) -> None:
    settings.RATE_LIMITS = True

    def ask(address: str) -> Any:
        body = {"username": "fresh.name"}
        return client.post("/api/user/profile/checkusername/", body, "application/json", REMOTE_ADDR=address)

    answers = [ask("192.0.2.1") for _ in range(101)]

    assert [answer.status_code for answer in answers] == [200] * 100 + [429]
    assert answers[0].headers["RateLimit-Limit"] == answers[-1].headers["RateLimit-Limit"] == "100"
    assert ask("192.0.2.2").status_code == 200
