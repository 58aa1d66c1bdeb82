"""Every role requests every endpoint for every object, and the answers are compared with the tables.

The expected visibility is in tables.py, the audience of each endpoint in endpoints.py. Endpoints with the same audience
share the pairs of an actor and a target between them (`sampled`); `make test-deep` tries all pairs at each endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse

from tests.conftest import HTMX
from tests.project.test_boundaries import PUBLIC, PUBLIC_OPERATIONS, all_patterns
from tests.visibility.endpoints import ENDPOINTS, ID_OF, SELF, Endpoint
from tests.visibility.world import Target, World, comparable, missing_kwargs, rolled_back, rows_written, text_of

Case = tuple[Target, str, str]
"""A target, its URL, and the URL of a missing one."""
Choose = Callable[[str, Sequence[str], World], dict[str, list[Case]]]
GETS = [name for name, endpoint in ENDPOINTS.items() if endpoint.gets and endpoint.targets]
POSTS = [name for name, endpoint in ENDPOINTS.items() if endpoint.posts]
PAGES = [name for name, endpoint in ENDPOINTS.items() if endpoint.gets and not endpoint.targets]
REFUSALS = {302, 401, 403, 404, 405}
ALSO_BY_HTMX = {"anonymous", "pending", "blocked", "restricted"}
"""Actors who also send the requests of htmx."""

SHARES = 4
"""Into how many parts endpoints with the same audience divide the pairs of an actor and a target."""
WHOLE = {"posts:post", "feed:profile", "api:get_post", "api:get_person"}
"""Endpoints that are tried with all pairs, because they show most."""

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_badges", "no_deferred_columns")]
"""Each test is rolled back by itself, inside the transaction of `world`."""


@pytest.mark.promise("A1")
def test_every_endpoint_is_listed() -> None:
    names = {name for name, _ in all_patterns()}

    missing = sorted(names - set(ENDPOINTS))
    assert not missing, (
        f"The audience of {', '.join(missing)} is not listed: add a line for each to ENDPOINTS in "
        'tests/visibility/endpoints.py, such as get("post", sees) or post("person", sees_profile); see its docstring.'
    )
    gone = sorted(set(ENDPOINTS) - names)
    assert not gone, f"There are no URLs named {', '.join(gone)} any more: remove the lines from ENDPOINTS."


def url_of(name: str, endpoint: Endpoint, kwargs: dict[str, Any]) -> str:
    possibilities = get_resolver()
    namespace, _, plain_name = name.rpartition(":")
    for part in filter(None, [namespace]):
        possibilities = possibilities.namespace_dict[part][1]
    parameters = {key for _, _, _, converters in possibilities.reverse_dict.getlist(plain_name) for key in converters}
    parameters |= set(endpoint.kwargs)
    given = endpoint.kwargs | kwargs
    if name.startswith("api:") and endpoint.targets:
        known_by = endpoint.known_by or ID_OF[endpoint.targets]
        given["id"] = f"@{given[known_by]}" if known_by == "username" else given[known_by]
    missing = parameters - set(given)
    assert not missing, f"Give {name} a value for {missing}, in Endpoint.kwargs or in the kwargs of its targets."
    return reverse(name, kwargs={key: given[key] for key in parameters})


def cases(name: str, world: World) -> list[Case]:
    """Return (target, its URL, the URL of a missing one) for each target of the endpoint."""
    endpoint = ENDPOINTS[name]
    return [
        (target, url_of(name, endpoint, target.kwargs), url_of(name, endpoint, missing_kwargs(target.kwargs)))
        for target in world.targets[endpoint.targets]
    ]


def may_use(name: str, world: World, actor: str, target: Target) -> bool:
    audience = ENDPOINTS[name].audience
    assert audience
    signed_in = actor not in {"anonymous", "suspended", "deactivated"}
    return (signed_in or name in PUBLIC | PUBLIC_OPERATIONS) and audience(world, actor, target)


def share_of(name: str, names: Sequence[str]) -> tuple[int, int]:
    """Return which share of the pairs belongs to this endpoint, and the number of shares.

    Together, the endpoints among `names` that have the same targets, audience and actors, and are all pages or all
    operations of the API, have all shares.
    """
    alike = [other for other in names if _kind_of(other) == _kind_of(name)]
    # There are only two own items, which must not leave most actors without a target.
    shares = 1 if name in WHOLE else min(len(alike), 2 if ENDPOINTS[name].targets == "own item" else SHARES)
    return alike.index(name) % shares, shares


def _kind_of(name: str) -> tuple[Any, ...]:
    endpoint = ENDPOINTS[name]
    return endpoint.targets, endpoint.audience, tuple(endpoint.actors), name.startswith("api:")


def sampled(name: str, names: Sequence[str], world: World) -> dict[str, list[Case]]:
    """Return the cases of the endpoint's share by actor: every actor, each with some of the targets.

    The share contains at least one target that the audience may use, if there is one.
    """
    share, shares = share_of(name, names)
    found: dict[str, list[Case]] = {}
    allowed: list[tuple[str, Case]] = []
    everything = cases(name, world)
    for row, actor in enumerate(ENDPOINTS[name].actors or world.actors):
        found[actor] = [case for column, case in enumerate(everything) if (row + column) % shares == share]
        allowed += [(actor, case) for case in everything if may_use(name, world, actor, case[0])]
    if allowed and not any(case in found[actor] for actor, case in allowed):
        actor, case = allowed[0]
        found[actor].append(case)
    return found


def everything(name: str, names: Sequence[str], world: World) -> dict[str, list[Case]]:
    return dict.fromkeys(ENDPOINTS[name].actors or world.actors, cases(name, world))


def sampled_or_deep(names: Sequence[str]) -> list[Any]:
    """Return parameters for every endpoint with its share, and with all pairs at the level `deep`."""
    divided = [name for name in names if share_of(name, names)[1] > 1]
    return [pytest.param(name, sampled, id=name) for name in names] + [
        pytest.param(name, everything, id=f"{name}-everything", marks=pytest.mark.deep) for name in divided
    ]


@pytest.mark.promise("A1", "A2")
@pytest.mark.parametrize("names", [GETS, POSTS], ids=["gets", "posts"])
def test_endpoints_with_the_same_audience_try_all_pairs_together(names: list[str], world: World) -> None:
    tried: set[Any] = set()
    wanted: set[Any] = set()
    for name in names:
        shown = sampled(name, names, world)
        for chosen, into in ((shown, tried), (everything(name, names, world), wanted)):
            for actor, found in chosen.items():
                into |= {(_kind_of(name), actor, target.label) for target, _, _ in found}
        forbidden = [
            actor for actor, found in shown.items() for case in found if not may_use(name, world, actor, case[0])
        ]
        assert len(set(forbidden)) >= 4, name
    assert tried == wanted


@pytest.mark.promise("A1", "A2")
@pytest.mark.usefixtures("caption_files")
@pytest.mark.parametrize(("name", "choose"), sampled_or_deep(GETS))
def test_a_get_shows_what_the_tables_allow_or_answers_as_for_a_missing_object(
    name: str, choose: Choose, world: World
) -> None:
    endpoint, wrong = ENDPOINTS[name], []
    before = rows_written()
    for actor, found in choose(name, GETS, world).items():
        missing_answers: dict[bool, Any] = {}
        for target, url, url_of_missing in found:
            is_allowed = may_use(name, world, actor, target)
            for headers in ({}, HTMX) if actor in ALSO_BY_HTMX and not name.startswith("api:") else ({},):
                answer = world.request(actor, url, headers=headers)
                wrong += world.leaks(actor, answer, url)
                if not is_allowed:
                    if bool(headers) not in missing_answers:
                        missing = world.request(actor, url_of_missing, headers=headers)
                        assert missing.status_code in REFUSALS or headers, (actor, url_of_missing)
                        missing_answers[bool(headers)] = comparable(missing, url_of_missing)
                    if comparable(answer, url) != missing_answers[bool(headers)]:
                        wrong.append(
                            f"{actor} can tell {target.label} at {url} from a missing one: {answer.status_code}"
                        )
                elif answer.status_code not in {200, 302}:
                    wrong.append(f"{actor} should get {target.label} at {url}: {answer.status_code}")
                elif not headers:
                    text = text_of(answer)
                    words = [
                        word for word, (kind, of) in world.planted.items() if of is target and kind in endpoint.shows
                    ]
                    absent = [word for word in words if word not in text]
                    wrong += [f"{actor} misses the {world.planted[word][0]} of {target.label}" for word in absent]
    assert not wrong, "\n".join(wrong)
    assert rows_written() == before, f"GET of {name} writes rows"


@pytest.mark.promise("A1", "A7")
@pytest.mark.usefixtures("caption_files")
@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_each_role_no_more_than_the_tables_allow(name: str, world: World) -> None:
    wrong = []
    url = url_of(name, ENDPOINTS[name], {})
    for actor in ENDPOINTS[name].actors or world.actors:
        for query in ENDPOINTS[name].queries:
            # The first query gets the whole page and the fragment, the others only the fragment.
            for headers in (HTMX,) if query != ENDPOINTS[name].queries[0] else ({}, HTMX):
                own = f"@{world.people[actor].username}" if actor in world.people else "@nobody.here"
                answer = world.request(actor, url.replace(SELF, own) + query, headers=headers)
                # readyz is 503 in tests, because no worker runs.
                assert answer.status_code < 500 or name == "readyz", (actor, url + query)
                wrong += world.leaks(actor, answer, url + query)
    assert not wrong, "\n".join(wrong)


@pytest.mark.promise("A1", "A2", "A10")
@pytest.mark.parametrize(("name", "choose"), sampled_or_deep(POSTS))
def test_a_post_by_others_changes_nothing_and_answers_as_for_a_missing_object(
    name: str, choose: Choose, world: World
) -> None:
    endpoint, wrong = ENDPOINTS[name], []
    for actor, found in choose(name, POSTS, world).items():
        allowed, missing_answer = [], None
        before = rows_written()
        for target, url, url_of_missing in found:
            if may_use(name, world, actor, target):
                allowed.append((target, url))
                continue
            if missing_answer is None:
                missing_answer = comparable(
                    world.request(actor, url_of_missing, endpoint.data, method=endpoint.method), url_of_missing
                )
                assert missing_answer[0] in REFUSALS, (actor, url_of_missing, missing_answer[0])
            answer = world.request(actor, url, endpoint.data, method=endpoint.method)
            wrong += world.leaks(actor, answer, url)
            if comparable(answer, url) != missing_answer:
                wrong.append(f"{actor} can tell {target.label} at {url} from a missing one: {answer.status_code}")
        if written := sorted({table for table, _ in rows_written().items() ^ before.items()}):
            wrong.append(f"{actor} changed rows of {', '.join(written)} through {name}")
        for target, url in allowed:
            with rolled_back():
                answer = world.request(actor, url, endpoint.data, method=endpoint.method)
            wrong += world.leaks(actor, answer, url)
            if answer.status_code == 404:
                wrong.append(f"{actor} should be able to post to {target.label} at {url}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.promise("A2")
@pytest.mark.parametrize("name", ["posts:post", "posts:delete", "feed:profile", "social:followers"])
def test_a_forbidden_object_costs_as_many_queries_as_a_missing_one(name: str, world: World) -> None:
    """A different duration would reveal that the object exists."""
    endpoint = ENDPOINTS[name]
    for actor in ("stranger", "blocked"):
        for target in world.targets[endpoint.targets]:
            if not may_use(name, world, actor, target):
                counts = []
                for kwargs in (target.kwargs, missing_kwargs(target.kwargs)):
                    with CaptureQueriesContext(connection) as queries:
                        world.request(actor, url_of(name, endpoint, kwargs))
                    counts.append(len(queries))
                assert counts[0] == counts[1], (actor, target.label)


@pytest.mark.promise("A1", "A17")
def test_the_admin_site_is_closed_to_everyone_but_moderators(world: World) -> None:
    urls = ["/admin/", *(f"/admin/{model}/" for model in ("accounts/user", "posts/post", "posts/comment"))]
    urls += [f"/admin/accounts/user/{person.pk}/change/" for person in world.people.values()]
    urls += [
        f"/admin/posts/{kind}/{target.pk}/change/" for kind in ("post", "comment") for target in world.targets[kind]
    ]
    for actor in ("anonymous", "stranger", "public", "suspended"):
        for url in urls:
            answer = world.request(actor, url)
            assert answer.status_code == 302, (actor, url)
            assert not world.leaks(actor, answer, url)
