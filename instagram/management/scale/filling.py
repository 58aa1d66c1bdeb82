"""Fill the tables in the order follows, posts, media, tags, likes, comments, people, with counters that are right."""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection, models

from accounts.models import User
from common.ids import EPOCH, SEQUENCE_BITS, TIME_SHIFT
from instagram.management.scale import graph, words
from instagram.management.scale.copying import copy_rows, text_of
from posts.models import Comment, Hashtag, Like, Media, Post, PostHashtag
from social.models import Follow

EMAIL_DOMAIN: Final = "scale.invalid"
"""Marks the people of `seed_scale`."""

TABLES: Final[Sequence[type[models.Model]]] = (Follow, Post, Media, Hashtag, PostHashtag, Like, Comment, User)
PHOTO_COLUMNS: Final = ("alt", "original", "width", "height", "state", "renditions", "renderer", "placeholder")
"""The columns of posts_media that depend on the photo (`photos.render_photos`)."""
POSTS_DAYS: Final = 90
MAX_TAGS: Final = 3
TAG_NUMBER: Final = 2_000
SHARDS: Final = 1 << 13
ACTIVITY: Final = 2.0
"""Skew of posts: of a million people, a tenth has a third of all posts."""
PRIVATE_EVERY: Final = 10
SEEN_DAYS: Final = (0, 0, 1, 2, 4, 8, 15, 25, 50, 120)
"""How many days ago people were last seen, in turn."""

_MS_PER_DAY: Final = 86_400_000


@dataclass(frozen=True)
class Sizes:
    """Numbers of rows. Likes and comments are totals, too."""

    people: int
    posts: int
    follows: int
    likes: int
    comments: int

    @property
    def rows(self) -> int:
        """About how many rows there will be: a post has one medium and about 1.5 tags."""
        return self.people + self.follows + self.likes + self.comments + self.posts * 7 // 2 + TAG_NUMBER


def snowflake(ms: int, shard_of: int, sequence: int = 0) -> int:
    """Return an id made at `ms` since EPOCH, on the shard that the bits of the id `shard_of` name."""
    return ms << TIME_SHIFT | shard_of & (SHARDS - 1) << SEQUENCE_BITS | sequence


def time_text(ms: int) -> str:
    return (EPOCH + timedelta(milliseconds=ms)).isoformat()


class Filling:
    """Rows of a seeded random generator, so the same sizes give the same graph.

    `told` is called with a table and the number of its rows that were sent since the last call. All methods run in the
    caller's transaction, in which triggers and foreign keys must be off.
    """

    def __init__(
        self,
        sizes: Sizes,
        *,
        photos: Sequence[dict[str, Any]],
        told: Callable[[str, int], None],
        flat_edges: array[int] | None = None,
    ) -> None:
        self._sizes, self._photos, self._told, self._flat_edges = sizes, photos, told, flat_edges
        self._rng = random.Random(1)
        self._now = int((datetime.now(UTC) - EPOCH) / timedelta(milliseconds=1))
        self._posts_began = max(self._now - POSTS_DAYS * _MS_PER_DAY, self._now // 2)
        self._joined_until = self._posts_began
        people = sizes.people
        self._followers, self._following = array("l", bytes(8 * people)), array("l", bytes(8 * people))
        self._posts_of = array("l", bytes(8 * people))
        self._authors: array[int] = array("l")
        self._post_ids: array[int] = array("q")

    def run(self) -> None:
        sizes = self._sizes
        self._authors = array("l", (self._author() for _ in range(sizes.posts)))
        half = sizes.people // 2
        self._likes = self._counts(sizes.likes, most=half)
        self._comments = self._counts(sizes.comments, most=sizes.comments)
        self._copy(Follow, ["id", "follower_id", "followee_id"], self._follow_rows())
        columns = "id author_id caption location published_at fanned_out_at folded_likes folded_comments"
        self._copy(Post, columns.split(), self._post_rows())
        columns = "id post_id owner_id position queued_at"
        self._copy(Media, [*columns.split(), *PHOTO_COLUMNS], self._media_rows())
        self._copy(PostHashtag, ["post_id", "hashtag_id"], self._tag_rows())
        self._copy(Hashtag, ["id", "name", "folded_uses"], self._hashtag_rows())
        self._copy(Like, ["id", "post_id", "liker_id"], self._like_rows())
        self._copy(Comment, ["id", "post_id", "author_id", "text"], self._comment_rows())
        columns = "id username email name bio password is_private last_seen_at folded_followers folded_following"
        self._copy(User, [*columns.split(), "folded_posts"], self._person_rows())

    def _copy(self, model: type[models.Model], columns: list[str], rows: Iterator[str]) -> None:
        label = str(model._meta.verbose_name_plural)  # noqa: SLF001  (Django's own, documented)
        copy_rows(model, columns, rows, told=lambda count: self._told(label, count))

    def _counts(self, total: int, *, most: int) -> array[int]:
        posts = self._sizes.posts
        return graph.pareto_counts(self._rng, number=posts, total=total, most=most) if posts else array("l")

    def _author(self) -> int:
        return graph.skewed(self._rng, self._sizes.people, ACTIVITY)

    # --- Ids: the number of a row gives its time, so no two rows of a table have the same id --------------------------

    def person_id(self, number: int) -> int:
        ms = 1 + number * self._joined_until // self._sizes.people
        return snowflake(ms, number << SEQUENCE_BITS, number % (1 << SEQUENCE_BITS))

    def _id(self, number: int, total: int, owner_id: int, *, days_later: int = 0) -> int:
        """Return the id of row `number` of `total`, spread over the time since the first post."""
        began = min(self._posts_began + days_later * _MS_PER_DAY, self._now - 1)
        ms = began + number * (self._now - began) // max(1, total)
        return snowflake(ms, owner_id, number % (1 << SEQUENCE_BITS))

    # --- Rows ---------------------------------------------------------------------------------------------------------

    def _edges(self) -> Iterator[tuple[int, int]]:
        if self._flat_edges is not None:
            flat = self._flat_edges
            return ((flat[at], flat[at + 1]) for at in range(0, len(flat), 2))
        return graph.edges(self._rng, people=self._sizes.people, follows=self._sizes.follows)

    def _follow_rows(self) -> Iterator[str]:
        total = self._sizes.follows
        for number, (follower, followee) in enumerate(self._edges()):
            self._following[follower] += 1
            self._followers[followee] += 1
            person = self.person_id(follower)
            yield f"{self._id(number, total, person)}\t{person}\t{self.person_id(followee)}"

    def _tags(self, number: int) -> list[int]:
        """Return the tags of a post, always the same ones."""
        rng = random.Random(number)
        return list({graph.skewed(rng, TAG_NUMBER, 3) for _ in range(rng.randint(0, MAX_TAGS))})

    def _post_rows(self) -> Iterator[str]:
        names = words.tag_names(TAG_NUMBER)
        for number, author in enumerate(self._authors):
            self._posts_of[author] += 1
            person = self.person_id(author)
            post_id = self._id(number, self._sizes.posts, person)
            self._post_ids.append(post_id)
            at = time_text(post_id >> TIME_SHIFT)
            caption = words.caption(self._rng, [names[tag] for tag in self._tags(number)])
            counts = f"{self._likes[number]}\t{self._comments[number]}"
            yield f"{post_id}\t{person}\t{caption}\t{self._rng.choice(words.PLACES)}\t{at}\t{at}\t{counts}"

    def _media_rows(self) -> Iterator[str]:
        now = time_text(self._now)
        endings = [f"0\t{now}\t" + "\t".join(text_of(photo[name]) for name in PHOTO_COLUMNS) for photo in self._photos]
        total = self._sizes.posts
        for number, post_id in enumerate(self._post_ids):
            owner = self.person_id(self._authors[number])
            yield f"{self._id(number, total, owner)}\t{post_id}\t{owner}\t{endings[number % len(endings)]}"

    def _hashtag_id(self, tag: int) -> int:
        return snowflake(1 + tag, tag << SEQUENCE_BITS)

    def _tag_rows(self) -> Iterator[str]:
        self._uses = array("l", bytes(8 * TAG_NUMBER))
        ids = [self._hashtag_id(tag) for tag in range(TAG_NUMBER)]
        for number, post_id in enumerate(self._post_ids):
            for tag in self._tags(number):
                self._uses[tag] += 1
                yield f"{post_id}\t{ids[tag]}"

    def _hashtag_rows(self) -> Iterator[str]:
        for tag, name in enumerate(words.tag_names(TAG_NUMBER)):
            yield f"{self._hashtag_id(tag)}\t{name}\t{self._uses[tag]}"

    def _like_rows(self) -> Iterator[str]:
        number, total = 0, self._sizes.likes
        for at, post_id in enumerate(self._post_ids):
            for liker in graph.distinct(self._rng, self._likes[at], of=self._sizes.people):
                person = self.person_id(liker)
                yield f"{self._id(number, total, person, days_later=1)}\t{post_id}\t{person}"
                number += 1

    def _comment_rows(self) -> Iterator[str]:
        number, total = 0, self._sizes.comments
        for at, post_id in enumerate(self._post_ids):
            for _ in range(self._comments[at]):
                person = self.person_id(self._rng.randrange(self._sizes.people))
                text = self._rng.choice(words.ANSWERS)
                yield f"{self._id(number, total, person, days_later=1)}\t{post_id}\t{person}\t{text}"
                number += 1

    def _person_rows(self) -> Iterator[str]:
        seen = [time_text(self._now - days * _MS_PER_DAY) for days in SEEN_DAYS]
        for number in range(self._sizes.people):
            username = words.username(number)
            private = "t" if number % PRIVATE_EVERY == 3 else "f"
            counts = f"{self._followers[number]}\t{self._following[number]}\t{self._posts_of[number]}"
            text = f"{username}\t{username}@{EMAIL_DOMAIN}\t{words.display_name(number)}\tHello, I am number {number}."
            yield f"{self.person_id(number)}\t{text}\t!\t{private}\t{seen[number % len(seen)]}\t{counts}"


def delete_everything() -> None:
    """Empty all tables that refer to people or posts, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE accounts_user, posts_post, posts_hashtag, common_countdelta CASCADE")
