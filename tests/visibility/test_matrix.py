"""A1: everybody who may look × everything there is × every address, read off the URL resolver.

Who may see what is in tables.py, written by hand; what stands at an address in surfaces.py, a line each.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import get_resolver, reverse

from tests.conftest import HTMX
from tests.project.test_boundaries import PUBLIC, PUBLIC_OPERATIONS, all_patterns
from tests.visibility.surfaces import ID_OF, ONESELF, SURFACES, Surface
from tests.visibility.world import Thing, World, changes, missing, plain, text_of, undone

GETS = [name for name, surface in SURFACES.items() if surface.gets and surface.things]
POSTS = [name for name, surface in SURFACES.items() if surface.posts]
PAGES = [name for name, surface in SURFACES.items() if surface.gets and not surface.things]
NOT_ANSWERED = {302, 401, 403, 404, 405}
BOTH_WAYS = {"anonymous", "pending", "blocked", "restricted"}
"""Who asks as htmx does too."""

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bare_frame")]
"""Each test is taken back for itself, inside the transaction of `world`."""


@pytest.mark.promise("A1")
def test_every_address_has_its_line() -> None:
    addresses = {name for name, _ in all_patterns()}

    without = sorted(addresses - set(SURFACES))
    assert not without, (
        f"Nothing says who may see or do what at {', '.join(without)}: add a line for each to SURFACES in "
        'tests/visibility/surfaces.py, such as get("post", sees) or post("person", knows); its first lines explain.'
    )
    gone = sorted(set(SURFACES) - addresses)
    assert not gone, f"There is no address {', '.join(gone)} any more: take the line out of SURFACES."


def url_of(name: str, surface: Surface, kwargs: dict[str, Any]) -> str:
    possibilities = get_resolver()
    namespace, _, plain_name = name.rpartition(":")
    for part in filter(None, [namespace]):
        possibilities = possibilities.namespace_dict[part][1]
    wanted = {key for _, _, _, converters in possibilities.reverse_dict.getlist(plain_name) for key in converters}
    wanted |= set(surface.kwargs)
    given = surface.kwargs | kwargs
    if name.startswith("api:") and surface.things:
        known_by = surface.known_by or ID_OF[surface.things]
        given["id"] = f"@{given[known_by]}" if known_by == "username" else given[known_by]
    assert wanted <= set(given), f"say what fills {wanted - set(given)} of {name}: Surface.kwargs, or a thing's"
    return reverse(name, kwargs={key: given[key] for key in wanted})


def cases(name: str, world: World) -> list[tuple[Thing, str, str]]:
    """(thing, its address, that of a missing one) for each thing of the surface."""
    surface = SURFACES[name]
    return [
        (thing, url_of(name, surface, thing.kwargs), url_of(name, surface, missing(thing.kwargs)))
        for thing in world.things[surface.things]
    ]


def may(name: str, world: World, actor: str, thing: Thing) -> bool:
    who = SURFACES[name].who
    assert who
    signed_in = actor not in {"anonymous", "suspended", "deactivated"}
    return (signed_in or name in PUBLIC | PUBLIC_OPERATIONS) and who(world, actor, thing)


@pytest.mark.promise("A1", "A2")
@pytest.mark.usefixtures("tracks")
@pytest.mark.parametrize("name", GETS)
def test_a_get_shows_what_the_tables_allow_and_else_what_a_missing_thing_does(name: str, world: World) -> None:
    surface, wrong = SURFACES[name], []
    before = changes()
    for actor in surface.actors or world.actors:
        never: dict[bool, Any] = {}
        for thing, url, url_of_missing in cases(name, world):
            is_allowed = may(name, world, actor, thing)
            for headers in ({}, HTMX) if actor in BOTH_WAYS and not name.startswith("api:") else ({},):
                answer = world.ask(actor, url, **headers)
                wrong += world.leaks(actor, answer, url)
                if not is_allowed:
                    if bool(headers) not in never:
                        missed = world.ask(actor, url_of_missing, **headers)
                        assert missed.status_code in NOT_ANSWERED or headers, (actor, url_of_missing)
                        never[bool(headers)] = plain(missed, url_of_missing)
                    if plain(answer, url) != never[bool(headers)]:
                        wrong.append(
                            f"{actor} can tell {thing.label} at {url} from a missing one: {answer.status_code}"
                        )
                elif answer.status_code not in {200, 302}:
                    wrong.append(f"{actor} should get {thing.label} at {url}: {answer.status_code}")
                elif not headers:
                    text = text_of(answer)
                    words = [
                        word for word, (kind, of) in world.planted.items() if of is thing and kind in surface.shows
                    ]
                    lacking = [word for word in words if word not in text]
                    wrong += [f"{actor} misses the {world.planted[word][0]} of {thing.label}" for word in lacking]
    assert not wrong, "\n".join(wrong)
    assert changes() == before, f"GET of {name} changes rows"


@pytest.mark.promise("A1", "A7")
@pytest.mark.usefixtures("tracks")
@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_nobody_more_than_the_tables_allow(name: str, world: World) -> None:
    wrong = []
    url = url_of(name, SURFACES[name], {})
    for actor in SURFACES[name].actors or world.actors:
        for query in SURFACES[name].queries:
            # The whole page once; what is searched for, as the script does.
            for headers in (HTMX,) if query != SURFACES[name].queries[0] else ({}, HTMX):
                own = f"@{world.people[actor].username}" if actor in world.people else "@nobody.here"
                answer = world.ask(actor, url.replace(ONESELF, own) + query, **headers)
                # In a test no worker is ready.
                assert answer.status_code < 500 or name == "readyz", (actor, url + query)
                wrong += world.leaks(actor, answer, url + query)
    assert not wrong, "\n".join(wrong)


@pytest.mark.promise("A1", "A2", "A10")
@pytest.mark.parametrize("name", POSTS)
def test_a_post_by_others_changes_nothing_and_answers_as_for_a_missing_thing(name: str, world: World) -> None:
    surface, wrong = SURFACES[name], []
    for actor in surface.actors or world.actors:
        allowed, never = [], None
        before = changes()
        for thing, url, url_of_missing in cases(name, world):
            if may(name, world, actor, thing):
                allowed.append((thing, url))
                continue
            if never is None:
                never = plain(world.ask(actor, url_of_missing, surface.data, method=surface.method), url_of_missing)
                assert never[0] in NOT_ANSWERED, (actor, url_of_missing, never[0])
            answer = world.ask(actor, url, surface.data, method=surface.method)
            wrong += world.leaks(actor, answer, url)
            if plain(answer, url) != never:
                wrong.append(f"{actor} can tell {thing.label} at {url} from a missing one: {answer.status_code}")
        if written := sorted({table for table, _ in changes().items() ^ before.items()}):
            wrong.append(f"{actor} changed rows of {', '.join(written)} through {name}")
        for thing, url in allowed:
            with undone():
                answer = world.ask(actor, url, surface.data, method=surface.method)
            wrong += world.leaks(actor, answer, url)
            if answer.status_code == 404:
                wrong.append(f"{actor} should be able to post to {thing.label} at {url}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.promise("A1", "A17")
def test_the_admin_shows_nothing_to_those_who_are_no_moderators(world: World) -> None:
    urls = ["/admin/", *(f"/admin/{model}/" for model in ("accounts/user", "posts/post", "posts/comment"))]
    urls += [f"/admin/accounts/user/{person.pk}/change/" for person in world.people.values()]
    urls += [f"/admin/posts/{kind}/{thing.pk}/change/" for kind in ("post", "comment") for thing in world.things[kind]]
    for actor in ("anonymous", "stranger", "open", "suspended"):
        for url in urls:
            answer = world.ask(actor, url)
            assert answer.status_code == 302, (actor, url)
            assert not world.leaks(actor, answer, url)
