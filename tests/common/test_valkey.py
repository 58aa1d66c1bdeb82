"""An unavailable Valkey costs one timeout, and then nothing until the pause ends."""

import pytest
from django.core.cache import cache, caches
from django.utils import timezone

from common import ratelimit, valkey
from common.ratelimit import (
    WRITES,
    Limit,
    RateLimitWindow,
    delete_expired_windows,
    forget,
    refund_hits,
    seconds_to_wait,
    usage_after_hit,
)
from tests.proxies import SilentServer


@pytest.fixture
def silent(settings):
    """A server that accepts connections and never responds, in place of Valkey."""
    with SilentServer() as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        settings.REDIS_URL = settings.CACHE_URL = url
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": url}}
        caches["default"].close()
        ratelimit._count_script.cache_clear()
        yield server
    ratelimit._count_script.cache_clear()
    valkey.resume()


@pytest.mark.promise("D8")
def test_a_server_that_hangs_costs_one_timeout_and_then_nothing(silent):
    assert cache.get("key", "nothing") == "nothing"
    assert silent.connections == 1

    cache.set("key", 1)
    assert cache.get_many(["key"]) == {}
    assert not cache.delete("key")
    assert silent.connections == 1, "no further connection was made"


@pytest.mark.promise("S4")
@pytest.mark.django_db
def test_without_valkey_the_database_counts_limits(settings, silent, django_assert_num_queries):
    settings.RATE_LIMITS = True
    limit = Limit("tests", 3, 60)

    waits = [seconds_to_wait(limit, "person:1") for _ in range(5)]

    assert waits[:3] == [0, 0, 0]
    assert 0 < waits[3] <= 60
    assert seconds_to_wait(limit, "person:2") == 0
    with django_assert_num_queries(1):
        usage = usage_after_hit(limit, "person:2")
    assert (usage.allowed, usage.remaining) == (3, 1)
    refund_hits(limit, "person:2", usage)
    assert usage_after_hit(limit, "person:2").remaining == 1

    RateLimitWindow.objects.update(ends_at=timezone.now())
    assert seconds_to_wait(limit, "person:1") == 0
    assert delete_expired_windows() == 1
    assert RateLimitWindow.objects.count() == 1


@pytest.mark.django_db
def test_without_valkey_reads_are_not_counted(settings, silent, django_assert_num_queries):
    settings.RATE_LIMITS = True

    with django_assert_num_queries(0):
        assert [seconds_to_wait(Limit("tests", 1, 60, needs_valkey=True), "person:1") for _ in range(3)] == [0, 0, 0]


@pytest.mark.promise("S4")
def test_limits_are_shared_and_return_the_time_to_wait(settings):
    settings.RATE_LIMITS = True
    waits = [seconds_to_wait(WRITES, "person:2") for _ in range(WRITES.amount + 1)]

    assert waits[:-1] == [0] * WRITES.amount
    assert 0 < waits[-1] <= 300
    assert seconds_to_wait(WRITES, "person:3") == 0


@pytest.mark.django_db
def test_refunded_hits_do_not_count_and_windows_end(settings):
    settings.RATE_LIMITS = True
    limit = Limit("tests", 2, 60)

    for _ in range(5):
        usage = usage_after_hit(limit, "person:4")
        assert (usage.remaining, usage.wait_seconds) == (1, 0)
        assert 0 < usage.reset_seconds <= 60
        refund_hits(limit, "person:4", usage)
    forget(limit, "person:4")
    refund_hits(limit, "person:4", usage)
    assert [seconds_to_wait(limit, "person:4") == 0 for _ in range(3)] == [True, True, False]
    forget(limit, "person:4")
    assert seconds_to_wait(limit, "person:4") == 0
