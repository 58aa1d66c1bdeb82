"""The complete site on all engines at once: a replica, PgBouncer and a Valkey Cluster, while some of them fail."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from tests.clusters import ValkeyCluster, valkey_cluster
from tests.pooler import PgBouncer
from tests.replicas import StreamingReplica
from tests.running_site import SharedSite
from tests.servers import WORKER, make_data_dir
from tests.visitors import Visitor

pytestmark = [pytest.mark.timeout(400), pytest.mark.deep]

DATABASE = f"engines_{WORKER or 'main'}"


class EngineSite(SharedSite):
    """A site whose settings name all engines. It migrates its database through PgBouncer."""

    def __init__(self, pooler: PgBouncer, replica: StreamingReplica, cluster: ValkeyCluster) -> None:
        super().__init__(
            make_data_dir("engines"),
            RATE_LIMITS="off",
            DATABASE_URL=pooler.url(DATABASE),
            DATABASE_POOLER="transaction",
            DIRECT_DATABASE_URL=self._server_url(DATABASE),
            READ_DATABASE_URLS=replica.url(DATABASE),
            TIMELINE_URL=cluster.url,
            CACHE_URL=cluster.url,
        )
        self.database = DATABASE
        self._ask_the_server(f'CREATE DATABASE "{DATABASE}"')
        # The server of the tests does not wait for its log; in production what is acknowledged is in the log.
        self._ask_the_server(f'ALTER DATABASE "{DATABASE}" SET synchronous_commit = on')


@pytest.fixture(scope="module")
def engines():
    with ExitStack() as stack:
        pooler, replica = PgBouncer(), StreamingReplica()
        stack.callback(pooler.stop)
        stack.callback(replica.stop)
        cluster = stack.enter_context(valkey_cluster())
        pooler.start()
        replica.start()
        site = EngineSite(pooler, replica, cluster)
        stack.callback(site.remove)
        yield site.start(), replica, cluster


def rows_read(replica: StreamingReplica) -> int:
    """Return how many rows of the site's database were read from the replica, which reports them within a second."""
    return replica.sql("SELECT tup_returned + tup_fetched FROM pg_stat_database WHERE datname = %s", DATABASE)[0][0]


def test_photos_are_shared_and_read_while_engines_fail(engines, photo_bytes):
    site, replica, cluster = engines
    author, reader = Visitor(site.port).sign_up("author"), Visitor(site.port).sign_up("reader")
    reader.post(f"/{author.username}/follow/")

    def share() -> str:
        answer = author.share(("one.jpg", photo_bytes))
        assert answer.status in {200, 201}, answer.text
        url = answer.json["url"]
        assert author.wait_for(url)[0] == "published"
        return url

    def home_shows(url: str) -> bool:
        answer = reader.get("/")
        assert answer.status == 200
        return url in answer.text

    def wait_until_home_shows(url: str) -> None:
        deadline = time.monotonic() + 30
        while not home_shows(url):
            assert time.monotonic() < deadline
            time.sleep(0.1)

    reader.get("/")
    first = share()
    wait_until_home_shows(first)
    assert sum(cluster.entries()) > 0, "timelines and cards are on the cluster"
    before = rows_read(replica)
    for _ in range(20):
        assert reader.get(first).status == 200
    time.sleep(1.5)
    assert rows_read(replica) > before, "pages are read from the replica"

    # A node of the cluster is killed: pages come from PostgreSQL. It returns, empty.
    port = cluster.ports[1]
    cluster.processes[port].kill()
    cluster.processes[port].wait()
    second = share()
    assert home_shows(second)
    cluster.start_node(port)

    # The replica is killed: pages come from the primary.
    replica.kill()
    third = share()
    wait_until_home_shows(third)
    assert {reader.get(url).status for url in (first, second, third, "/explore/", f"/{author.username}/")} == {200}
    assert not {500, 503} & {*author.statuses, *reader.statuses}
