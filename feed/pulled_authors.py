"""Authors with so many followers that their posts are not pushed to timelines, but read when a follower looks.

Pushing a post costs Valkey 5 µs for each active follower, and a worker needs seconds for a million of them. Reading the
newest posts of one author costs a reader 0.1 ms at each view, and a reader follows few such authors. So the posts of
authors with at least FAN_OUT_MAX_FOLLOWERS followers are merged into the home page when it is read.

An author becomes pulled with the first post after passing that number, and stays so: readers would miss the posts that
were never pushed. Which pulled authors a reader follows is remembered in Valkey for REMEMBERED_SECONDS. New pulled
authors are pushed as well until everyone's memory has been renewed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from common import valkey
from common.pagination import MAX_BIGINT
from common.replicas import read_connection
from feed.models import PulledAuthor
from feed.timeline_store import pack, timeline_key, unpack
from posts.visible import published_posts
from social.visible import shown_follows

REMEMBERED_SECONDS = 600
PUSHED_SECONDS = 2 * REMEMBERED_SECONDS


def is_pulled(author: User) -> bool:
    """Return True if posts of `author` need not be pushed. Makes an author with enough followers a pulled one.

    One query, and another one for the first post after passing FAN_OUT_MAX_FOLLOWERS.
    """
    since = PulledAuthor.objects.filter(pk=author.pk).values_list("since", flat=True).first()
    if since is None and author.folded_followers >= settings.FAN_OUT_MAX_FOLLOWERS:
        PulledAuthor.objects.bulk_create([PulledAuthor(author=author)], ignore_conflicts=True)
    return since is not None and since < timezone.now() - timedelta(seconds=PUSHED_SECONDS)


def pulled_key(reader_id: int) -> str:
    return f"{timeline_key(reader_id)}:pulled"


def followed_by(reader: User, remembered: bytes | None) -> list[int]:
    """Return the ids of the pulled authors that `reader` follows and has not muted.

    `remembered` is the value of `pulled_key`. If it is missing or from before a change of the follows, one query finds
    them again. Raises one of valkey.ERRORS.
    """
    if remembered:
        version, *ids = unpack(remembered)
        if version == reader.follows_version:
            return ids
    follows, values = shown_follows(reader).named("follows")
    with read_connection().cursor() as cursor:
        cursor.execute(
            f"""
            SELECT follow.followee_id FROM ({follows}) AS follow
            JOIN feed_pulledauthor AS pulled ON pulled.author_id = follow.followee_id
            """,  # noqa: S608  (the SQL of shown_follows)
            values,
        )
        ids = [row[0] for row in cursor.fetchall()]
    valkey.timelines().set(pulled_key(reader.pk), pack([reader.follows_version, *ids]), ex=REMEMBERED_SECONDS)
    return ids


def newest_ids_of(author_ids: Sequence[int], *, before: int | None, count: int) -> list[int]:
    """Return the ids of the newest `count` published posts of these authors, newest first, below the id `before`.

    Candidates, like the ids of a timeline. Reads at most `count` index entries for each author; no query for none.
    """
    if not author_ids:
        return []
    posts, values = published_posts().named("posts")
    with read_connection().cursor() as cursor:
        cursor.execute(
            f"""
            SELECT newest.id FROM unnest(%(authors)s::bigint[]) AS author (id)
            CROSS JOIN LATERAL (
                SELECT post.id FROM ({posts}) AS post
                WHERE post.author_id = author.id AND post.id < %(before)s
                ORDER BY post.id DESC LIMIT %(count)s
            ) AS newest
            ORDER BY newest.id DESC LIMIT %(count)s
            """,  # noqa: S608  (the SQL of published_posts)
            values | {"authors": list(author_ids), "before": MAX_BIGINT if before is None else before, "count": count},
        )
        return [row[0] for row in cursor.fetchall()]
