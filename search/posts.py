"""Find posts by their documents: batches of the newest matches, each ordered by rank."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q

from accounts.models import User, Viewer
from common.ids import TIME_SHIFT, time_of
from common.replicas import read_connection
from common.search_words import split_words
from posts.visible import visible_post
from search.documents import LEVELS
from search.query import Query, Term

BATCH_SIZE: Final = 200
"""The number of newest matching posts that are ranked together; older posts follow in the next batch."""
RANK_STEPS: Final = 1_000_000
"""Ranks are integers in steps of 1/RANK_STEPS, so that a cursor contains them exactly."""
HALF_LIFE_DAYS: Final = 30.0
"""A post that is older by this ranks half as high."""
AUTHORS: Final = 3
"""The maximum number of people with exactly the searched name whose posts are included."""


@dataclass(frozen=True)
class FoundPost:
    id: int
    rank: int

    @property
    def key(self) -> tuple[int, int]:
        """Sort key: the best match first, then the newest."""
        return (-self.rank, -self.id)


@dataclass(frozen=True)
class ResultBatch:
    """The newest BATCH_SIZE visible matches below an id, best first."""

    posts: list[FoundPost]
    newest: int = 0
    """The largest id in the batch, including posts excluded by `-word`; 0 for an empty batch."""
    end: int = 0
    """There may be more matches below this id; 0 if there are none."""


def find_posts(query: Query, viewer: Viewer, *, below: int | None = None, any_term: bool = False) -> ResultBatch:
    """Find the newest BATCH_SIZE posts below the id `below` that match and that `viewer` may see.

    With `any_term`, one matching term is enough. The result depends on visible posts only: hidden posts are skipped
    before the limit, so neither the batch nor its bounds reveal them (docs/decisions/0018).

    A bounded number of posts is read and ranked, however many match: the search goes back in periods, each four times
    as long as the one before, until BATCH_SIZE posts are found, and the index skips all other periods. A matching
    hidden post costs one look-up. Posts with excluded words are removed afterwards, so a batch may be empty although
    there are more below it.
    """
    if not query:
        return ResultBatch([])
    compiled = _compile_query(query, viewer, any_term=any_term)
    below = compiled.newest + 1 if below is None else min(below, compiled.newest + 1)
    after, before = query.ids
    end = below if before is None else min(below, before)
    is_nothing = query.terms and not compiled.wanted and not compiled.unwanted and after is before is None
    if is_nothing or (after is not None and end <= after):
        return ResultBatch([])
    return _rank_newest(compiled, viewer, after, end)


# --- Compiling queries ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CompiledQuery:
    """A query as PostgreSQL tsqueries."""

    wanted: str
    """A tsquery as text; "" if it has no words."""
    unwanted: str
    newest: int
    """Id of the newest document, hidden or not: it only chooses the first period, never the results."""


def _compile_query(query: Query, viewer: Viewer, *, any_term: bool) -> CompiledQuery:
    """Compile `query`. Costs one query, and two more for usernames in it."""
    authors = _author_ids(query, viewer)
    wanted = [_term_sql(term, authors) for term in query.terms if not term.is_excluded]
    unwanted = [_term_sql(term, authors) for term in query.terms if term.is_excluded]
    wanted_sql, wanted_values = _join_sql(wanted, " || " if any_term else " && ")
    unwanted_sql, unwanted_values = _join_sql(unwanted, " || ")
    for pk in _ids_of_named_people(query, viewer):
        wanted_sql = f"({wanted_sql}) || %s::tsquery"
        wanted_values.append(_lexeme(f"@{pk}"))
    with read_connection().cursor() as cursor:
        cursor.execute(
            f"SELECT ({wanted_sql})::text, ({unwanted_sql})::text,"  # noqa: S608  (of this module, without values)
            " (SELECT coalesce(max(post_id), 0) FROM search_postdocument)",
            [*wanted_values, *unwanted_values],
        )
        return CompiledQuery(*cursor.fetchone())


def _join_sql(terms: Sequence[tuple[str, str]], operator: str) -> tuple[str, list[str]]:
    return operator.join(sql for sql, _ in terms) or "''::tsquery", [value for _, value in terms]


def _term_sql(term: Term, authors: dict[str, int]) -> tuple[str, str]:
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


def _author_ids(query: Query, viewer: Viewer) -> dict[str, int]:
    """Return the ids of visible authors in `from:` terms, by username."""
    names = [term.text for term in query.terms if term.kind == "author"]
    if not names:
        return {}
    people = User.objects.visible_to(viewer).filter(username__in=names)
    return dict(people.values_list("username", "pk"))


def _ids_of_named_people(query: Query, viewer: Viewer) -> list[int]:
    """Return the ids of visible people whose username, or name of several words, is the query: their posts match."""
    words = split_words(query.words) if query.is_plain else ()
    if not words:
        return []
    named = Q(username=query.words.removeprefix("@").lower())
    people = User.objects.visible_to(viewer)
    ids = people.filter(named).values("pk")
    if len(words) > 1:
        ids = ids.union(people.filter(words__endswith=f" {' '.join(words)}").values("pk")[:AUTHORS], all=True)
    return [one["pk"] for one in ids]


def _rank_newest(compiled: CompiledQuery, viewer: Viewer, after: int | None, end: int) -> ResultBatch:
    """Rank the newest BATCH_SIZE visible matches below the id `end`.

    The branches of the UNION run in sequence, and each sorts the matches of its period. Visibility is checked post by
    post from the newest on, only as far as the LIMIT requires; OFFSET 0 keeps PostgreSQL from planning and checking it
    in each branch.
    """
    is_visible = visible_post(viewer)
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
        if compiled.wanted:
            condition += " AND document @@ %s::tsquery"
            values_of_branch.append(compiled.wanted)
        if after is not None:
            condition += " AND post_id + 0 >= %s"
            values_of_branch.append(after)
        branches.append(
            f"(SELECT post_id FROM search_postdocument WHERE {condition} ORDER BY post_id + 0 DESC)"  # noqa: S608  (of this module, without values)
        )
        values += values_of_branch
        if start is not None:
            end = min(end, start)
            if after is not None and end <= after:
                break
    with read_connection().cursor() as cursor:
        cursor.execute(
            f"WITH newest AS MATERIALIZED (SELECT post_id FROM ({' UNION ALL '.join(branches)} OFFSET 0) AS found"  # noqa: S608  (of this module, without values)
            f" WHERE {is_visible.sql} LIMIT {BATCH_SIZE})"
            " SELECT post_id, ts_rank(document, %s::tsquery), document @@ %s::tsquery"
            " FROM newest JOIN search_postdocument USING (post_id)",
            [*values, *is_visible.values, compiled.wanted, compiled.unwanted],
        )
        rows = cursor.fetchall()
    found = [FoundPost(pk, _rank_with_age(rank, pk)) for pk, rank, is_unwanted in rows if not is_unwanted]
    found.sort(key=lambda one: one.key)
    ids = [pk for pk, *_ in rows]
    return ResultBatch(found, max(ids, default=0), min(ids) if len(ids) == BATCH_SIZE else 0)


def _rank_with_age(rank: float, post_id: int) -> int:
    """Return the logarithm of the match plus the time of the post in half-lives, which never changes the order."""
    age = time_of(post_id).timestamp() / 86_400 / HALF_LIFE_DAYS
    return round((math.log2(rank + 0.001) + age) * RANK_STEPS)
