"""Limits of the requests that one user, or one IP address, may make in five minutes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from common import middleware, valkey

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def limits(settings, monkeypatch):
    settings.RATE_LIMITS = True
    for name in ("PAGES", "SUGGESTIONS", "PICTURES"):
        monkeypatch.setattr(middleware, name, replace(getattr(middleware, name), amount=3))


def statuses(client, path, **headers):
    return [client.get(path, **headers).status_code for _ in range(5)]


@pytest.mark.promise("S11")
@pytest.mark.parametrize("path", ["/explore/", "/nowhere/", "/accounts/login/"])
def test_pages_have_a_limit_by_address(client, db, path):
    assert statuses(client, path)[2:] == [200 if path != "/nowhere/" else 404, 429, 429]
    assert client.get(path, REMOTE_ADDR="192.0.2.9").status_code != 429


@pytest.mark.promise("S11")
def test_a_refused_page_says_when_to_try_again(client, db):
    statuses(client, "/explore/")

    page, fragment = client.get("/explore/"), client.get("/explore/", headers=HTMX)

    for answer in (page, fragment):
        assert 0 < int(answer["Retry-After"]) <= 300
        assert (answer["RateLimit-Limit"], answer["RateLimit-Remaining"]) == ("3", "0")
        assert "try again in" in answer.text.lower()
    assert "<html" in page.text
    assert "<html" not in fragment.text


@pytest.mark.promise("S11")
def test_users_at_one_address_have_separate_limits(signed_in, author, stranger):
    assert statuses(signed_in(author), "/explore/")[-1] == 429
    assert statuses(signed_in(stranger), "/explore/")[:3] == [200, 200, 200]


@pytest.mark.promise("S11")
@pytest.mark.parametrize("path", ["/accounts/username-available/?username=anna", "/search/suggest/?q=a"])
def test_suggestions_have_a_separate_limit(signed_in, author, path):
    client = signed_in(author)
    assert statuses(client, path)[-1] == 429
    assert client.get("/explore/").status_code == 200


@pytest.mark.promise("S11")
def test_files_have_a_separate_limit_by_address(client, db):
    assert statuses(client, "/media/1/aa/bb/c.webp") == [404, 404, 404, 429, 429]
    assert client.get("/explore/").status_code == 200


def test_health_checks_are_not_limited_nor_is_anything_without_valkey(client, db, monkeypatch):
    assert set(statuses(client, "/healthz")) == {200}
    monkeypatch.setattr(valkey, "is_paused", lambda url="": True)
    assert set(statuses(client, "/explore/")) == {200}
