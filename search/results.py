"""Pages of what a search found, for the site and the API alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from django.http import HttpRequest

from accounts.models import User, Viewer
from common.pagination import MAX_BIGINT, Page, cursor_of, url_after
from posts.models import Post
from posts.models.post import PostQuerySet
from search import topics
from search.posts import FoundPost, find_posts, shown_posts, with_posts
from search.query import Query
from search.topics import Topic
from social.find import find_people, shown_people
from social.models import with_follow_state

SLABS_AT_MOST = 5
"""So many are looked through for posts that the viewer may see."""


class HasId(Protocol):
    @property
    def id(self) -> int: ...


Shown = TypeVar("Shown", bound=HasId)


def page_of_people(request: HttpRequest, query: Query, size: int) -> Page[User]:
    viewer: Viewer = request.user
    found = {one.id: one for one in find_people(query.words, viewer)}
    people = with_follow_state(User.objects.for_display(), viewer)
    return _page(request, list(found), size, lambda ids: shown_people(people, [found[pk] for pk in ids], viewer))


def page_of_tags(request: HttpRequest, query: Query, size: int) -> Page[Topic]:
    return _page(request, topics.find_tags(query), size, lambda ids: topics.shown_tags(ids, request.user))


def page_of_places(request: HttpRequest, query: Query, size: int) -> Page[Topic]:
    return _page(request, topics.find_places(query), size, lambda ids: topics.shown_places(ids, request.user))


def _page(
    request: HttpRequest, ids: Sequence[int], size: int, show: Callable[[Sequence[int]], Sequence[Shown]]
) -> Page[Shown]:
    """What comes after the cursor, which is the id of the last one shown. What `show` leaves out makes no gap."""
    cursor = cursor_of(request)
    if cursor is not None:
        ids = ids[ids.index(cursor) + 1 :] if cursor in ids else []
    shown: list[Shown] = []
    at = 0
    while at < len(ids) and len(shown) <= size:
        shown += show(ids[at : at + size + 1])
        at += size + 1
    return Page(shown[:size], url_after(request, shown[size - 1].id) if len(shown) > size else "")


def page_of_posts(
    request: HttpRequest, query: Query, size: int, rows: PostQuerySet, *, any_term: bool = False
) -> Page[Post]:
    """The best first. `rows` says what of each post is read.

    The cursor is `<below>.<at>`: the id below which the posts are that are ranked together, and from which of those on.
    So a page does not move when somebody shares meanwhile. Whether the viewer may see them is asked for as many as the
    page needs.
    """
    viewer: Viewer = request.user
    below, at = _read_cursor(request.GET.get("cursor", ""))
    shown: list[FoundPost] = []
    next_cursor = ""
    for _ in range(SLABS_AT_MOST):
        slab = find_posts(query, viewer, below=below, any_term=any_term)
        while at < len(slab.posts) and len(shown) <= size:
            shown += shown_posts(Post.objects.all(), slab.posts[at : at + size + 1], viewer)
            at += size + 1
        if len(shown) > size:
            at = slab.posts.index(shown[size])
            next_cursor = f"{slab.below}.{at}"
            break
        below, at = slab.end, 0
        next_cursor = f"{slab.end}.0" if slab.end else ""
        if shown or not slab.end:
            break
    posts = with_posts(rows, shown[:size])
    return Page(posts, url_after(request, next_cursor) if next_cursor else "")


def _read_cursor(text: str) -> tuple[int | None, int]:
    below, _, skip = text.partition(".")
    if below.isascii() and below.isdigit() and skip.isascii() and skip.isdigit() and len(below) <= 19 and len(skip) < 6:
        return min(int(below), MAX_BIGINT), int(skip)
    return None, 0
