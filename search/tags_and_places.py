"""Find tags and places, with the number of visible posts of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from django.db import connection, models
from django.db.models import OuterRef, Subquery
from django.utils.safestring import SafeString

from accounts.models import Viewer
from common.search_words import (
    MAX_WORDS,
    MIN_INFIX_CHARS,
    edit_distance_condition,
    fuzzy_rows,
    infix_patterns,
    like_all,
    split_words,
)
from posts.models import Hashtag, Post
from posts.models.post import PostQuerySet
from posts.visible import visible_post
from search.models import Place
from search.query import Query

MAX_POPULAR: Final = 1_000
"""Of these all names are read where the index finds more than MAX_FOUND."""
MAX_FOUND: Final = 60
MAX_FUZZY: Final = 20
POSTS_RANKED_BY: Final = 3
"""How much a tag or place is used is judged by its newest so many posts."""
MAX_COUNTED: Final = 1_000
"""Posts are counted as far as that: «1,000+»."""
MAX_COUNTED_QUICKLY: Final = 100
"""While somebody types."""


@dataclass
class Topic:
    """A tag or a place with posts that the viewer may see."""

    name: str
    post_count: int
    """At most what was asked for: then there may be more."""
    is_more: bool
    words: str
    is_place: bool = False
    highlighted: SafeString | str = ""
    """The name with what was looked for marked: set by the views."""

    @property
    def url(self) -> str:
        """The address of its page. Of a place that is its words, for its id would say when a post first named it."""
        if self.is_place:
            return f"/search/places/{slug_of(self.words)}/"
        return f"/explore/tags/{quote(self.name, safe='')}/"


@dataclass(frozen=True)
class FoundTopic:
    """A tag or place that was found; neither its id nor its place in the order tells of posts one may not see."""

    id: int
    key: str
    """Unique among its kind: the name of a tag, the words of a place."""

    @property
    def cursor(self) -> str:
        """Where a page ends. A digest, because a name may be long and in any script."""
        return sha256(self.key.encode()).hexdigest()[:24]


def find_tags(query: Query, viewer: Viewer) -> list[FoundTopic]:
    """Find tags of posts that `viewer` may see, the best first."""
    words = split_words(query.words)[:MAX_WORDS]
    return _find(TAGS, words, viewer, same=" " + "".join(words))


def find_places(query: Query, viewer: Viewer) -> list[FoundTopic]:
    """Find places of posts that `viewer` may see, the best first."""
    words = split_words(query.words)[:MAX_WORDS]
    return _find(PLACES, words, viewer, same=" " + " ".join(words))


def slug_of(words: str) -> str:
    """Write the words of a place as the part of an address: "kafe-kotti-berlin"."""
    return words.strip().replace(" ", "-")


def words_of_slug(slug: str) -> str:
    """Undo `slug_of`."""
    return " " + slug.replace("-", " ")


class Counted(Subquery):
    """How many rows, as far as the subquery's own limit."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = models.IntegerField()


def shown_tags(found: Sequence[FoundTopic], viewer: Viewer, *, count_up_to: int = MAX_COUNTED) -> list[Topic]:
    """Return those of `found` that visible posts carry, with how many of them do. One query."""
    posts = Post.objects.visible_to(viewer).filter(tagged__hashtag=OuterRef("pk"))
    tags = Hashtag.objects.filter(pk__in=[one.id for one in found]).annotate(
        post_count=Counted(posts.order_by().values("pk")[: count_up_to + 1])
    )
    return _in_order(found, {tag.pk: (tag.name, tag.words, tag.post_count) for tag in tags}, count_up_to)


def shown_places(found: Sequence[FoundTopic], viewer: Viewer, *, count_up_to: int = MAX_COUNTED) -> list[Topic]:
    """Return those of `found` where visible posts are from, as the newest of these spells it. One query."""
    places = _with_posts(Place.objects.filter(pk__in=[one.id for one in found]), viewer, count_up_to)
    named = {one.pk: (one.spelt, one.words, one.post_count) for one in places}
    return _in_order(found, named, count_up_to, is_place=True)


def find_place(slug: str, viewer: Viewer) -> Topic | None:
    """Return the place with this `slug`, or None if `viewer` sees no post from there. One query."""
    places = _with_posts(Place.objects.filter(words=words_of_slug(slug)), viewer, MAX_COUNTED)
    one = places.first()
    if one is None or not one.post_count:
        return None
    return Topic(one.spelt, min(one.post_count, MAX_COUNTED), one.post_count > MAX_COUNTED, one.words, is_place=True)


def posts_of_place(slug: str, viewer: Viewer) -> PostQuerySet:
    """Return the posts from a place that `viewer` may see."""
    return Post.objects.visible_to(viewer).filter(document__place__words=words_of_slug(slug))


def _with_posts(places: models.QuerySet[Place], viewer: Viewer, count_up_to: int) -> models.QuerySet[Any]:
    """Add post_count, as far as one more than `count_up_to`, and `spelt`, what the newest post calls the place."""
    posts = Post.objects.visible_to(viewer).filter(document__place=OuterRef("pk"))
    return places.annotate(
        post_count=Counted(posts.order_by().values("pk")[: count_up_to + 1]),
        spelt=Subquery(posts.order_by("-pk").values("location")[:1]),
    )


def _in_order(
    found: Sequence[FoundTopic], named: dict[int, tuple[str, str, int]], count_up_to: int, *, is_place: bool = False
) -> list[Topic]:
    seen = (named[one.id] for one in found if one.id in named)
    return [
        Topic(name, min(number, count_up_to), number > count_up_to, words, is_place)
        for name, words, number in seen
        if number
    ]


# --- Finding ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """Where a kind of topic is kept, and its posts."""

    name: str
    key: str
    posts: str
    """The table of what posts have it, with an index by `of` and the post's id."""
    of: str


TAGS: Final = Table("posts_hashtag", "name", "posts_posthashtag", "hashtag_id")
PLACES: Final = Table("search_place", "words", "search_postdocument", "place_id")


def _find(table: Table, words: Sequence[str], viewer: Viewer, *, same: str) -> list[FoundTopic]:
    """Find topics with the words in them; if there are none, topics that are spelt alike.

    The answer is made of visible posts alone: whether a topic is found, whether others are looked for, and the order,
    which is how much a topic is used of late: by its POSTS_RANKED_BY newest visible posts. `folded_uses`, which counts
    all posts, only chooses whose names are read where very many match (docs/decisions/0018).
    """
    if not words:
        return []
    is_visible, values = visible_post(viewer).named("visible")
    values |= {"same": same, "beginning": f"{same}%", "words": " ".join(words)}
    newest = f"""
        (SELECT post_id FROM
            (SELECT post_id FROM {table.posts} WHERE {table.of} = topic.id ORDER BY post_id DESC OFFSET 0) AS found
        WHERE {is_visible} LIMIT {{}})
    """  # noqa: S608  (constants of this module, as below)
    is_used = f"EXISTS {newest.format(1)}"
    with_uses = f"""
        CROSS JOIN LATERAL (
            SELECT count(*) AS uses, min(post_id) AS since FROM {newest.format(POSTS_RANKED_BY)} AS newest OFFSET 0
        ) AS used WHERE used.uses > 0
    """  # noqa: S608
    parts, values_of_parts = like_all("words", "part", infix_patterns(words))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH matching AS MATERIALIZED (
                -- Planned as if all were wanted, which is through the index, and run as far as asked.
                SELECT id, {table.key} AS key, words FROM {table.name} WHERE {parts}
            ), indexed AS MATERIALIZED (
                SELECT id, key, words FROM matching AS topic WHERE {is_used} LIMIT {MAX_FOUND + 1}
            ), walked AS MATERIALIZED (
                SELECT id, {table.key} AS key, words FROM {table.name}
                WHERE (SELECT count(*) FROM indexed) > {MAX_FOUND}
                ORDER BY folded_uses DESC, id DESC LIMIT {MAX_POPULAR}
            ), topic AS MATERIALIZED (
                SELECT id, key, words FROM indexed
                UNION SELECT id, key, words FROM walked WHERE {parts}
                UNION SELECT id, {table.key}, words FROM {table.name} WHERE words = %(same)s
            )
            SELECT id, key FROM topic {with_uses}
            ORDER BY words <> %(same)s, words NOT LIKE %(beginning)s, uses DESC, since DESC, length(words), key
            """,  # noqa: S608
            values | values_of_parts,
        )
        rows = cursor.fetchall()
    if not rows and len("".join(words)) >= MIN_INFIX_CHARS:
        edited, values_of_edited = edit_distance_condition("words", words)
        rows = fuzzy_rows(
            f"""
            WITH alike AS MATERIALIZED (
                SELECT id, {table.key} AS key, word_similarity(%(words)s, words) AS likeness
                FROM {table.name} WHERE words %%> %(words)s OR {edited}
            ), topic AS MATERIALIZED (
                SELECT * FROM (SELECT * FROM alike ORDER BY likeness DESC, key OFFSET 0) AS topic
                WHERE {is_used} LIMIT {MAX_FUZZY}
            )
            SELECT id, key FROM topic {with_uses} ORDER BY likeness DESC, uses DESC, since DESC, key
            """,  # noqa: S608
            values | values_of_edited,
        )
    return [FoundTopic(*row) for row in rows]
