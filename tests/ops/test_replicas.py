"""Pages come from a real streaming replica if it is up to date, and from the primary otherwise."""

from contextlib import contextmanager

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actions.moderation import suspend_person
from accounts.models import User
from common import replicas
from common.statements import find_functions
from posts.actions.moderation import remove_post
from social.actions.blocks import block
from tests.replicas import ALIAS, StreamingReplica, as_replica

pytestmark = pytest.mark.django_db(transaction=True, databases=[DEFAULT_DB_ALIAS, ALIAS])

PATIENT_SECONDS = 20.0


@pytest.fixture(scope="module")
def server(django_db_setup, django_db_blocker):
    running = StreamingReplica()
    try:
        with django_db_blocker.unblock():
            running.start()
        with as_replica(running):
            yield running
    finally:
        running.stop()


@pytest.fixture
def replica(server, db, settings, monkeypatch):
    """The site reads from the replica. It waits long for it, because the machine of the tests may be busy."""
    settings.DATABASE_ROUTERS = ["common.replicas.ReplicaRouter"]
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "common.replicas.ReplicaMiddleware"]
    monkeypatch.setattr(replicas, "WAIT_SECONDS", PATIENT_SECONDS)
    find_functions()
    with connection.cursor() as cursor:
        # The server of the tests does not wait for its log; in production what is acknowledged is in the log.
        cursor.execute("SET synchronous_commit = on")
    replicas.replicas.cache_clear()
    yield replicas.replicas()[0]
    connections[ALIAS].close()
    connection.close()


@contextmanager
def queries_of(alias):
    with CaptureQueriesContext(connections[alias]) as found:
        yield found


def tables_read(queries):
    return " ".join(query["sql"] for query in queries)


@contextmanager
def lagging(server, replica, monkeypatch):
    """The replica replays nothing, and the site waits for it as in production."""
    monkeypatch.setattr(replicas, "WAIT_SECONDS", 0.02)
    with server.paused():
        yield
    replica.left_out_until = 0
    monkeypatch.setattr(replicas, "WAIT_SECONDS", PATIENT_SECONDS)


@pytest.mark.parametrize(
    "address", ["/", "/explore/", "/search/?q=au", "/author/", "/notifications/", "/api/feed/@follower"]
)
def test_pages_are_read_from_the_replica(replica, signed_in, follower, post, address):
    reader = signed_in(follower)
    reader.get(address)  # A timeline is built from the primary: posts that are pushed meanwhile must not be missed.

    with queries_of(ALIAS) as at_replica, queries_of(DEFAULT_DB_ALIAS) as at_primary:
        answer = reader.get(address)

    assert answer.status_code == 200
    assert len(at_replica) >= 1
    assert "accounts_session" not in tables_read(at_replica)
    for table in ("posts_post", "social_follow", "notifications_notification"):
        assert f'FROM "{table}"' not in tables_read(at_primary), table
    assert "pg_current_wal_flush_lsn" in tables_read(at_primary)


def test_changes_read_only_from_the_primary(replica, signed_in, follower, post):
    with queries_of(ALIAS) as at_replica:
        signed_in(follower).post(reverse("posts:like", args=[post.shortcode]))

    assert len(at_replica) == 0
    assert post.likes.count() == 1


def test_transactions_and_everything_after_a_write_read_from_the_primary(replica, person):
    someone = person()

    assert replicas.read_alias() == DEFAULT_DB_ALIAS, "outside of a request, as in tasks"
    with replicas.reading_from_replicas():
        assert User.objects.get(pk=someone.pk)._state.db == ALIAS
        with replicas.reading_from_primary():
            assert replicas.read_alias() == DEFAULT_DB_ALIAS
        with transaction.atomic():
            assert User.objects.get(pk=someone.pk)._state.db == DEFAULT_DB_ALIAS
        assert replicas.read_connection().alias == ALIAS
        User.objects.filter(pk=someone.pk).update(name="Changed")
        assert User.objects.get(pk=someone.pk).name == "Changed"
        assert replicas.read_alias() == DEFAULT_DB_ALIAS


def test_people_read_what_they_wrote_while_the_replica_lags(replica, server, signed_in, follower, post, monkeypatch):
    reader = signed_in(follower)
    page = f"/api/posts/{post.pk}"
    assert reader.get(page).json()["liked"] is False

    with lagging(server, replica, monkeypatch):
        reader.post(reverse("posts:like", args=[post.shortcode]))
        with queries_of(ALIAS) as at_replica:
            answer = reader.get(page)
        assert answer.json()["liked"] is True
        assert all("pg_last_wal_replay_lsn" in query["sql"] for query in at_replica)
        assert replica.left_out_until > 0
        with queries_of(ALIAS) as at_replica:
            assert signed_in(follower).get(page).json()["liked"] is True, "from another device"
        assert len(at_replica) == 0, "a replica that is behind is not asked again at once"

    with queries_of(ALIAS) as at_replica:
        assert reader.get(page).json()["liked"] is True
    assert "posts_post" in tables_read(at_replica)


def test_privacy_takes_effect_at_once_while_the_replica_lags(
    replica, server, signed_in, client, author, follower, stranger, post, share, monkeypatch
):
    page = reverse("posts:post", args=[post.shortcode])
    other = share(author)
    readers = {user: signed_in(user) for user in (follower, stranger)}
    assert {reader.get(page).status_code for reader in readers.values()} == {200}

    with lagging(server, replica, monkeypatch):
        block(author, blocked=follower)
        assert readers[follower].get(page).status_code == 404
        replica.left_out_until = 0
        remove_post(other, reason="spam")
        assert client.get(reverse("posts:post", args=[other.shortcode])).status_code == 404
        replica.left_out_until = 0
        suspend_person(stranger, reason="spam")
        assert readers[stranger].get("/notifications/").status_code == 302


def test_a_replica_that_dies_in_the_middle_costs_the_reader_nothing(server, replica, signed_in, follower, post):
    reader = signed_in(follower)
    page = reverse("posts:post", args=[post.shortcode])
    assert reader.get(page).status_code == 200
    server.kill()
    replica.replayed = 1 << 62  # It was up to date when the request began.
    replica.left_out_until = 0

    assert reader.get(page).status_code == 200
    assert replica.failures == 1
    with queries_of(DEFAULT_DB_ALIAS) as at_primary:
        assert reader.get(page).status_code == 200
    assert "pg_current_wal" not in tables_read(at_primary), "the replica is left out"

    replica.left_out_until = 0
    assert reader.get(page).status_code == 200, "it is tried again, in vain"
    assert replica.failures == 2
