"""Every write of the API leaves the same rows and emits the same events as its page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import astuple
from typing import Any

import pytest
from django.db import transaction

from tests.api.writes import ACTS, comparable, filled, rows

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ACTS)
def test_a_page_and_the_api_have_the_same_effect(
    name, world, photo, signed_in, monkeypatch, django_capture_on_commit_callbacks
):
    act, told = ACTS[name], []
    monkeypatch.setattr("common.events._publish", told.append)
    act.before(world)
    browser = signed_in(world["me"])
    before = rows()
    numbers = {row.get("id") for of_table in before.values() for row in of_table}

    def done(by: Callable[[], Any]) -> Any:
        """Return the answer of `by`, the rows that it left and the events that it emitted; then roll back."""
        told.clear()
        with transaction.atomic():
            with django_capture_on_commit_callbacks(execute=True):
                answer = by()
            left = comparable(rows(), before)
            transaction.set_rollback(True)
        events = [(type(event).__name__, *(pk for pk in _flat(astuple(event)) if pk in numbers)) for event in told]
        return answer, left, events

    def with_files(sent: dict[str, Any]) -> dict[str, Any]:
        return {name: photo() if value == "photo" else value for name, value in sent.items()}

    def on_page() -> Any:
        return browser.post(filled(act.page, world), with_files(filled(act.sent, world)))

    def by_program() -> Any:
        url = f"/api{filled(act.api, world)}"
        if act.form:
            return browser.post(url, with_files(filled(act.form, world)))
        body = "" if act.body is None else json.dumps(filled(act.body, world))
        return browser.generic(act.method, url, body, "application/json")

    page, by_page, events_by_page = done(on_page)
    answer, by_api, events_by_api = done(by_program)

    assert page.status_code in {200, 204, 302}, page.text
    assert answer.status_code == act.status, answer.text
    assert by_api == by_page
    assert by_api != comparable(before, before)
    assert events_by_api == events_by_page


def test_every_write_is_compared_with_its_page():
    from instagram.api import api

    compared = {act.api.partition("?")[0].replace("@author", "{id}") for act in ACTS.values()}
    compared = {re.sub(r"\{\w+\}|@\w+", "{id}", path).replace("/tags/sun/", "/tags/{id}/") for path in compared}
    writes = {
        path.removeprefix("/api")
        for path, methods in api.get_openapi_schema()["paths"].items()
        if set(methods) - {"get"}
    }

    # Files are compared with their posts. Checking a username changes nothing, and posts seen in Explore are stored in
    # Valkey (tests/api/test_explore.py).
    assert writes - compared == {"/media", "/user/profile/checkusername/", "/explore/seen"}


def _flat(value: Any) -> list[Any]:
    """Return the plain values in nested lists and tuples."""
    return [one for item in value for one in _flat(item)] if isinstance(value, list | tuple) else [value]


def test_files_that_are_in_no_post_are_listed_for_their_owner(world, send, signed_in):
    listed = send("GET", "/media").json()["items"]

    assert [one["id"] for one in listed] == [str(world["medium"])]
    assert signed_in(world["other"]).get("/api/media").json() == {"items": [], "next": None}


def test_an_invalid_hidden_word_or_tag_is_refused_and_named(world, send):
    word = send("POST", "/user/hidden-words", {"words": ["spam", "…"]})
    unknown = send("POST", f"/media/{world['slide_0']}/tag", {"username": "nobody.here"})
    foreign = send("POST", f"/media/{world['post'].media.get().pk}/tag", {"username": "other"})

    assert (word.status_code, word.json()["errors"][0]["path"]) == (422, "body.words")
    assert (unknown.status_code, unknown.json()["code"]) == (409, "refused")
    assert foreign.status_code == 404
