"""Search for people by name, also while the query is being typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Final

from accounts.models import User, UserQuerySet, Viewer
from common.replicas import read_connection
from common.search_words import (
    MAX_WORDS,
    MIN_INFIX_CHARS,
    edit_distance_condition,
    fuzzy_rows,
    infix_patterns,
    like_all,
    split_words,
)
from social.visible import visible_people

MAX_POPULAR: Final = 2_000
"""Number of most followed people that a scan reads. For common words, a trigram index would read far more rows."""
MAX_FOLLOWED: Final = 2_000
"""Number of the viewer's newest followees that a scan reads."""
MAX_FOUND: Final = 300
"""Maximum number of candidates of each kind; their sum limits how far people can page."""
MUTUALS_CHECKED: Final = 40
"""Number of best results that are checked for followers among the viewer's followees."""
MAX_MUTUAL_SOURCES: Final = 300
MAX_EDIT_DISTANCE_CANDIDATES: Final = 500
"""Number of most followed people, and of followees, that are compared with every misspelling."""
MAX_FUZZY: Final = 60
EDITED_LIKENESS: Final = 0.8
"""Similarity assigned to a name with one typing error."""
MAX_COMPARED: Final = 500
"""Maximum number of similar names whose exact similarity is computed."""


class Exactness(IntEnum):
    SAME = 0
    """The username or the whole name matches."""
    BEGINNING = 1
    """The username or the name begins with the query."""
    BEGINNING_OF_WORDS = 2
    INSIDE = 3
    ALIKE = 4
    """A different spelling."""


@dataclass(frozen=True)
class FoundPerson:
    id: int
    exactness: Exactness
    is_followed: bool
    is_mutual: bool
    """True if people that the viewer follows follow them."""
    followers: int
    likeness: float = 1.0

    @property
    def key(self) -> tuple[float, ...]:
        """Sort key: exactness, closeness to the viewer, number of followers."""
        closeness = 0 if self.is_followed else 1 if self.is_mutual else 2
        return (self.exactness, round(1 - self.likeness, 1), closeness, -self.followers, -self.id)

    @property
    def cursor(self) -> str:
        return str(self.id)


def find_people(query: str, viewer: Viewer, *, wanted: int = MAX_FOUND) -> list[FoundPerson]:
    """Find visible people with the words of `query` in their names, or, if there are none, with similar names.

    The best come first. Hidden people are skipped before any limit, so that neither the results nor the search for
    other spellings reveal them (docs/decisions/0018). With a small `wanted`, as for suggestions while typing, the slow
    steps are skipped once enough people are found. Every step reads a bounded number of visible rows.
    """
    words = split_words(query.removeprefix("@"))[:MAX_WORDS]
    if not words:
        return []
    found = _find_by_scan(words, query, viewer)
    if len(found) < wanted:
        found |= _find_by_index(words, query, viewer)
    if not found and len("".join(words)) >= MIN_INFIX_CHARS:
        found = _find_misspelt_by_scan(words, viewer)
        if len(found) < wanted:
            found |= _find_misspelt_by_index(words, viewer)
        found = found or _find_fuzzy(words, viewer)
    best = sorted(found.values(), key=lambda one: one.key)
    near = _followed_by_followees([one.id for one in best[:MUTUALS_CHECKED]], viewer)
    return sorted((replace(one, is_mutual=True) if one.id in near else one for one in best), key=lambda one: one.key)


def shown_people(people: UserQuerySet, found: Sequence[FoundPerson], viewer: Viewer) -> list[User]:
    """Return the visible users among `people` that are in `found`, in the order of `found`. One query."""
    visible = people.visible_to(viewer).in_bulk([one.id for one in found])
    return [visible[one.id] for one in found if one.id in visible]


_FOLLOWED = """
    SELECT person.id, person.words FROM social_follow AS follow
    JOIN ({people}) AS person ON person.id = follow.followee_id
    WHERE follow.follower_id = %(viewer)s ORDER BY follow.id DESC
"""
"""The viewer's visible followees, the newest follow first; `people` is the SELECT of `visible_people`."""
_MOST_FOLLOWED = "SELECT id, words FROM ({people}) AS person ORDER BY folded_followers DESC, id DESC"
_WITH_COLUMNS = """
    SELECT person.id, person.username, person.words, person.folded_followers,
           EXISTS (SELECT FROM social_follow WHERE follower_id = %(viewer)s AND followee_id = person.id), found.likeness
    FROM found JOIN accounts_user AS person ON person.id = found.id
"""


def _find_by_scan(words: Sequence[str], query: str, viewer: Viewer) -> dict[int, FoundPerson]:
    """Find the user with this username, and matches among the most followed users and the viewer's followees.

    The words match beginnings of words in the names of the most followed users, and any part of followees' names.
    """
    beginnings, values = like_all("words", "beginning", [f"% {word}%" for word in words])
    parts, values_of_parts = like_all("words", "part", infix_patterns(words))
    found = f"""
        WITH walked AS MATERIALIZED ({_MOST_FOLLOWED} LIMIT {MAX_POPULAR}),
        followed AS MATERIALIZED ({_FOLLOWED} LIMIT {MAX_FOLLOWED}),
        found AS (
            SELECT id, 1 AS likeness FROM ({{people}}) AS person WHERE username = %(username)s
            UNION (SELECT id, 1 FROM walked WHERE {beginnings} LIMIT {MAX_FOUND})
            UNION (SELECT id, 1 FROM followed WHERE {parts} LIMIT {MAX_FOUND})
        )
    """  # noqa: S608  (constants of this module; the same below)
    values |= values_of_parts | {"username": _username(query)}
    return _exact_people(_fetch_rows(found, values, viewer), words, query)


def _find_by_index(words: Sequence[str], query: str, viewer: Viewer) -> dict[int, FoundPerson]:
    """Find some of all users with these words in their names."""
    parts, values = like_all("words", "part", infix_patterns(words))
    found = f"""
        -- MATERIALIZED without LIMIT makes PostgreSQL plan for all rows, through the index; LIMIT still ends it early.
        WITH all_found AS MATERIALIZED (SELECT id FROM ({{people}}) AS person WHERE {parts}),
        found AS MATERIALIZED (SELECT id, 1 AS likeness FROM all_found LIMIT {MAX_FOUND})
    """  # noqa: S608  (constants of this module)
    return _exact_people(_fetch_rows(found, values, viewer), words, query)


def _find_misspelt_by_scan(words: Sequence[str], viewer: Viewer) -> dict[int, FoundPerson]:
    """Find names with one typing error, among the most followed users and the viewer's followees."""
    edited, values = edit_distance_condition("words", words)
    found = f"""
        WITH walked AS MATERIALIZED ({_MOST_FOLLOWED} LIMIT {MAX_EDIT_DISTANCE_CANDIDATES}),
        followed AS MATERIALIZED ({_FOLLOWED} LIMIT {MAX_EDIT_DISTANCE_CANDIDATES}),
        found AS (
            (SELECT id, {EDITED_LIKENESS}::real AS likeness FROM walked WHERE {edited} LIMIT {MAX_FUZZY})
            UNION (SELECT id, {EDITED_LIKENESS}::real FROM followed WHERE {edited} LIMIT {MAX_FUZZY})
        )
    """  # noqa: S608  (and edit_distance_condition)
    return _fuzzy_people(_fetch_rows(found, values, viewer))


def _find_misspelt_by_index(words: Sequence[str], viewer: Viewer) -> dict[int, FoundPerson]:
    """Find some of all names with one typing error; reads only names that share trigrams with a word."""
    edited, values = edit_distance_condition("words", words)
    found = f"""
        WITH all_found AS MATERIALIZED (SELECT id FROM ({{people}}) AS person WHERE {edited}),
        found AS MATERIALIZED (SELECT id, {EDITED_LIKENESS}::real AS likeness FROM all_found LIMIT {MAX_FUZZY})
    """  # noqa: S608  (and edit_distance_condition)
    return _fuzzy_people(_fetch_rows(found, values, viewer))


def _find_fuzzy(words: Sequence[str], viewer: Viewer) -> dict[int, FoundPerson]:
    """Find names by trigram similarity."""
    found = f"""
        WITH all_alike AS MATERIALIZED (SELECT id, words FROM ({{people}}) AS person WHERE words %%> %(words)s),
        found AS MATERIALIZED (
            SELECT id, word_similarity(%(words)s, words) AS likeness
            FROM (SELECT id, words FROM all_alike LIMIT {MAX_COMPARED}) AS alike
            ORDER BY likeness DESC, id DESC LIMIT {MAX_FUZZY}
        )
    """  # noqa: S608  (constants of this module)
    people, values = visible_people(viewer).named("visible")
    values |= {"words": " ".join(words), "viewer": viewer.pk or 0}
    return _fuzzy_people(fuzzy_rows(found.format(people=people) + _WITH_COLUMNS, values))


def _fetch_rows(found: str, values: dict[str, Any], viewer: Viewer) -> list[tuple[Any, ...]]:
    """Run the CTEs `found`, of ids and likenesses among `{people}`, and return the rows of _WITH_COLUMNS."""
    people, visible_values = visible_people(viewer).named("visible")
    with read_connection().cursor() as cursor:
        cursor.execute(
            found.format(people=people) + _WITH_COLUMNS, values | visible_values | {"viewer": viewer.pk or 0}
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _exact_people(rows: list[tuple[Any, ...]], words: Sequence[str], query: str) -> dict[int, FoundPerson]:
    return {
        pk: FoundPerson(pk, _exactness(words, query, username, its), is_followed, False, followers)
        for pk, username, its, followers, is_followed, _ in rows
    }


def _fuzzy_people(rows: list[tuple[Any, ...]]) -> dict[int, FoundPerson]:
    return {
        pk: FoundPerson(pk, Exactness.ALIKE, is_followed, False, followers, likeness)
        for pk, _, _, followers, is_followed, likeness in rows
    }


def _followed_by_followees(ids: Sequence[int], viewer: Viewer) -> set[int]:
    """Return the `ids` of users that the newest of the viewer's visible followees follow."""
    if not ids or not viewer.is_authenticated:
        return set()
    people, values = visible_people(viewer).named("visible")
    with read_connection().cursor() as cursor:
        cursor.execute(
            f"""
            WITH close AS MATERIALIZED ({_FOLLOWED.format(people=people)} LIMIT {MAX_MUTUAL_SOURCES})
            SELECT person.id FROM unnest(%(ids)s) AS person (id)
            WHERE EXISTS (
                SELECT FROM close JOIN social_follow AS theirs
                ON theirs.follower_id = close.id AND theirs.followee_id = person.id)
            """,  # noqa: S608  (constants of this module)
            values | {"viewer": viewer.pk, "ids": list(ids)},
        )
        return {pk for (pk,) in cursor.fetchall()}


def _username(query: str) -> str:
    return query.removeprefix("@").strip().lower()


def _exactness(words: Sequence[str], query: str, username: str, its: str) -> Exactness:
    """Return how exactly a user matches; `its` has the words of username and name: " anna k anna karenina"."""
    wanted, typed = " ".join(words), _username(query)
    of_username = username.replace(".", " ").replace("_", " ").split()
    names = [" ".join(of_username), " ".join(its.split()[len(of_username) :])]
    if typed == username or wanted in names:
        return Exactness.SAME
    if username.startswith(typed) or any(name.startswith(wanted) for name in names):
        return Exactness.BEGINNING
    if all(f" {word}" in its for word in words):
        return Exactness.BEGINNING_OF_WORDS
    return Exactness.INSIDE
