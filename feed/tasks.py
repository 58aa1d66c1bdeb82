"""Fan-out: adds a published post to the home timelines of the author's followers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from celery import shared_task
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.models import User
from common import valkey
from common.events import publish
from common.locks import try_advisory_lock
from common.pagination import MAX_BIGINT
from feed import pulled_authors, timelines
from feed import timeline_store as store
from posts.models import Post

FOLLOWERS_AT_ONCE = 5_000
"""Followers for each query and round trip. After each of them, the progress is stored."""

PROGRESS_KEPT_SECONDS = 24 * 3600
SWEEP_AFTER_SECONDS = 15
SWEEP_BATCH = 500


@shared_task(
    name="feed.fan_out_post",
    autoretry_for=(OperationalError, *valkey.ERRORS),
    retry_backoff=2,
    retry_backoff_max=30,
    max_retries=5,
)
def fan_out_post(post_id: int) -> None:
    """Add one published post to the home timelines of its author and their active followers.

    Safe to run twice, because adding a post again changes nothing, and goes on where a killed worker stopped. Does
    nothing if the post no longer exists, has been fanned out, or is being fanned out by another worker. Visibility is
    not checked here: the home page reads through `Post.objects.visible_to`. If all retries fail, `fanned_out_at` stays
    empty and the sweeper tries again.

    Cost: one query and one round trip for each FOLLOWERS_AT_ONCE followers; none for pulled authors.
    """
    with try_advisory_lock(post_id) as is_ours:
        if is_ours:
            _fan_out(post_id)


def _fan_out(post_id: int) -> None:
    waiting = Post.objects.published().filter(pk=post_id, fanned_out_at__isnull=True)
    post = waiting.select_related("author").first()
    if post is None:
        return
    store.push(post.pk, [(post.author_id, post.author.follows_version)])
    if not pulled_authors.is_pulled(post.author):
        _push_to_followers(post)
    # If the post was archived and restored meanwhile, timelines built in between lack it. Then the version differs,
    # and the sweeper repeats the fan-out.
    Post.objects.filter(pk=post.pk, version=post.version).update(fanned_out_at=timezone.now())


def _push_to_followers(post: Post) -> None:
    """Push `post` to all followers seen lately, the newest follow first.

    The id of the last follow is stored in Valkey after each batch: next to the timelines, so that they are lost
    together or not at all.
    """
    progress = progress_key(post)
    seen_since = timezone.now() - timedelta(seconds=timelines.PUSHED_TO_SECONDS)
    last = int(valkey.timelines().get(progress) or MAX_BIGINT)
    follows = _follows_below(last, post.author_id, seen_since)
    while follows:
        last = min(follows)[0]
        with store.pushing(post.pk, [(reader, version) for _, reader, version in follows if version is not None]):
            # PostgreSQL reads the next batch while Valkey adds the post to this one.
            is_last = len(follows) < FOLLOWERS_AT_ONCE
            follows = [] if is_last else _follows_below(last, post.author_id, seen_since)
        valkey.timelines().set(progress, last, ex=PROGRESS_KEPT_SECONDS)
    valkey.timelines().delete(progress)


def _follows_below(follow_id: int, author_id: int, seen_since: datetime) -> list[tuple[int, int, int | None]]:
    """Return the newest FOLLOWERS_AT_ONCE follows of an author below `follow_id`, in any order.

    Each is (id of the follow, id of the follower, `follows_version`), with None for a follower not seen since. The
    limit is before the join, so each page reads as many rows, whatever plan PostgreSQL chooses for the join.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT follow.id, follow.follower_id, reader.follows_version
            FROM (
                SELECT id, follower_id FROM social_follow WHERE followee_id = %s AND id < %s
                ORDER BY id DESC LIMIT %s
            ) AS follow
            LEFT JOIN accounts_user AS reader ON reader.id = follow.follower_id AND reader.last_seen_at > %s
            """,
            [author_id, follow_id, FOLLOWERS_AT_ONCE, seen_since],
        )
        rows: list[tuple[int, int, int | None]] = cursor.fetchall()
        return rows


def progress_key(post: Post) -> str:
    """Return the key of the last follow that was pushed to. A post that returns is fanned out from the start."""
    return f"fan_out:{post.pk}:{post.version}"


@shared_task(name="feed.change_timelines")
def change_timelines(person_id: int, readers: Sequence[tuple[int, int]]) -> None:
    """Add the posts of `person_id` to the timelines of readers who now follow them, or remove them if they do not.

    `readers` are pairs of an id and the `follows_version` that this change gave the reader. A timeline of the version
    before becomes one of that version. All others stay, and are rebuilt when their reader looks, so nothing is lost if
    this runs late, twice or never; it is not retried.

    Cost: one round trip to Valkey, and two or three queries for each reader with a timeline.
    """
    with valkey.optional("timelines are rebuilt later", url=settings.TIMELINE_URL) as is_available:
        if not is_available:
            return
        built = store.versions([reader_id for reader_id, _ in readers])
        newest: list[int] | None = None
        for reader_id, version in readers:
            if built.get(reader_id) != version - 1:
                continue
            if timelines.shows(User(pk=reader_id), person_id):
                newest = newest or pulled_authors.newest_ids_of([person_id], before=None, count=store.MAX_POSTS)
                store.add_author(reader_id, version, newest)
            else:
                ids = store.all_ids(reader_id)
                # In any state: an archived post that returns later must not be shown.
                theirs = Post.objects.filter(pk__in=ids, author_id=person_id).values_list("pk", flat=True)
                store.remove_author(reader_id, version, list(theirs), of=len(ids))


@shared_task(name="feed.sweep")
def sweep() -> int:
    """Queue the fan-out of posts published more than SWEEP_AFTER_SECONDS ago without one; return how many."""
    overdue = timezone.now() - timedelta(seconds=SWEEP_AFTER_SECONDS)
    waiting = Post.objects.published().filter(fanned_out_at__isnull=True, published_at__lt=overdue)
    ids = waiting.order_by("published_at").values_list("pk", flat=True)[:SWEEP_BATCH]
    return sum(publish(fan_out_post, post_id=post_id) for post_id in ids)
