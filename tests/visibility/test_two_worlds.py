"""A18: nothing that is hidden moves an answer: two worlds, one with the hidden things, answer alike on every list."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, override_settings

from tests.conftest import HTMX
from tests.project.test_boundaries import PUBLIC, PUBLIC_OPERATIONS
from tests.visibility.surfaces import ONESELF, SOME, SURFACES, Surface
from tests.visibility.test_matrix import url_of
from tests.visibility.twins import (
    FROM_ALL,
    FROM_ONE,
    VIEWERS,
    Answers,
    Twins,
    as_new,
    differences,
    make_visible,
    pin_the_clock,
    walk,
)
from tests.visibility.world import undone

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]

POSTS_FOUND = ("quorble", "hiddenword", "hiddenword quorble", "quorble -hiddenword", "from:harborx quorble")
POSTS_FOUND += ("has:place light", '"quorble light"', "#hiddentag", "photograph before:2060")
PEOPLE_FOUND = ("harbor", "harborx", "harbrox", "harbory")
TAGS_FOUND = ("quorbel", "quorbelx0", "quorbelx", "hiddentag", "quorbletga")
PLACES_FOUND = ("quorble", "quorble lanx", "hidden place", "quorble lnae")
FOUND = {"posts": POSTS_FOUND, "users": PEOPLE_FOUND, "tags": TAGS_FOUND, "places": PLACES_FOUND}
TABS = {"posts": "posts", "users": "accounts", "tags": "tags", "places": "places"}
ON_TOP = ("quorble", "hiddenword quorble", "harborx", "quorbelx", "quorble lanx")


def encoded(text: str) -> str:
    return text.replace("#", "%23").replace(" ", "+").replace('"', "%22").replace(":", "%3A")


QUERIES = {
    "search:search": (
        *(f"?q={encoded(text)}" for text in ON_TOP),
        *(f"?q={encoded(text)}&tab={TABS[kind]}" for kind, texts in FOUND.items() for text in texts[:2]),
    ),
    "search:suggest": (*(f"?q={encoded(text)}" for text in ON_TOP), "?q=harborx&only=people", "?q=h"),
    "api:search": (
        *(f"?type={kind}&q={encoded(text)}&limit=1" for kind, texts in FOUND.items() for text in texts),
        *(f"?type={kind}&q={encoded(texts[0])}&limit=100" for kind, texts in FOUND.items()),
    ),
    "social:close_friends": ("", "?q=harborx", "?q=harbor"),
    "accounts:username_available": ("?username=nobodyhere",),
    "posts:oembed": ("",),
}
"""What is asked where a page of SURFACES has queries: these say what the twins' things are called."""

ELSEWHERE = {
    "file": "one's own files: they are found by id alone",
}
"""Kinds of things that the twins have none of, and why."""


@pytest.fixture(scope="module")
def twins(django_db_setup: None, django_db_blocker: Any) -> Iterator[Twins]:
    """What everybody sees, in a transaction that is taken back at the end of the module."""
    with django_db_blocker.unblock(), override_settings(RATE_LIMITS=False), transaction.atomic():
        pin_the_clock()
        yield make_visible()
        transaction.set_rollback(True)


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows a page on every page of the site, so that few rows have many cursors."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in {"accounts", "social", "posts", "feed", "search", "notifications"}:
            for constant in [one for one in vars(module) if one.endswith("_PER_PAGE")]:
                monkeypatch.setattr(module, constant, 2)
    monkeypatch.setattr("feed.explore.now_ms", lambda: 1_000_000)  # A cursor of Explore says when its walk began.
    monkeypatch.setattr("search.posts.BATCH_SIZE", 3)
    monkeypatch.setattr("search.views.TILES_ON_TOP", 2)


def things(twins: Twins) -> dict[str, list[dict[str, Any]]]:
    """What fills the addresses of things: some of each kind that everybody sees."""
    posts = [{"shortcode": twins.posts[name].shortcode} for name in ("600", "reader")]
    posts = [one | {"media_id": twins.posts["600"].slides[0].pk, "key": "aa/bb/c.webp"} for one in posts]
    comments = [posts[at] | {"comment_id": twins.comments[name].pk} for at, name in enumerate(("600", "reader"))]
    people = [{"username": name} for name in ("carla", "locked", "reader")]
    places = [{"slug": "quorble-bay"}, {"slug": "quorble-lanx"}, {"slug": "hidden-place"}]
    return {"post": posts, "comment": comments, "talk": comments, "person": people, "place": places}


def addresses(twins: Twins, viewer: str) -> list[tuple[str, bool]]:
    """Return every address to ask as `viewer`, and whether htmx asks for it."""
    found, known = [], things(twins)
    for name, surface in SURFACES.items():
        is_form = not surface.things and bool(surface.actors) and surface.actors != SOME and name not in QUERIES
        if not surface.gets or is_form or surface.things in ELSEWHERE:
            continue
        assert surface.things in {"", *known}, f"say in `things` what fills the address of {name}"
        assert name in QUERIES or surface.queries == ("",), f"say in QUERIES what is asked at {name}"
        if not asks(viewer, name, surface):
            continue
        limit = "?limit=2" if name.startswith("api:") and name != "api:search" else ""
        for kwargs in known[surface.things] if surface.things else [{}]:
            url = url_of(name, surface, kwargs).replace(ONESELF, f"@{viewer}")
            found += [(url + (query or limit), not limit) for query in QUERIES.get(name, ("",))]
    found += [(f"/explore/tags/{tag}/", True) for tag in ("quorbletag", "quorbelx0", "hiddentag")]
    found += [(f"/api/users/@{name}/posts?tagged=true&limit=1", False) for name in ("fan", "carla")]
    return found


def asks(viewer: str, name: str, surface: Surface) -> bool:
    """Share the work: some ask for things, some search, and whoever has no session asks for what is public."""
    if viewer == "anonymous":
        return name in PUBLIC | PUBLIC_OPERATIONS
    if viewer == "stranger":
        return name in {"api:search", "search:suggest", "feed:suggested"}
    return viewer == "beside" or name != "search:search"


def answers(twins: Twins, viewer: str) -> Answers:
    """Ask for everything as `viewer`, with nothing remembered from before."""
    client = Client()
    with as_new():
        if viewer != "anonymous":
            client.force_login(twins.people[viewer])
        asked = addresses(twins, viewer)
        return walk(client, [(url, HTMX if by_htmx and "?q=" in url else {}) for url, by_htmx in asked])


@pytest.mark.promise("A7", "A9", "A18")
@pytest.mark.usefixtures("short_pages")
@pytest.mark.parametrize(
    "viewer",
    [pytest.param(viewer, marks=[pytest.mark.deep] if viewer in {"reader", "beside"} else []) for viewer in VIEWERS],
)
def test_nothing_hidden_moves_a_list_a_count_or_a_cursor(viewer: str, twins: Twins) -> None:
    hidden = FROM_ALL | (FROM_ONE if viewer == "beside" else {})
    before = answers(twins, viewer)
    for kinds in [FROM_ALL, FROM_ONE] if viewer == "beside" else [FROM_ALL]:
        assert not with_hidden(twins, viewer, before, kinds), "\n".join(culprits(twins, viewer, before, hidden))


def with_hidden(twins: Twins, viewer: str, before: Answers, kinds: dict[str, Any]) -> list[str]:
    """Add hidden things of these kinds, ask again, and say what differs."""
    with undone():
        people = dict(twins.people)
        for add in kinds.values():
            add(twins)
        found = differences(before, answers(twins, viewer))
        twins.people.clear()
        twins.people.update(people)
    return found


def culprits(twins: Twins, viewer: str, before: Answers, kinds: dict[str, Any]) -> list[str]:
    """Say for each kind alone what it moves: asked only once something differs."""
    return [
        f"{viewer} is told of {kind} at {what}"
        for kind, add in kinds.items()
        for what in with_hidden(twins, viewer, before, {kind: add})
    ]
