"""The cache of parts: one request makes an entry for all, another takes over if it dies, and no server is needed."""

from __future__ import annotations

import threading
import time

import pytest
import redis
from redis.connection import AbstractConnection

from common import fragment_cache, valkey
from common.fragment_cache import LOCK_MS, get_parts, without_cache
from common.parts import Parts
from tests.concurrency import run_concurrently


class Forgetful(dict):
    """The dictionary of a process that has seen nothing yet: it keeps nothing."""

    def update(self, *args, **kwargs):
        pass


@pytest.fixture
def many_processes(monkeypatch, settings):
    """Let each thread stand for a process, with a dictionary and a client of its own."""
    own = threading.local()

    def pages():
        if not hasattr(own, "client"):
            own.client = redis.Redis.from_url(settings.CACHE_URL)
        return own.client

    monkeypatch.setattr(fragment_cache, "_local", Forgetful())
    monkeypatch.setattr(valkey, "pages", pages)


@pytest.fixture
def made():
    return []


@pytest.fixture
def make(made):
    def make_parts(names):
        made.extend(names)
        return {name: parts_of(name) for name in names}

    return make_parts


def parts_of(name):
    return Parts(f"100%% {name} %s \u202e".encode(), ("liked",))


def keys():
    return [key.decode() for key in valkey.pages().keys("parts:*")]


@pytest.mark.promise("O1")
@pytest.mark.usefixtures("many_processes")
@pytest.mark.parametrize("requests", [50, pytest.param(500, marks=pytest.mark.deep)])
def test_of_many_requests_that_miss_an_entry_at_once_one_or_two_make_it(requests, made, make):
    everyone_is_here = threading.Barrier(requests)

    def make_slowly(names):
        time.sleep(0.05)
        return make(names)

    def request():
        everyone_is_here.wait()
        return get_parts(["hot"], make_slowly)

    answers = run_concurrently(*[request] * requests)

    assert answers == [{"hot": parts_of("hot")}] * requests
    assert 1 <= len(made) <= 2


@pytest.mark.promise("O2")
@pytest.mark.usefixtures("many_processes")
def test_if_the_maker_of_an_entry_dies_another_request_takes_over(made, make):
    def die(names):
        raise SystemExit

    with pytest.raises(SystemExit):
        get_parts(["hot"], die)
    (lock,) = keys()
    assert lock.endswith("hot:lock")
    assert 0 < valkey.pages().pttl(lock) <= LOCK_MS <= 1_000

    answers = run_concurrently(*[lambda: get_parts(["hot"], make)] * 5)

    assert answers == [{"hot": parts_of("hot")}] * 5
    assert made == ["hot"]


@pytest.mark.promise("O2")
def test_an_entry_is_made_without_its_lock_if_that_never_becomes_free(monkeypatch, made, make):
    monkeypatch.setattr(fragment_cache, "_lock", lambda names, prefix: [])

    assert get_parts(["hot", "cold"], make) == {"hot": parts_of("hot"), "cold": parts_of("cold")}
    assert made == ["hot", "cold"]


def test_entries_come_from_the_process_then_from_valkey_and_are_then_made(monkeypatch, made, make):
    get_parts(["a"], make)
    get_parts(["a", "b"], make)
    assert made == ["a", "b"]

    monkeypatch.setattr(fragment_cache, "_local", {})
    assert get_parts(["c", "b", "a"], make) == {name: parts_of(name) for name in "abc"}
    assert made == ["a", "b", "c"]


def test_what_cannot_be_made_is_left_out_and_asked_for_again(made, make):
    assert get_parts(["a", "gone"], lambda names: {"a": parts_of("a")}) == {"a": parts_of("a")}

    for key in keys():
        if key.endswith(":lock"):
            valkey.pages().delete(key)
    assert get_parts(["a", "gone"], make).keys() == {"a", "gone"}
    assert made == ["gone"]


def test_the_dictionary_of_a_process_does_not_grow_beyond_its_limit(monkeypatch, make):
    monkeypatch.setattr(fragment_cache, "_local", local := {})
    monkeypatch.setattr(fragment_cache, "MAX_LOCAL", 10)

    for number in range(25):
        get_parts([f"n{number}", f"n{number + 1}"], make)
        assert len(local) <= 10


def test_without_the_cache_nothing_is_read_or_kept(made, make):
    get_parts(["a"], lambda names: {"a": Parts(b"old", ())})

    with without_cache():
        assert get_parts(["a", "b"], make) == {"a": parts_of("a"), "b": parts_of("b")}

    assert made == ["a", "b"]
    assert get_parts(["a"], make) == {"a": Parts(b"old", ())}


@pytest.mark.usefixtures("many_processes")
@pytest.mark.parametrize("working_commands", range(4))
def test_entries_are_right_if_valkey_fails_at_any_command(monkeypatch, make, working_commands):
    get_parts(["stored"], make)
    left = [working_commands]
    send_packed = AbstractConnection.send_packed_command

    def send(connection, *args, **kwargs):
        if not left[0]:
            raise redis.ConnectionError("gone")
        left[0] -= 1
        return send_packed(connection, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(AbstractConnection, "send_packed_command", send)
        assert get_parts(["stored", "new"], make) == {"stored": parts_of("stored"), "new": parts_of("new")}

    assert valkey.is_paused() == (working_commands < 3)


@pytest.mark.usefixtures("many_processes")
def test_during_a_pause_of_valkey_entries_are_made_at_once(made, make):
    valkey.pause(OSError("gone"), "tested")

    assert get_parts(["a"], make) == get_parts(["a"], make) == {"a": parts_of("a")}
    assert made == ["a", "a"]
    valkey.resume()
    assert keys() == []
