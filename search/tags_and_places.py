"""Find tags and places, with the number of visible posts of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from django.db import models
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts.models import Viewer
from common.fast_reverse import fast_reverse
from common.pagination import Page
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
from common.subqueries import RowCount
from posts.models import Hashtag, Post
from posts.models.post import PostQuerySet
from posts.states import PostState, newest_states, page_of_states
from posts.visible import visible_post
from search.models import Place
from search.query import Query

MAX_POPULAR: Final = 1_000
"""If the index finds more than MAX_FOUND, the names of this many of the most used topics are read instead."""
MAX_FOUND: Final = 60
MAX_FUZZY: Final = 20
POSTS_RANKED_BY: Final = 3
"""The number of newest posts by which the use of a tag or place is ranked."""
MAX_COUNTED: Final = 1_000
"""Counting stops here, and "1,000+" is shown."""
MAX_COUNTED_QUICKLY: Final = 100
"""The same for suggestions, which must be fast."""


@dataclass
class Topic:
    """A tag or a place with posts that the viewer may see."""

    name: str
    post_count: int
    """At most `count_up_to`."""
    is_more: bool
    """True if there are more posts than were counted."""
    words: str
    is_place: bool = False
    highlighted: SafeString | str = ""
    """The name with the matching words marked; set by `search.rows`."""

    @property
    def url(self) -> str:
        """URL of the page. It has the words of a place, as its id would reveal when a post first named the place."""
        if self.is_place:
            return fast_reverse("search:place", slug_of(self.words))
        return fast_reverse("feed:tag", self.name)


@dataclass(frozen=True)
class FoundTopic:
    """A tag or place in the results. Neither its id nor its rank depends on hidden posts."""

    id: int
    key: str
    """The name of a tag, or the words of a place: unique in its table."""

    @property
    def cursor(self) -> str:
        """The cursor after this topic: a digest, because names may be long and in any script."""
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
    """Return the words of a place in the form of URLs: "kafe-kotti-berlin"."""
    return words.strip().replace(" ", "-")


def words_of_slug(slug: str) -> str:
    """Undo `slug_of`."""
    return " " + slug.replace("-", " ")


def shown_tags(found: Sequence[FoundTopic], viewer: Viewer, *, count_up_to: int = MAX_COUNTED) -> list[Topic]:
    """Return the tags in `found` that visible posts have, with the number of these posts. One query."""
    posts = Post.objects.visible_to(viewer).filter(tagged__hashtag=OuterRef("pk"))
    tags = Hashtag.objects.filter(pk__in=[one.id for one in found]).annotate(
        post_count=RowCount(posts.order_by().values("pk")[: count_up_to + 1])
    )
    return _in_order(found, {tag.pk: (tag.name, tag.words, tag.post_count) for tag in tags}, count_up_to)


def shown_places(found: Sequence[FoundTopic], viewer: Viewer, *, count_up_to: int = MAX_COUNTED) -> list[Topic]:
    """Return the places in `found` with visible posts, spelled as in the newest of these. One query."""
    places = _with_posts(Place.objects.filter(pk__in=[one.id for one in found]), viewer, count_up_to)
    named = {one.pk: (one.spelt, one.words, one.post_count) for one in places}
    return _in_order(found, named, count_up_to, is_place=True)


def find_place(slug: str, viewer: Viewer) -> Topic | None:
    """Return the place with this slug, or None if `viewer` sees no post from it. One query."""
    places = _with_posts(Place.objects.filter(words=words_of_slug(slug)), viewer, MAX_COUNTED)
    one = places.first()
    if one is None or not one.post_count:
        return None
    return Topic(one.spelt, min(one.post_count, MAX_COUNTED), one.post_count > MAX_COUNTED, one.words, is_place=True)


def page_of_place(request: HttpRequest, slug: str, size: int) -> Page[PostState]:
    """Return a page of the posts from a place that the user may see, newest first. One query."""
    return page_of_states(request, _POSTS_OF_PLACE, size, words=words_of_slug(slug))


def _posts_of_place(viewer: Viewer, words: str) -> PostQuerySet:
    return Post.objects.visible_to(viewer).filter(document__place__words=words)


_POSTS_OF_PLACE: Final = newest_states("posts_of_place", _posts_of_place, words="text")


def _with_posts(places: models.QuerySet[Place], viewer: Viewer, count_up_to: int) -> models.QuerySet[Any]:
    """Annotate post_count, up to `count_up_to` + 1, and `spelt`, the name of the place in the newest post."""
    posts = Post.objects.visible_to(viewer).filter(document__place=OuterRef("pk"))
    return places.annotate(
        post_count=RowCount(posts.order_by().values("pk")[: count_up_to + 1]),
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
    """The table of a kind of topic."""

    name: str
    key: str
    posts: str
    """The table that connects topics and posts, with an index on (`of`, post_id)."""
    of: str
    """The column of `posts` with the id of the topic."""


TAGS: Final = Table("posts_hashtag", "name", "posts_posthashtag", "hashtag_id")
PLACES: Final = Table("search_place", "words", "search_postdocument", "place_id")


def _find(table: Table, words: Sequence[str], viewer: Viewer, *, same: str) -> list[FoundTopic]:
    """Find topics that contain the words; if there are none, topics with a similar spelling.

    The result depends on visible posts only: which topics are found, whether similar ones are searched, and the order,
    by how recent the POSTS_RANKED_BY newest visible posts are. `folded_uses`, which counts all posts, only selects the
    names that are read if very many topics match (docs/decisions/0018).
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
    """  # noqa: S608  (constants of this module)
    parts, values_of_parts = like_all("words", "part", infix_patterns(words))
    with read_connection().cursor() as cursor:
        cursor.execute(
            f"""
            WITH matching AS MATERIALIZED (
                -- Planned for all rows, so it uses the index; executed only as far as needed.
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
            """,  # noqa: S608  (constants of this module)
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
            """,  # noqa: S608  (constants of this module)
            values | values_of_edited,
        )
    return [FoundTopic(*row) for row in rows]
