"""Finding posts by their documents, the best of the newest first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import Q

from accounts.models import User, Viewer
from common.ids import TIME_SHIFT, time_of
from common.search_words import words_of
from posts.models import Post
from posts.models.post import PostQuerySet
from search.documents import LEVELS
from search.query import Query, Term

SLAB: Final = 200
"""So many of the newest that match are ranked together; older ones come after them."""
HALF_LIFE_DAYS: Final = 30.0
"""A post that is so much older ranks half as high."""
AUTHORS: Final = 3
"""People of exactly that name whose posts are found by it."""


@dataclass(frozen=True)
class FoundPost:
    id: int
    rank: float


@dataclass(frozen=True)
class Slab:
    """Posts that match, the best first: of all below an id, the newest SLAB."""

    posts: list[FoundPost]
    below: int
    end: int = 0
    """Below this id there may be more; 0 if there are none."""


def find_posts(query: Query, viewer: Viewer, *, below: int | None = None, any_term: bool = False) -> Slab:
    """Candidates, whoever `viewer` is: `shown_posts` decides which they see. With `any_term` one term is enough.

    However many posts match, a bounded number is read and ranked: it goes back in time stretch by stretch, each four
    times as long as the one before, until SLAB have what is wanted, and the index skips what is not of the stretch.
    Those of them that have what is not wanted are left out afterwards: a slab may be empty, and have more below it.
    """
    if not query:
        return Slab([], 0)
    asked = _asked(query, viewer, any_term=any_term)
    below = asked.newest + 1 if below is None else min(below, asked.newest + 1)
    after, before = query.ids
    end = below if before is None else min(below, before)
    is_nothing = query.terms and not asked.wanted and not asked.unwanted and after is before is None
    if is_nothing or (after is not None and end <= after):
        return Slab([], below)
    return _newest(asked, after, end, below)


def shown_posts(posts: PostQuerySet, found: Sequence[FoundPost], viewer: Viewer) -> list[FoundPost]:
    """Those of `found` that are among `posts` and that `viewer` may see, in their order. One query."""
    ids = [one.id for one in found]
    seen = set(posts.visible_to(viewer).filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
    return [one for one in found if one.id in seen]


def with_posts(posts: PostQuerySet, found: Sequence[FoundPost]) -> list[Post]:
    """The rows of `found`, whole, in their order."""
    by_id = posts.in_bulk([one.id for one in found])
    return [by_id[one.id] for one in found if one.id in by_id]


# --- What is asked of the index ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    wanted: str
    """As PostgreSQL writes it; "" if there is no word in it."""
    unwanted: str
    newest: int
    """The newest post's id."""


def _asked(query: Query, viewer: Viewer, *, any_term: bool) -> Asked:
    """One query, and those for names in it."""
    authors = _authors(query, viewer)
    wanted = [_of_term(term, authors) for term in query.terms if not term.is_without]
    unwanted = [_of_term(term, authors) for term in query.terms if term.is_without]
    wanted_sql, wanted_values = _joined(wanted, " || " if any_term else " && ")
    unwanted_sql, unwanted_values = _joined(unwanted, " || ")
    for pk in _named(query, viewer):
        wanted_sql = f"({wanted_sql}) || %s::tsquery"
        wanted_values.append(_lexeme(f"@{pk}"))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT ({wanted_sql})::text, ({unwanted_sql})::text,"  # noqa: S608  (of this module, without values)
            " (SELECT coalesce(max(post_id), 0) FROM search_postdocument)",
            [*wanted_values, *unwanted_values],
        )
        return Asked(*cursor.fetchone())


def _joined(terms: Sequence[tuple[str, str]], operator: str) -> tuple[str, list[str]]:
    return operator.join(sql for sql, _ in terms) or "''::tsquery", [value for _, value in terms]


def _of_term(term: Term, authors: dict[str, int]) -> tuple[str, str]:
    if term.kind == "author":
        return "%s::tsquery", _lexeme(f"@{authors.get(term.text, 0)}")
    if term.kind == "tag":
        return "%s::tsquery", _lexeme(f"#{term.text}")
    if term.kind == "has":
        return "%s::tsquery", _lexeme(f"%{term.text}")
    return "search_term(%s)", term.text


def _lexeme(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'"


def _authors(query: Query, viewer: Viewer) -> dict[str, int]:
    """The ids of those whose usernames are in the query and whom `viewer` may know."""
    names = [term.text for term in query.terms if term.kind == "author"]
    if not names:
        return {}
    people = User.objects.visible_to(viewer).filter(username__in=names)
    return dict(people.values_list("username", "pk"))


def _named(query: Query, viewer: Viewer) -> list[int]:
    """People of exactly that username, or of that name where it has several words: their posts are found by it."""
    words = words_of(query.words) if query.is_plain else ()
    if not words:
        return []
    named = Q(username=query.words.removeprefix("@").lower())
    people = User.objects.visible_to(viewer)
    ids = people.filter(named).values("pk")
    if len(words) > 1:
        ids = ids.union(people.filter(words__endswith=f" {' '.join(words)}").values("pk")[:AUTHORS], all=True)
    return [one["pk"] for one in ids]


def _newest(asked: Asked, after: int | None, end: int, below: int) -> Slab:
    """Of the newest SLAB below the id `end` those that are wanted.

    The branches of the UNION are run one after the other and only as far as the LIMIT asks.
    """
    branches: list[str] = []
    values: list[Any] = []
    newest = end
    for level in (*LEVELS, None):
        start = None
        condition = "post_id + 0 < %s"
        values_of_branch: list[Any] = [end]
        if level is not None:
            last = newest >> (TIME_SHIFT + level)
            start = (last - 1) << (TIME_SHIFT + level)
            condition += " AND post_id + 0 >= %s AND document @@ %s::tsquery"
            values_of_branch += [start, f"'~{level}:{last}' | '~{level}:{last - 1}'"]
        if asked.wanted:
            condition += " AND document @@ %s::tsquery"
            values_of_branch.append(asked.wanted)
        if after is not None:
            condition += " AND post_id + 0 >= %s"
            values_of_branch.append(after)
        branches.append(
            "(SELECT post_id, ts_rank(document, %s::tsquery) AS rank, document @@ %s::tsquery AS is_unwanted"  # noqa: S608  (constants)
            f" FROM search_postdocument WHERE {condition}"
            f" ORDER BY post_id + 0 DESC LIMIT {SLAB})"
        )
        values += [asked.wanted, asked.unwanted, *values_of_branch]
        if start is not None:
            end = min(end, start)
            if after is not None and end <= after:
                break
    with connection.cursor() as cursor:
        cursor.execute(f"{' UNION ALL '.join(branches)} LIMIT {SLAB}", values)
        rows = cursor.fetchall()
    found = [FoundPost(pk, _with_age(rank, pk)) for pk, rank, is_unwanted in rows if not is_unwanted]
    found.sort(key=lambda one: (-one.rank, -one.id))
    return Slab(found, below, min(pk for pk, *_ in rows) if len(rows) == SLAB else 0)


def _with_age(rank: float, post_id: int) -> float:
    """How well it matches by order of magnitude, and its time in half-lives: the order is the same at any moment."""
    return math.log2(rank + 0.001) + time_of(post_id).timestamp() / 86_400 / HALF_LIFE_DAYS
