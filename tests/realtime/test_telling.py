"""Browsers hear that something has changed, whichever hub they are at."""

from __future__ import annotations

import json
import shutil

import pytest
from django.db import transaction
from django.test import override_settings

from common import valkey
from common.local_servers import valkey_url
from launcher import valkey as valkey_server
from realtime.channels import BADGE, POSTS, message
from realtime.tell import tell, tell_readers
from social.actions.privacy import change_privacy
from tests.realtime.hubs import RunningHub, wait_until
from tests.servers import make_data_dir

pytestmark = pytest.mark.django_db(transaction=True)


def test_only_the_people_who_are_told_hear_it(open_socket, author, stranger):
    theirs, others = open_socket(author), open_socket(stranger)

    tell([author.pk], BADGE)
    tell([author.pk, stranger.pk], POSTS)

    assert [theirs.next(), theirs.next()] == [{"t": "badge"}, {"t": "posts"}]
    assert others.next() == {"t": "posts"}


def test_it_is_told_at_every_hub(open_socket, hub_named, author):
    here, there = open_socket(author), open_socket(author, at=hub_named("another hub"))

    tell([author.pk], BADGE)

    assert here.next() == there.next() == {"t": "badge"}


def test_nothing_is_told_of_a_change_that_is_rolled_back(open_socket, author):
    browser = open_socket(author)

    with transaction.atomic():
        tell([author.pk], BADGE)
        transaction.set_rollback(True)
    tell([author.pk], POSTS)

    assert browser.next() == {"t": "posts"}


def test_readers_of_a_post_hear_of_it_until_they_leave(open_socket, follower, post):
    browser = open_socket(follower)
    browser.listen_to(post.pk)

    tell_readers([post.pk], message("counts", id=str(post.pk)))
    assert browser.next() == {"t": "counts", "id": str(post.pk)}

    browser.socket.send('{"posts": []}')
    wait_until(lambda: browser.hub.state()["posts"] == 0)
    tell_readers([post.pk], message("counts", id=str(post.pk)))
    tell([follower.pk], BADGE)
    assert browser.next() == {"t": "badge"}


def test_nobody_can_listen_to_a_post_that_they_cannot_see(open_socket, share, person, stranger):
    hidden, shown = share(person("private")), share(person("public"))
    change_privacy(hidden.author, is_private=True)
    browser = open_socket(stranger)

    browser.socket.send(json.dumps({"posts": [str(hidden.pk), "1", str(shown.pk)]}))

    assert browser.next() == {"t": "post", "id": str(shown.pk)}
    assert browser.hub.state()["posts"] == 1


def test_nothing_is_sent_while_valkey_pauses(author, monkeypatch):
    valkey.pause(OSError("gone"), "the test goes on")
    monkeypatch.setattr(valkey, "send", lambda *args: pytest.fail("Valkey was used"))

    tell([author.pk], BADGE)


def test_after_valkey_was_killed_every_page_is_told_to_look_again(open_socket, author, stranger):
    folder = make_data_dir("realtime")
    process = valkey_server.start(folder, durable=False)
    try:
        valkey_server.wait_until_ready(process, folder)
        hub = RunningHub(valkey_url(folder))
        browsers = [open_socket(author, at=hub), open_socket(stranger, at=hub)]
        wait_until(lambda: hub.state()["hears_valkey"])

        process.kill()
        process.wait()
        wait_until(lambda: not hub.state()["hears_valkey"])
        assert all(browser.socket.ping().wait(60) for browser in browsers)
        process = valkey_server.start(folder, durable=False)

        assert [browser.next() for browser in browsers] == [{"t": "look"}] * 2
        with override_settings(REDIS_URL=valkey_url(folder)):
            tell([author.pk, stranger.pk], BADGE)
        assert [browser.next() for browser in browsers] == [{"t": "badge"}] * 2
        hub.stop()
    finally:
        valkey_server.stop(process)
        shutil.rmtree(folder, ignore_errors=True)
