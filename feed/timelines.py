"""Home timelines: for each active reader, the ids of the newest posts of their followees and of themselves.

A timeline is only a cache of ids in Valkey (`feed.timeline_store`). It is built from PostgreSQL if it is missing,
extended when a post is published, and read through `Post.objects.visible_to`, so a stale entry shows nothing and losing
Valkey loses nothing.

A timeline contains the reader's `follows_version`, which changes in the transaction of every follow, unfollow, block
and mute. One of another version is never shown. A task adds or removes the posts of the one person that changed; if its
message is lost or late, the next view rebuilds the timeline.

Posts are pushed to readers seen within PUSHED_TO_SECONDS. A reader who returns after a longer time first reads from
PostgreSQL; a timeline is built at their next visit, when they are pushed to again. Posts of authors with very many
followers are not pushed, and merged here (`feed.pulled_authors`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import User
from common import valkey
from common.pagination import MAX_BIGINT
from feed import pulled_authors
from feed import timeline_store as store
from posts.visible import published_posts
from social.visible import shown_follows

PUSHED_TO_SECONDS = 30 * 24 * 3600
"""Readers seen within this time are pushed to (`feed.tasks`)."""

KEPT_SECONDS = 29 * 24 * 3600
"""A timeline that is not read for so long expires. Shorter than PUSHED_TO_SECONDS, so every timeline is pushed to."""

RENEWED_SECONDS = 24 * 3600
"""Reading a timeline makes it last longer at most this often, because each renewal is a write."""


def read(reader: User, *, before: int | None, count: int) -> list[int]:
    """Return up to `count` ids of posts for `reader`'s home, newest first, below the id `before`.

    They come from Valkey as far as the timeline reaches, and then from PostgreSQL. They are candidates: filter them by
    `visible_to` before showing them. Cost: one round trip to Valkey. A reader who follows pulled authors pays one query
    more, as does every reader each ten minutes, to find them. A missing timeline costs a query of about 9 µs for each
    followee.
    """
    if valkey.is_paused(settings.TIMELINE_URL) or not _is_pushed_to(reader):
        return newest_ids(reader, before=before, count=count)
    try:
        page = _read_stored(reader, before, count) or _build(reader, before, count)
        authors = pulled_authors.followed_by(reader, page.extra) if page else []
        if page and page.seconds_left < KEPT_SECONDS - RENEWED_SECONDS:
            store.keep(reader.pk, KEPT_SECONDS)
    except valkey.ERRORS as error:
        valkey.pause(error, "timelines are read from the database", settings.TIMELINE_URL)
        page = None
    if page is None:
        return newest_ids(reader, before=before, count=count)
    pulled = pulled_authors.newest_ids_of(authors, before=before, count=count)
    if page.has_more or not page.is_cut:
        return _newest_first({*page.ids, *pulled})[:count]
    # The timeline has been read to its oldest post. The database has older ones, including posts of pulled authors.
    end = page.ids[-1] if page.ids else before
    ids = _newest_first({*page.ids, *(pk for pk in pulled if end is not None and pk > end)})[:count]
    return ids + newest_ids(reader, before=end, count=count - len(ids)) if len(ids) < count else ids


def newest_ids(reader: User, *, before: int | None, count: int) -> list[int]:
    """Return the same ids from PostgreSQL alone. Reads at most `count` index entries for each followee.

    Not from a replica: when a timeline is built, the snapshot must be newer than its beginning.
    """
    follows, values = shown_follows(reader).named("follows")
    posts, _ = published_posts().named("posts")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT newest.id
            FROM (SELECT follow.followee_id AS id FROM ({follows}) AS follow UNION ALL SELECT %(reader)s) AS followee
            CROSS JOIN LATERAL (
                SELECT post.id FROM ({posts}) AS post
                WHERE post.author_id = followee.id AND post.id < %(before)s
                ORDER BY post.id DESC LIMIT %(count)s
            ) AS newest
            ORDER BY newest.id DESC LIMIT %(count)s
            """,  # noqa: S608  (the SQL of shown_follows and published_posts)
            values | {"reader": reader.pk, "before": MAX_BIGINT if before is None else before, "count": count},
        )
        return [row[0] for row in cursor.fetchall()]


def shows(reader: User, person_id: int) -> bool:
    """Return True if the home of `reader` shows posts of `person_id`: followed, active and not muted. One query."""
    follows, values = shown_follows(reader).named("follows")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT FROM ({follows}) AS follow WHERE follow.followee_id = %(person)s)",  # noqa: S608  (the SQL of shown_follows)
            values | {"person": person_id},
        )
        return bool(cursor.fetchone()[0])


def _is_pushed_to(reader: User) -> bool:
    """Return True if new posts are being pushed to this reader, and will be for another day at least."""
    return reader.last_seen_at > timezone.now() - timedelta(seconds=KEPT_SECONDS)


def _read_stored(reader: User, before: int | None, count: int) -> store.StoredPage | None:
    key = pulled_authors.pulled_key(reader.pk)
    return store.read(reader.pk, reader.follows_version, before=before, count=count, extra_key=key)


def _build(reader: User, before: int | None, count: int) -> store.StoredPage | None:
    """Build the timeline and return a page of it; None if `reader` is out of date, or Valkey has just been emptied.

    It is created empty before the query, so a post published meanwhile is in the query's snapshot, or it is pushed.
    """
    if not store.start_build(reader.pk, reader.follows_version):
        return None
    ids = newest_ids(reader, before=None, count=store.MAX_POSTS)
    store.finish_build(reader.pk, reader.follows_version, ids, keep_seconds=KEPT_SECONDS)
    return _read_stored(reader, before, count)


def _newest_first(ids: Iterable[int]) -> list[int]:
    return sorted(ids, reverse=True)
