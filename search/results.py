"""Pages of search results, for the site and the API."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from django.http import HttpRequest

from accounts.models import User, Viewer
from common.pagination import MAX_BIGINT, Page, url_after
from posts.queries import Item, Load, in_order
from search import tags_and_places
from search.posts import FoundPost, find_posts
from search.query import Query
from search.tags_and_places import Topic
from social.queries import visible_people_in_order
from social.search import FoundPerson, find_people

MAX_BATCHES = 5
"""The maximum number of batches that one page reads to find posts without excluded words."""

_CURSOR = re.compile(r"(\d{1,19})(?:\.(-?\d{1,12})\.(\d{1,19}))?", re.ASCII)


class HasCursor(Protocol):
    @property
    def cursor(self) -> str: ...


Found = TypeVar("Found", bound=HasCursor)
Shown = TypeVar("Shown")


def page_of_people(request: HttpRequest, query: Query, size: int) -> Page[User]:
    viewer: Viewer = request.user

    def show(found: Sequence[FoundPerson]) -> list[User]:
        return visible_people_in_order([one.id for one in found], viewer)

    return _page(request, find_people(query.words, viewer), size, show)


def page_of_tags(request: HttpRequest, query: Query, size: int) -> Page[Topic]:
    found = tags_and_places.find_tags(query, request.user)
    return _page(request, found, size, lambda some: tags_and_places.shown_tags(some, request.user))


def page_of_places(request: HttpRequest, query: Query, size: int) -> Page[Topic]:
    found = tags_and_places.find_places(query, request.user)
    return _page(request, found, size, lambda some: tags_and_places.shown_places(some, request.user))


def _page(
    request: HttpRequest, found: Sequence[Found], size: int, show: Callable[[Sequence[Found]], Sequence[Shown]]
) -> Page[Shown]:
    """Return the page after the cursor, which identifies the last item of the previous page.

    `found` contains only visible items, so the cursor of a hidden item gives the same result as an invalid one.
    """
    cursor = request.GET.get("cursor", "")
    start = 0
    if cursor:
        start = next((at + 1 for at, one in enumerate(found) if one.cursor == cursor), len(found))
    items = found[start : start + size]
    is_more = start + size < len(found)
    return Page(list(show(items)), url_after(request, items[-1].cursor) if is_more else "")


def page_of_posts(
    request: HttpRequest, query: Query, size: int, load: Load[Item], *, any_term: bool = False
) -> Page[Item]:
    """Return a page of matching posts, best first, read by `load`.

    The cursor `<below>.<rank>.<id>` continues after a post in the batch below an id, and `<below>` with the next batch.
    It contains only posts that were shown, so new posts do not shift the pages.
    """
    viewer: Viewer = request.user
    below, last = _read_cursor(request.GET.get("cursor", ""))
    shown: list[FoundPost] = []
    next_cursor = ""
    for _ in range(MAX_BATCHES):
        batch = find_posts(query, viewer, below=below, any_term=any_term)
        shown = [one for one in batch.posts if last is None or one.key > last.key]
        if len(shown) > size:
            end = shown[size - 1]
            next_cursor = f"{batch.newest + 1}.{end.rank}.{end.id}"
            break
        below, last = batch.end, None
        next_cursor = str(batch.end) if batch.end else ""
        if shown or not batch.end:
            break
    posts = in_order([one.id for one in shown[:size]], load, viewer)
    return Page(posts, url_after(request, next_cursor) if next_cursor else "")


def _read_cursor(text: str) -> tuple[int | None, FoundPost | None]:
    """Parse the cursor of `page_of_posts`. Returns (None, None), the first page, for other texts."""
    match = _CURSOR.fullmatch(text)
    if match is None:
        return None, None
    below = min(int(match[1]), MAX_BIGINT)
    return below, FoundPost(int(match[3]), int(match[2])) if match[2] else None
