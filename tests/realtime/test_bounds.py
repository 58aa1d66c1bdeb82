"""Who may open a socket, and how much of the hub one browser can take."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.test import Client
from websockets.exceptions import ConnectionClosed, InvalidStatus

from realtime.hub import MAX_SOCKETS
from realtime.sockets import POLICY_VIOLATION, TRY_AGAIN_LATER
from tests.realtime.hubs import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def author_client(author) -> Client:
    client = Client()
    client.force_login(author)
    return client


@pytest.mark.promise("H6")
def test_pages_of_other_sites_get_no_socket(hub, author_client):
    port = settings.PORT
    for origin in (
        None,
        "null",
        "http://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        f"https://127.0.0.1:{port}",
        f"http://127.0.0.1.evil.example:{port}",
        f"http://127.0.0.1:{port}@evil.example",
        "http://[",
    ):
        with pytest.raises(InvalidStatus) as refused:
            hub.open(author_client, origin=origin)
        assert refused.value.response.status_code == 403, origin


def test_without_a_session_there_is_no_socket(hub):
    for cookie in ("", "nothing", "x" * 200, '"'):
        with pytest.raises(InvalidStatus) as refused:
            hub.open(Client(), additional_headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"})
        assert refused.value.response.status_code == 403, cookie


def test_a_person_has_a_limited_number_of_sockets(hub, author_client):
    with ThreadPoolExecutor(MAX_SOCKETS) as threads:
        opened = list(threads.map(lambda _: hub.open(author_client), range(MAX_SOCKETS)))

    with pytest.raises(ConnectionClosed) as refused:
        hub.open(author_client)
    assert refused.value.rcvd.code == TRY_AGAIN_LATER

    opened.pop().socket.close()
    wait_until(lambda: hub.state()["sockets"] == MAX_SOCKETS - 1)
    opened.append(hub.open(author_client))
    for each in opened:
        each.socket.close()
    wait_until(lambda: hub.state()["sockets"] == 0)


def test_a_malformed_message_closes_the_socket(hub, author_client):
    texts = ["", "{}", "[]", '{"posts": 1}', '{"posts": [1]}', '{"posts": ["x"]}', '{"posts": {"1": 2}}']
    texts += [json.dumps({"posts": ["9" * 20]}), json.dumps({"posts": [str(number) for number in range(11)]})]
    for text in texts:
        opened = hub.open(author_client)
        opened.socket.send(text)
        assert opened.close_code() == POLICY_VIOLATION, text


def test_a_large_message_closes_the_socket(hub, author_client):
    opened = hub.open(author_client)

    opened.socket.send("x" * 1025)

    assert opened.close_code() == 1009


def test_many_messages_close_the_socket(hub, author_client):
    opened = hub.open(author_client)

    for _ in range(40):
        opened.socket.send('{"posts": []}')

    assert opened.close_code() == POLICY_VIOLATION


def test_a_stop_tells_browsers_to_come_back(hub, hub_named, author_client):
    stopping = hub_named("a hub that stops")
    opened = stopping.open(author_client)

    stopping.stop()

    assert opened.close_code() == 1012
