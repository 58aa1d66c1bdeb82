"""The health checks of load balancers."""

import pytest

from instagram import health
from instagram.celery import app


@pytest.fixture(autouse=True)
def _no_cached_result(monkeypatch):
    monkeypatch.setattr(health, "_last", (float("-inf"), {}))


@pytest.fixture
def worker_answers(monkeypatch):
    monkeypatch.setattr(app.control, "ping", lambda **options: [{"worker": {"ok": "pong"}}])


def test_healthz_makes_no_query(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")

    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")


def test_readyz_lists_every_part(client, db, worker_answers):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"database": "ok", "valkey": "ok", "storage": "ok", "worker": "ok"}


def test_readyz_names_a_failing_part_without_details(client, db, worker_answers, monkeypatch):
    def refuse(url):
        raise ConnectionError("secret-host:6379 refused")

    monkeypatch.setattr("common.valkey.connect", refuse)
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"database": "ok", "valkey": "unavailable", "storage": "ok", "worker": "ok"}


def test_readyz_fails_without_a_worker(client, db):
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["worker"] == "unavailable"
