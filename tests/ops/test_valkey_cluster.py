"""Timelines and the cache work on a real Valkey Cluster of three nodes, and without one of them."""

import pytest
from django.core.cache import caches

from common import valkey
from feed import timeline_store as store
from feed.pulled_authors import pulled_key
from tests.clusters import valkey_cluster


@pytest.fixture(scope="module")
def cluster():
    with valkey_cluster() as running:
        yield running


@pytest.fixture
def clustered(cluster, settings):
    """Use the cluster for timelines and cache, empty; everything else stays on the single server."""
    settings.TIMELINE_URL = settings.CACHE_URL = cluster.url
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": cluster.url}}
    caches["default"].clear()
    return cluster


def test_a_script_over_many_keys_is_called_once_for_each_node(clustered):
    server = valkey.timelines()
    push = valkey.BatchScript("for _, key in ipairs(keys) do redis.call('LPUSH', key, args[1]) end return #keys")
    keys = [f"timeline:{number}:1" for number in range(250)]

    first, second = push(server, keys, b"\xff\x00"), push(server, keys, 7)

    assert len(first) == len(second) == 3
    assert sum(first) == sum(second) == 250
    assert sum(clustered.entries()) == 250
    assert min(clustered.entries()) > 50, "the keys are spread"
    assert server.lrange(keys[3], 0, -1) == [b"7", b"\xff\x00"]
    assert push(valkey.client(), keys, 7) == [250], "one call on a single server"
    assert valkey.unlink(server, keys[:200]) == 200
    assert valkey.mget(server, ["a", "b"]) == [None, None]
    assert sum(clustered.entries()) == 50


def test_timelines_are_pushed_to_read_and_changed_on_all_nodes(clustered):
    readers = [(number, 0) for number in range(1, 301)]
    first, second, late = 3 << 60, 5 << 60, 4 << 60
    for reader_id, version in readers:
        assert store.start_build(reader_id, version)
        store.finish_build(reader_id, version, [first], keep_seconds=60)
    assert min(clustered.entries()) > 50, "the timelines are spread"

    assert [store.push(post_id, readers) for post_id in (second, late, late)] == [300, 300, 0]
    for reader_id, _ in readers:
        page = store.read(reader_id, 0, before=None, count=5, extra_key=pulled_key(reader_id))
        assert page.ids == [second, late, first]
    assert store.add_author(1, 1, [late + 1])
    assert store.all_ids(1) == [second, late + 1, late, first]
    assert store.versions([1, 2, 999]) == {1: 1, 2: 0}
    assert store.remove([late], [reader_id for reader_id, _ in readers]) == 300
    assert store.delete(1) == 1


def test_the_cache_works_key_by_key(clustered):
    cache = caches["default"]

    cache.set_many({f"card:{number}": {"n": number} for number in range(30)}, timeout=60)

    assert min(clustered.entries()) > 0
    assert cache.get_many([f"card:{number}" for number in range(31)]) == {
        f"card:{number}": {"n": number} for number in range(30)
    }
    assert cache.add("card:0", 1) is False
    cache.delete_many(["card:1", "card:2"])
    assert cache.get("card:1") is None
    assert cache.add("count", 1)
    assert cache.incr("count", 2) == 3
    cache.clear()
    assert clustered.entries() == [0, 0, 0]
