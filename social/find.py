"""Finding people by their names, as somebody types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from django.db import connection

from accounts.models import User, UserQuerySet, Viewer
from common.search_words import LIKENESS, MAX_WORDS, MIN_INFIX_CHARS, inside, like_all, like_edited, words_of

MOST_FOLLOWED: Final = 2_000
"""People whose names are read for what many have in their names: an index of trigrams would read all of those."""
FOLLOWED: Final = 2_000
"""Of those whom one follows, the newest so many."""
FOUND_AT_MOST: Final = 300
"""Candidates of each kind. Nobody pages further than through their sum."""
NEAR: Final = 40
"""Of the best, so many are looked at for whether people that one follows follow them."""
CLOSE_FOLLOWED: Final = 300
SPELT_OUT: Final = 500
"""Of the most followed and of those whom one follows, so many are held against every spelling."""
LIKE_AT_MOST: Final = 60
MISSPELT: Final = 0.8
"""How like a name is with one letter wrong."""
COMPARED_AT_MOST: Final = 500
"""Names that are alike are compared letter by letter, so many of them."""


class Exactness(IntEnum):
    SAME = 0
    """The username, or the whole name."""
    BEGINNING = 1
    """Of the username or the name."""
    BEGINNING_OF_WORDS = 2
    INSIDE = 3
    ALIKE = 4
    """Another spelling."""


@dataclass(frozen=True)
class FoundPerson:
    id: int
    exactness: Exactness
    is_followed: bool
    is_near: bool
    """Followed by people whom the viewer follows."""
    followers: int
    likeness: float = 1.0

    @property
    def key(self) -> tuple[float, ...]:
        """What they are sorted by: how exact, how close, how many follow them."""
        closeness = 0 if self.is_followed else 1 if self.is_near else 2
        return (self.exactness, round(1 - self.likeness, 1), closeness, -self.followers, -self.id)


def find_people(query: str, viewer: Viewer, *, wanted: int = FOUND_AT_MOST) -> list[FoundPerson]:
    """People whose names have the words of `query`, the best first; if there is nobody, those spelt alike.

    Candidates, whoever `viewer` is: `shown_people` decides whom they see. With a small `wanted`, for somebody who is
    typing, what is found quickly is enough. Every step reads a bounded number of rows, however many people there are.
    """
    words = words_of(query.removeprefix("@"))[:MAX_WORDS]
    if not words:
        return []
    found = _by_walk(words, query, viewer)
    if len(found) < wanted:
        found |= _by_index(words, query, viewer)
    if not found and len("".join(words)) >= MIN_INFIX_CHARS:
        found = _misspelt_by_walk(words, viewer)
        if len(found) < wanted:
            found |= _misspelt_by_index(words, viewer)
        found = found or _alike(words, viewer)
    best = sorted(found.values(), key=lambda one: one.key)
    near = _near([one.id for one in best[:NEAR]], viewer)
    return sorted((_with(one, is_near=one.id in near) for one in best), key=lambda one: one.key)


def shown_people(people: UserQuerySet, found: Sequence[FoundPerson], viewer: Viewer) -> list[User]:
    """Those of `found` that are among `people` and that `viewer` may see, in their order. One query."""
    visible = people.visible_to(viewer).in_bulk([one.id for one in found])
    return [visible[one.id] for one in found if one.id in visible]


def _with(one: FoundPerson, *, is_near: bool) -> FoundPerson:
    return FoundPerson(one.id, one.exactness, one.is_followed, is_near, one.followers, one.likeness)


_COLUMNS = """
    SELECT person.id, person.username, person.words, person.folded_followers,
           EXISTS (SELECT FROM social_follow WHERE follower_id = %(viewer)s AND followee_id = person.id)
"""


def _by_walk(words: Sequence[str], query: str, viewer: Viewer) -> dict[int, FoundPerson]:
    """Whose username it is; the most followed of those with words that begin so; and those whom one follows."""
    return _fetch(
        f"""
        WITH walked AS MATERIALIZED (
            SELECT id, words FROM accounts_user ORDER BY folded_followers DESC, id DESC LIMIT {MOST_FOLLOWED}
        ), found AS (
            (SELECT id FROM accounts_user WHERE username = %(username)s)
            UNION (SELECT id FROM walked WHERE {{beginnings}} LIMIT {FOUND_AT_MOST})
            UNION (
                SELECT followed.followee_id FROM (
                    SELECT followee_id FROM social_follow WHERE follower_id = %(viewer)s
                    ORDER BY id DESC LIMIT {FOLLOWED}
                ) AS followed
                JOIN accounts_user AS person ON person.id = followed.followee_id
                WHERE {{parts}} LIMIT {FOUND_AT_MOST}
            )
        )
        {_COLUMNS} FROM found JOIN accounts_user AS person ON person.id = found.id
        """,  # noqa: S608  (constants of this module)
        words,
        query,
        viewer,
    )


def _by_index(words: Sequence[str], query: str, viewer: Viewer) -> dict[int, FoundPerson]:
    """Some of all whose names have the words in them: what nobody well known and nobody close has in their name."""
    return _fetch(
        f"""
        -- Planned as if all were wanted, which is through the index unless nearly all match, and run as far as asked.
        WITH all_found AS MATERIALIZED (SELECT id FROM accounts_user AS person WHERE {{parts}}),
        found AS MATERIALIZED (SELECT id FROM all_found LIMIT {FOUND_AT_MOST})
        {_COLUMNS} FROM found JOIN accounts_user AS person ON person.id = found.id
        """,  # noqa: S608  (constants of this module)
        words,
        query,
        viewer,
    )


def _fetch(sql: str, words: Sequence[str], query: str, viewer: Viewer) -> dict[int, FoundPerson]:
    values: dict[str, Any] = {
        "viewer": viewer.pk or 0,
        "username": _username(query),
    }
    beginnings, values_of_beginnings = like_all("words", "beginning", [f"% {word}%" for word in words])
    parts, values_of_parts = like_all("person.words", "part", inside(words))
    values |= values_of_beginnings | values_of_parts
    with connection.cursor() as cursor:
        cursor.execute(sql.format(beginnings=beginnings, parts=parts), values)
        return {
            pk: FoundPerson(pk, _exactness(words, query, username, its), is_followed, False, followers)
            for pk, username, its, followers, is_followed in cursor.fetchall()
        }


def _misspelt_by_walk(words: Sequence[str], viewer: Viewer) -> dict[int, FoundPerson]:
    """Names with one letter wrong, of the most followed and of those whom one follows."""
    edited, values = like_edited("person.words", words)
    sql = f"""
        WITH walked AS MATERIALIZED (
            SELECT id, words FROM accounts_user ORDER BY folded_followers DESC, id DESC LIMIT {SPELT_OUT}
        ), found AS (
            (SELECT id FROM walked AS person WHERE {edited} LIMIT {LIKE_AT_MOST})
            UNION (
                SELECT person.id FROM (
                    SELECT followee_id FROM social_follow WHERE follower_id = %(viewer)s
                    ORDER BY id DESC LIMIT {SPELT_OUT}
                ) AS followed
                JOIN accounts_user AS person ON person.id = followed.followee_id
                WHERE {edited} LIMIT {LIKE_AT_MOST}
            )
        )
        {_COLUMNS}, {MISSPELT}::real FROM found JOIN accounts_user AS person ON person.id = found.id
    """  # noqa: S608  (constants of this module, and of like_edited)
    return _fetch_alike(sql, values, viewer)


def _misspelt_by_index(words: Sequence[str], viewer: Viewer) -> dict[int, FoundPerson]:
    """Some of all names with one letter wrong. The index reads all names that are as a common one is spelt."""
    edited, values = like_edited("words", words)
    sql = f"""
        WITH all_found AS MATERIALIZED (SELECT id FROM accounts_user WHERE {edited}),
        found AS MATERIALIZED (SELECT id FROM all_found LIMIT {LIKE_AT_MOST})
        {_COLUMNS}, {MISSPELT}::real FROM found JOIN accounts_user AS person ON person.id = found.id
    """  # noqa: S608  (constants of this module, and of like_edited)
    return _fetch_alike(sql, values, viewer)


def _alike(words: Sequence[str], viewer: Viewer) -> dict[int, FoundPerson]:
    """Names that are spelt alike somehow. The threshold is set for the session; only searches read it."""
    sql = f"""
        SET pg_trgm.word_similarity_threshold = {LIKENESS};
        WITH all_alike AS MATERIALIZED (SELECT id, words FROM accounts_user WHERE words %%> %(words)s),
        found AS MATERIALIZED (
            SELECT id, word_similarity(%(words)s, words) AS likeness
            FROM (SELECT id, words FROM all_alike LIMIT {COMPARED_AT_MOST}) AS alike
            ORDER BY likeness DESC LIMIT {LIKE_AT_MOST}
        )
        {_COLUMNS}, found.likeness FROM found JOIN accounts_user AS person ON person.id = found.id
    """  # noqa: S608  (constants of this module)
    return _fetch_alike(sql, {"words": " ".join(words)}, viewer)


def _fetch_alike(sql: str, values: dict[str, Any], viewer: Viewer) -> dict[int, FoundPerson]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values | {"viewer": viewer.pk or 0})
        return {
            pk: FoundPerson(pk, Exactness.ALIKE, is_followed, False, followers, likeness)
            for pk, _, _, followers, is_followed, likeness in cursor.fetchall()
        }


def _near(ids: Sequence[int], viewer: Viewer) -> set[int]:
    """Those of `ids` whom somebody follows whom `viewer` follows, of these the newest."""
    if not ids or not viewer.is_authenticated:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH close AS MATERIALIZED (
                SELECT followee_id AS id FROM social_follow WHERE follower_id = %s
                ORDER BY id DESC LIMIT {CLOSE_FOLLOWED}
            )
            SELECT person.id FROM unnest(%s) AS person (id)
            WHERE EXISTS (
                SELECT FROM close JOIN social_follow AS theirs
                ON theirs.follower_id = close.id AND theirs.followee_id = person.id)
            """,  # noqa: S608  (constants of this module)
            [viewer.pk, list(ids)],
        )
        return {pk for (pk,) in cursor.fetchall()}


def _username(query: str) -> str:
    return query.removeprefix("@").strip().lower()


def _exactness(words: Sequence[str], query: str, username: str, its: str) -> Exactness:
    """`its` are the words of username and name: " anna k anna karenina"."""
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
