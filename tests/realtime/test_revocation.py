"""A13: what ends a session closes its sockets, and what hides a post ends listening to it, with or without Valkey."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.actions.moderation import suspend_person
from accounts.models import User
from realtime.sockets import SIGNED_OUT
from social.actions.blocks import block
from social.actions.follows import unfollow
from social.actions.privacy import change_privacy
from tests.realtime.conftest import DOWN, LOST, UP
from tests.realtime.hubs import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise("A13")]

STATES = (UP, LOST, DOWN)


def log_out(user: User, clients: list[Client]) -> None:
    for client in clients:
        client.post("/accounts/logout/")


def suspend(user: User, clients: list[Client]) -> None:
    suspend_person(user, reason="spam")


def change_password(user: User, clients: list[Client]) -> None:
    user.set_password("another-lantern-7")
    user.save(update_fields=["password"])


@pytest.mark.parametrize("end", [log_out, suspend, change_password])
def test_the_sockets_of_an_ended_session_are_closed(
    open_socket, hub_named, follower, stranger, end: Callable[..., None]
):
    clients = [Client() for _ in STATES]
    for client in clients:
        client.force_login(follower)
    sockets = {state: hub_named(state).open(client) for state, client in zip(STATES, clients, strict=True)}
    of_somebody_else = open_socket(stranger)

    end(follower, clients)

    assert {state: each.close_code() for state, each in sockets.items()} == dict.fromkeys(STATES, SIGNED_OUT)
    assert of_somebody_else.socket.ping().wait(60)


def be_blocked(author: User, viewer: User) -> None:
    block(author, blocked=viewer)


def stop_following(author: User, viewer: User) -> None:
    unfollow(viewer, followee=author)


def go_private(author: User, viewer: User) -> None:
    change_privacy(author, is_private=True)


@pytest.mark.parametrize("hide", [be_blocked, stop_following, go_private])
def test_a_post_that_is_hidden_falls_silent(
    hub_named, open_socket, share, author, follower, stranger, hide: Callable[..., None]
):
    if hide is stop_following:
        change_privacy(author, is_private=True)
    viewer = stranger if hide is go_private else follower
    post = share(author)
    hubs = [hub_named(state) for state in STATES]
    for each in hubs:
        open_socket(viewer, at=each).listen_to(post.pk)
        open_socket(author, at=each).listen_to(post.pk)

    hide(author, viewer)

    for each in hubs:
        wait_until(lambda each=each: each.state()["posts"] == 1)
        assert each.state()["sockets"] == 2
