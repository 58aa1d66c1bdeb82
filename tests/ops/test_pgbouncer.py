"""The site works behind a real PgBouncer in transaction mode, which gives each transaction any of two connections."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.test import Client
from django.urls import reverse

from accounts.models import User
from common.databases import DIRECT
from common.locks import try_advisory_lock
from common.statements import create_all
from feed.home import home_posts
from posts.actions.media import Upload
from posts.actions.sharing import create_post
from tests.pooler import PgBouncer

pytestmark = pytest.mark.django_db(transaction=True, databases=[DEFAULT_DB_ALIAS, DIRECT])


@pytest.fixture(scope="module")
def pgbouncer(django_db_setup, django_db_blocker):
    running = PgBouncer()
    connections.settings[DIRECT] = connection.settings_dict | {"TEST": {"MIRROR": DEFAULT_DB_ALIAS}}
    try:
        with django_db_blocker.unblock():
            running.start()
        yield running
    finally:
        connections[DIRECT].close()
        del connections[DIRECT]
        del connections.settings[DIRECT]
        running.stop()


@pytest.fixture
def pooled(pgbouncer, db):
    """The site connects to PgBouncer, as with DATABASE_POOLER=transaction."""
    ours = connection.settings_dict
    before = dict(ours)
    connection.close()
    options = {name: value for name, value in ours["OPTIONS"].items() if name not in {"host", "port"}}
    ours |= {"HOST": "127.0.0.1", "PORT": pgbouncer.port, "OPTIONS": options, "DISABLE_SERVER_SIDE_CURSORS": True}
    yield pgbouncer
    connection.close()
    ours |= before
    connections[DIRECT].close()


def session() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def test_a_client_gets_another_session_for_each_transaction(pooled):
    """Checks the tests themselves: state of a session would be lost here."""
    first = session()
    with pooled.client() as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")  # Begins a transaction, on the session that is free.
        assert session() != first
        other.rollback()


def test_a_photo_is_shared_rendered_fanned_out_seen_and_liked(pooled, author, follower, photo, tasks_run, signed_in):
    with tasks_run():
        post = create_post(author=author, uploads=[Upload(photo(), "one.jpg", "a cup")], caption="Behind #pools")
    post.refresh_from_db()

    assert post.published_at is not None, "it is rendered under a session lock"
    assert post.fanned_out_at is not None, "it is fanned out under a session lock"
    assert [one.pk for one in home_posts(follower, before=None, count=3)[0]] == [post.pk]
    reader = signed_in(follower)
    pages = [
        "/",
        "/explore/",
        "/author/",
        "/explore/tags/pools/",
        "/notifications/",
        "/search/?q=autor",
        "/api/feed/@follower",
    ]
    assert {page: reader.get(page).status_code for page in pages} == dict.fromkeys(pages, 200)
    reader.post(reverse("posts:like", args=[post.shortcode]))
    assert reader.get(f"/api/posts/{post.pk}").json()["liked"] is True


def test_workers_exclude_one_another(pooled, author):
    def is_free() -> bool:
        try:
            with try_advisory_lock(author.pk) as is_ours:
                return is_ours
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other_worker:
        with try_advisory_lock(author.pk) as is_ours:
            assert is_ours
            session()
            assert not other_worker.submit(is_free).result()
        assert other_worker.submit(is_free).result()


def test_rows_are_read_in_batches_without_a_cursor_of_the_server(pooled, person):
    people = [person() for _ in range(5)]
    with pooled.client() as other, other.cursor() as cursor:
        rows = User.objects.order_by("pk").iterator(chunk_size=2)
        found = [next(rows)]
        cursor.execute("SELECT 1")
        found += rows

    assert found == people


def test_many_threads_share_two_connections(pooled, author, follower, post):
    def pages() -> list[int]:
        try:
            browser = Client()
            browser.force_login(follower)
            return [browser.get(page).status_code for page in ("/", "/author/", post.get_absolute_url())]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as threads:
        answers = [threads.submit(pages) for _ in range(6)]
        assert {status for answer in answers for status in answer.result()} == {200}


def test_migrations_and_statements_are_checked_through_the_pool(pooled):
    call_command("migrate", check_unapplied=True, verbosity=0)
    assert create_all() == []
