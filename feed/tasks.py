"""Fan-out: adds a published post to the home timelines of the author's followers."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from common import valkey
from common.events import publish
from common.locks import try_advisory_lock
from feed import timelines
from posts.models import Post
from social.models import Follow

FAN_OUT_BATCH = 1_000
"""Timelines for each server-side call, which blocks Valkey for about 7 ms."""

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

    Safe to run twice or to resume half-way: adding a member to a sorted set again changes nothing. Does nothing if the
    post no longer exists, has been fanned out, or is being fanned out by another worker. Visibility is not checked
    here: the home page reads through `Post.objects.visible_to`. If all retries fail, `fanned_out_at` stays empty and
    the sweeper tries again.

    Cost: one query and one server-side call for each FAN_OUT_BATCH active followers.
    """
    with try_advisory_lock(post_id) as is_ours:
        if is_ours:
            _fan_out(post_id)


def _fan_out(post_id: int) -> None:
    waiting = Post.objects.published().filter(pk=post_id, fanned_out_at__isnull=True)
    post = waiting.select_related("author").first()
    if post is None:
        return
    timelines.push(post.pk, [(post.author_id, post.author.follows_version)])
    seen_since = timezone.now() - timedelta(seconds=timelines.PUSHED_TO_SECONDS)
    active = Follow.objects.filter(followee_id=post.author_id, follower__last_seen_at__gt=seen_since).order_by("-id")
    before = None
    while True:
        follows = active if before is None else active.filter(id__lt=before)
        batch = list(follows.values_list("id", "follower_id", "follower__follows_version")[:FAN_OUT_BATCH])
        if not batch:
            break
        timelines.push(post.pk, [(follower_id, version) for _, follower_id, version in batch])
        before = batch[-1][0]
    # If the post was archived and restored meanwhile, timelines built in between lack it. Then the version differs,
    # and the sweeper repeats the fan-out.
    Post.objects.filter(pk=post.pk, version=post.version).update(fanned_out_at=timezone.now())


@shared_task(name="feed.sweep")
def sweep() -> int:
    """Queue the fan-out of posts published more than SWEEP_AFTER_SECONDS ago without one; return how many."""
    overdue = timezone.now() - timedelta(seconds=SWEEP_AFTER_SECONDS)
    waiting = Post.objects.published().filter(fanned_out_at__isnull=True, published_at__lt=overdue)
    ids = waiting.order_by("published_at").values_list("pk", flat=True)[:SWEEP_BATCH]
    return sum(publish(fan_out_post, post_id=post_id) for post_id in ids)
