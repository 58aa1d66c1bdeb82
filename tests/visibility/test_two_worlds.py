"""Hidden objects change no answer: every list answers the same in a world with and without them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, override_settings

from tests.conftest import HTMX
from tests.project.test_boundaries import PUBLIC, PUBLIC_OPERATIONS
from tests.visibility.endpoints import ENDPOINTS, SAMPLE_ACTORS, SELF, Endpoint
from tests.visibility.test_matrix import url_of
from tests.visibility.twins import (
    HIDDEN_FROM_ALL,
    HIDDEN_FROM_BLOCKY,
    VIEWERS,
    Answers,
    Twins,
    control_ids,
    crawl,
    differences,
    fresh_caches,
    make_visible,
)
from tests.visibility.world import rolled_back

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]

POSTS_FOUND: tuple[str, ...] = (
    "quorble",
    "hiddenword",
    "hiddenword quorble",
    "quorble -hiddenword",
    "from:harborx quorble",
)
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
    "feed:home": ("", "?feed=favourites", "?feed=for-you"),
    "api:get_feed": ("?limit=2", "?kind=favourites&limit=2", "?kind=for-you&limit=2"),
    "social:close_friends": ("", "?q=harborx", "?q=harbor"),
    "accounts:username_available": ("?username=nobodyhere",),
    "posts:oembed": ("",),
}
"""Queries for the pages that have some in ENDPOINTS, with the names and words of the twins."""

NOT_IN_TWINS = {
    "own item": "own media, uploads and collections are found by id alone",
}
"""Kinds of targets that the twins do not have, with the reason."""


@pytest.fixture(scope="module")
def twins(django_db_setup: None, django_db_blocker: Any) -> Iterator[Twins]:
    """Build the visible objects in a transaction that is rolled back at the end of the module."""
    with django_db_blocker.unblock(), override_settings(RATE_LIMITS=False), transaction.atomic():
        control_ids()
        yield make_visible()
        transaction.set_rollback(True)


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show two rows per page on all pages, so that few rows have many cursors."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in {"accounts", "social", "posts", "feed", "search", "notifications"}:
            for constant in [one for one in vars(module) if one.endswith("_PER_PAGE")]:
                monkeypatch.setattr(module, constant, 2)
    # Cursors of Explore contain the time of the first page.
    monkeypatch.setattr("feed.explore.now_ms", lambda: 1_000_000)
    monkeypatch.setattr("search.posts.BATCH_SIZE", 3)
    monkeypatch.setattr("search.views.results.TOP_TILES", 2)


def targets(twins: Twins) -> dict[str, list[dict[str, Any]]]:
    """Return kwargs for URLs of some visible targets of each kind."""
    posts: list[dict[str, Any]] = [{"shortcode": twins.posts[name].shortcode} for name in ("600", "reader")]
    posts = [one | {"media_id": twins.posts["600"].slides[0].pk, "key": "aa/bb/c.webp"} for one in posts]
    comments = [posts[index] | {"comment_id": twins.comments[name].pk} for index, name in enumerate(("600", "reader"))]
    people = [{"username": name} for name in ("carla", "locked", "reader")]
    places = [{"slug": "quorble-bay"}, {"slug": "quorble-lanx"}, {"slug": "hidden-place"}]
    return {"post": posts, "comment": comments, "sampled comment": comments, "person": people, "place": places}


def addresses(twins: Twins, viewer: str) -> list[tuple[str, bool]]:
    """Return every URL to request as `viewer`, and whether as htmx does."""
    found, known = [], targets(twins)
    for name, endpoint in ENDPOINTS.items():
        is_form = (
            not endpoint.targets and bool(endpoint.actors) and endpoint.actors != SAMPLE_ACTORS and name not in QUERIES
        )
        if not endpoint.gets or is_form or endpoint.targets in NOT_IN_TWINS:
            continue
        assert endpoint.targets in {"", *known}, f"add kwargs for {name} to `targets`"
        assert name in QUERIES or endpoint.queries == ("",), f"add queries for {name} to QUERIES"
        if not is_assigned(viewer, name, endpoint):
            continue
        limit = "?limit=2" if name.startswith("api:") and name != "api:search" else ""
        for kwargs in known[endpoint.targets] if endpoint.targets else [{}]:
            url = url_of(name, endpoint, kwargs).replace(SELF, f"@{viewer}")
            found += [(url + (query or limit), not limit) for query in QUERIES.get(name, ("",))]
    found += [(f"/explore/tags/{tag}/", True) for tag in ("quorbletag", "quorbelx0", "hiddentag")]
    found += [(f"/api/users/@{name}/posts?tagged=true&limit=1", False) for name in ("fan", "carla")]
    return found


def is_assigned(viewer: str, name: str, endpoint: Endpoint) -> bool:
    """Return True if `viewer` requests this endpoint: each endpoint is left to a few viewers, to save time."""
    if viewer == "anonymous":
        return name in PUBLIC | PUBLIC_OPERATIONS
    if viewer == "stranger":
        return name in {"api:search", "search:suggest", "feed:suggested"}
    return viewer == "blocky" or name != "search:search"


def answers(twins: Twins, viewer: str) -> Answers:
    """Request everything as `viewer`, with empty caches."""
    client = Client()
    with fresh_caches():
        if viewer != "anonymous":
            client.force_login(twins.people[viewer])
        requests = addresses(twins, viewer)
        return crawl(client, [(url, HTMX if by_htmx and "?q=" in url else {}) for url, by_htmx in requests])


@pytest.mark.promise("A7", "A9", "A18")
@pytest.mark.usefixtures("short_pages")
@pytest.mark.parametrize(
    "viewer",
    [pytest.param(viewer, marks=[pytest.mark.deep] if viewer in {"reader", "blocky"} else []) for viewer in VIEWERS],
)
def test_hidden_objects_change_no_list_no_count_and_no_cursor(viewer: str, twins: Twins) -> None:
    hidden = HIDDEN_FROM_ALL | (HIDDEN_FROM_BLOCKY if viewer == "blocky" else {})
    before = answers(twins, viewer)
    for kinds in [HIDDEN_FROM_ALL, HIDDEN_FROM_BLOCKY] if viewer == "blocky" else [HIDDEN_FROM_ALL]:
        assert not with_hidden(twins, viewer, before, kinds), "\n".join(culprits(twins, viewer, before, hidden))


def with_hidden(twins: Twins, viewer: str, before: Answers, kinds: dict[str, Any]) -> list[str]:
    """Add hidden objects of these kinds, request everything again, and describe the differences."""
    with rolled_back():
        people = dict(twins.people)
        for add in kinds.values():
            add(twins)
        found = differences(before, answers(twins, viewer))
        twins.people.clear()
        twins.people.update(people)
    return found


def culprits(twins: Twins, viewer: str, before: Answers, kinds: dict[str, Any]) -> list[str]:
    """Describe the differences that each kind makes by itself. Slow, so only called after a difference was found."""
    return [
        f"{viewer} can notice {kind} at {difference}"
        for kind, add in kinds.items()
        for difference in with_hidden(twins, viewer, before, {kind: add})
    ]
