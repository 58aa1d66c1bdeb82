"""Finding tags and places, with how many posts of each one may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from django.db import connection, models
from django.db.models import OuterRef, Subquery
from django.utils.safestring import SafeString

from accounts.models import Viewer
from common.search_words import LIKENESS, MAX_WORDS, MIN_INFIX_CHARS, inside, like_all, like_edited, words_of
from posts.models import Hashtag, Post
from search.models import Place
from search.query import Query

MOST_USED: Final = 2_000
"""Of these all names are read; of the others those that an index finds."""
FOUND_AT_MOST: Final = 200
LIKE_AT_MOST: Final = 20
COUNTED: Final = 1_000
"""Posts are counted as far as that: «1,000+»."""
COUNTED_QUICKLY: Final = 100
"""While somebody types."""


@dataclass
class Topic:
    """A tag or a place with posts that the one who asks may see."""

    id: int
    name: str
    post_count: int
    """At most what was asked for: then there may be more."""
    is_more: bool
    is_place: bool = False
    marked: SafeString | str = ""
    """The name with what was looked for marked: set by the views."""

    @property
    def url(self) -> str:
        if self.is_place:
            return f"/search/places/{self.id}/"
        return f"/explore/tags/{quote(self.name, safe='')}/"


def find_tags(query: Query) -> list[int]:
    """Ids of candidates, the best first; `shown_tags` decides what a viewer sees of them."""
    words = words_of(query.words)[:MAX_WORDS]
    return _find("posts_hashtag", words, same=" " + "".join(words))


def find_places(query: Query) -> list[int]:
    words = words_of(query.words)[:MAX_WORDS]
    return _find("search_place", words, same=" " + " ".join(words))


class Counted(Subquery):
    """How many rows, as far as the subquery's own limit."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = models.IntegerField()


def shown_tags(found: Sequence[int], viewer: Viewer, *, count_up_to: int = COUNTED) -> list[Topic]:
    """Those that posts carry which `viewer` may see. One query."""
    posts = Post.objects.visible_to(viewer).filter(tagged__hashtag=OuterRef("pk"))
    tags = Hashtag.objects.filter(pk__in=found).annotate(
        post_count=Counted(posts.order_by().values("pk")[: count_up_to + 1])
    )
    return _in_order(found, {tag.pk: (tag.name, tag.post_count) for tag in tags}, count_up_to, is_place=False)


def shown_places(found: Sequence[int], viewer: Viewer, *, count_up_to: int = COUNTED) -> list[Topic]:
    """Those where posts are from which `viewer` may see, as the newest of these spells it. One query."""
    posts = posts_of_place(OuterRef("pk"), viewer)
    places = Place.objects.filter(pk__in=found).annotate(
        post_count=Counted(posts.order_by().values("pk")[: count_up_to + 1]),
        spelt=Subquery(posts.order_by("-pk").values("location")[:1]),
    )
    return _in_order(found, {one.pk: (one.spelt, one.post_count) for one in places}, count_up_to, is_place=True)


def posts_of_place(place: Any, viewer: Viewer) -> Any:
    """The posts from a place that `viewer` may see."""
    return Post.objects.visible_to(viewer).filter(document__place=place)


def _in_order(
    found: Sequence[int], named: dict[int, tuple[str, int]], count_up_to: int, *, is_place: bool
) -> list[Topic]:
    seen = ((pk, *named[pk]) for pk in found if pk in named)
    return [
        Topic(pk, name, min(number, count_up_to), number > count_up_to, is_place) for pk, name, number in seen if number
    ]


def _find(table: str, words: Sequence[str], *, same: str) -> list[int]:
    """Of what is used most, and of what the index finds: with the words in it; else what is spelt alike."""
    if not words:
        return []
    values: dict[str, Any] = {
        "same": same,
        "beginning": f"{same}%",
        "words": " ".join(words),
    }
    parts, values_of_parts = like_all("words", "part", inside(words))
    values |= values_of_parts
    order = "ORDER BY words <> %(same)s, words NOT LIKE %(beginning)s, folded_uses DESC, length(words), id DESC"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH walked AS MATERIALIZED (
                SELECT id, words, folded_uses FROM {table} ORDER BY folded_uses DESC, id DESC LIMIT {MOST_USED}
            ), indexed AS MATERIALIZED (
                -- Planned as if all were wanted, which is through the index, and run as far as asked.
                SELECT id, words, folded_uses FROM {table} WHERE {parts}
            ), found AS (
                (SELECT id, words, folded_uses FROM {table} WHERE words = %(same)s LIMIT 10)
                UNION (SELECT id, words, folded_uses FROM walked WHERE {parts} LIMIT {FOUND_AT_MOST})
                UNION (SELECT id, words, folded_uses FROM indexed LIMIT {FOUND_AT_MOST})
            )
            SELECT id FROM found {order}
            """,  # noqa: S608  (constants of this module)
            values,
        )
        ids = [pk for (pk,) in cursor.fetchall()]
        if not ids and len("".join(words)) >= MIN_INFIX_CHARS:
            edited, values_of_edited = like_edited("words", words)
            cursor.execute(
                f"""
                SET pg_trgm.word_similarity_threshold = {LIKENESS};
                SELECT id FROM {table} WHERE words %%> %(words)s OR {edited}
                ORDER BY word_similarity(%(words)s, words) DESC, folded_uses DESC LIMIT {LIKE_AT_MOST}
                """,  # noqa: S608  (constants of this module, and of like_edited)
                values | values_of_edited,
            )
            ids = [pk for (pk,) in cursor.fetchall()]
    return ids
