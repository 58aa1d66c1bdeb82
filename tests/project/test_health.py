"""What load balancers ask."""

import pytest

from instagram import health


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(health, "_last", (float("-inf"), {}))


@pytest.fixture
def worker_answers(monkeypatch):
    monkeypatch.setattr(health.app.control, "ping", lambda **options: [{"worker": {"ok": "pong"}}])


def test_alive_asks_nothing_else(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")

    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")


def test_ready_names_every_part(client, db, worker_answers):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"database": "ok", "valkey": "ok", "storage": "ok", "worker": "ok"}


def test_a_part_that_fails_is_named_and_no_detail_is_told(client, db, worker_answers, monkeypatch):
    def refuse():
        raise ConnectionError("secret-host:6379 refused")

    monkeypatch.setattr(health.valkey, "client", refuse)
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"database": "ok", "valkey": "unavailable", "storage": "ok", "worker": "ok"}


def test_without_a_worker_the_site_is_not_ready(client, db):
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["worker"] == "unavailable"
