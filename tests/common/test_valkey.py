"""A Valkey that hangs, or refuses, costs a request little: once, and then nothing for a while."""

import socket
import time

import pytest
from django.core.cache import cache, caches

from common import valkey
from common.ratelimit import WRITES, seconds_to_wait


@pytest.fixture
def silent(settings):
    """A listener that never says a word, in the place of Valkey."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        settings.REDIS_URL = url
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": url}}
        caches["default"].close()
        valkey.client.cache_clear()
        yield
    valkey.client.cache_clear()
    valkey.resume()


def test_D8_a_server_that_hangs_costs_one_timeout_and_then_nothing(silent):
    start = time.monotonic()
    assert cache.get("key", "nothing") == "nothing"
    assert 0.5 < time.monotonic() - start < 5

    start = time.monotonic()
    cache.set("key", 1)
    assert cache.get_many(["key"]) == {}
    assert not cache.delete("key")
    assert time.monotonic() - start < 0.4, "less than one timeout"


def test_S4_without_valkey_limits_are_kept_by_the_process(settings, monkeypatch):
    settings.RATE_LIMITS = True
    monkeypatch.setattr(valkey, "is_paused", lambda: True)

    waits = [seconds_to_wait(WRITES, "person:1") for _ in range(WRITES.amount + 1)]

    assert waits[:-1] == [0] * WRITES.amount
    assert waits[-1] > 0


def test_S4_limits_are_shared_and_say_how_long_to_wait(settings):
    settings.RATE_LIMITS = True
    waits = [seconds_to_wait(WRITES, "person:2") for _ in range(WRITES.amount + 1)]

    assert waits[:-1] == [0] * WRITES.amount
    assert 0 < waits[-1] <= 300
    assert seconds_to_wait(WRITES, "person:3") == 0
