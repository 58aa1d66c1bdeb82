from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from api_access.actions.tokens import create_token
from notifications.models import Notification
from posts.actions.comments import add_comment
from posts.actions.media import receive_file
from posts.actions.saves import create_collection


@pytest.fixture
def get(signed_in: Callable[[User], Any]) -> Callable[..., Any]:
    """`get(reader, "/posts/1")` returns the JSON that the API answers `reader`, and checks its status."""

    def ask(reader: User, path: str, *, status: int = 200) -> Any:
        answer = signed_in(reader).get(f"/api{path}")
        assert answer.status_code == status, answer.text
        return answer.json()

    return ask


@pytest.fixture
def world(person, author, post, share, photo, settings) -> dict[str, Any]:
    me, other = person("myself"), person("other")
    own = share(me, photos=2, caption="Old")
    comment = add_comment(post, author=other, text="first")
    under_own = add_comment(own, author=other, text="hello")
    medium = receive_file(owner=me, file=photo(), name="coffee.jpg")
    notification = Notification.objects.create(recipient=me, kind="like", post=own, latest=own.pk + 1)
    mine = add_comment(post, author=me, text="mine")
    collection = create_collection(owner=me, name="Trees")
    slides = list(own.media.order_by("position"))
    return {
        "me": me, "me_id": me.pk, "other": other, "author": author, "post": post, "post_id": post.pk, "own": own,
        "comment": comment.pk, "under_own": under_own.pk, "medium": medium.pk, "notification": notification.latest,
        "slide_0": slides[0].pk, "slide_1": slides[1].pk, "version": own.version,
        "mine": mine.pk, "collection": collection.pk,
    }  # fmt: skip


@pytest.fixture
def send(world) -> Callable[..., Any]:
    """`send("POST", "/posts", {...})` sends JSON with a token of "me"."""
    _, secret = create_token(world["me"], name="all", may_write=True, days=1)

    def send(method: str, path: str, body: Any = None, **headers: str) -> Any:
        client = Client(headers={"Authorization": f"Bearer {secret}"} | headers)
        return client.generic(method, f"/api{path}", "" if body is None else json.dumps(body), "application/json")

    return send
