"""The search page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import MemberRequest
from accounts.models import Viewer
from common.http import is_further_page, varies_by_htmx
from common.pagination import Page
from posts.cards import Tile, render_tiles
from posts.models import Post
from posts.states import contents_of, visible_states
from search import actions, tags_and_places
from search.highlighting import snippet
from search.query import Query, read_query
from search.results import page_of_people, page_of_places, page_of_posts, page_of_tags
from search.rows import FoundPostRow, highlight_topics, person_rows, suggested_people

TABS = {"top": "Top", "accounts": "Accounts", "posts": "Posts", "tags": "Tags", "places": "Places"}
PEOPLE_PER_PAGE = 30
TOPICS_PER_PAGE = 20
POSTS_PER_PAGE = 24
TOP_ROWS = 5
"""The number of people, tags and places each on the tab "Top"."""
TOP_TILES = 12


@require_safe
def search(request: MemberRequest) -> HttpResponse:
    """Show the results for `?q=` in one of the tabs; without `q`, the recent searches."""
    query = read_query(request.GET.get("q", ""))
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "top"
    context: dict[str, Any] = {"q": query.text, "tab": tab, "tabs": _tabs(query, tab)}
    if not query:
        context["recent"] = actions.recent_searches(request.user)
    elif tab == "top":
        context |= _top(request, query)
    else:
        context["page"] = _page(request, query, tab)
    # The tab "Top" has no further pages.
    is_rows = is_further_page(request) and tab != "top"
    return varies_by_htmx(render(request, "search/_rows.html" if is_rows else "search/search.html", context))


def _top(request: MemberRequest, query: Query) -> dict[str, Any]:
    """Return the best results of each kind."""
    viewer = request.user
    people = suggested_people(request, query, TOP_ROWS)
    tags = tags_and_places.shown_tags(tags_and_places.find_tags(query, viewer)[:TOP_ROWS], viewer)
    places = tags_and_places.shown_places(tags_and_places.find_places(query, viewer)[:TOP_ROWS], viewer)
    posts = _tiles(request, query)
    found: dict[str, Any] = {
        "people": person_rows(people, query, viewer),
        "tags": tags,
        "places": places,
        "posts": posts,
    }
    highlight_topics([*tags, *places], query)
    if not posts.items and len(query.terms) > 1:
        found["near_posts"] = _tiles(request, query, any_term=True)
    return found


def _tiles(request: MemberRequest, query: Query, *, any_term: bool = False) -> Page[Tile]:
    page = page_of_posts(request, query, TOP_TILES, visible_states, any_term=any_term)
    return Page(render_tiles(page.items, request.user), page.next_url)


def _page(request: MemberRequest, query: Query, tab: str) -> Page[Any]:
    """Return one page of results of the kind that the tab shows."""
    if tab == "accounts":
        people = page_of_people(request, query, PEOPLE_PER_PAGE)
        return Page(person_rows(people.items, query, request.user), people.next_url)
    if tab == "posts":
        posts = page_of_posts(request, query, POSTS_PER_PAGE, _contents)
        rows = [FoundPostRow(post, snippet(post.caption, query.shown_words)) for post in posts]
        return Page(rows, posts.next_url)
    topics = (page_of_tags if tab == "tags" else page_of_places)(request, query, TOPICS_PER_PAGE)
    highlight_topics(topics.items, query)
    return topics


def _contents(ids: Iterable[int], viewer: Viewer) -> dict[int, Post]:
    """Load posts with author and media; see `contents_of`. Finding the ids has checked that `viewer` may see them."""
    return {post.pk: post for post in contents_of(ids)}


def _tabs(query: Query, current: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "is_current": name == current, "url": f"?{urlencode({'q': query.text, 'tab': name})}"}
        for name, label in TABS.items()
    ]
