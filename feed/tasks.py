"""Fan-out: a published post goes to the top of its followers' homes."""

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
"""Timelines a server-side call: it blocks Valkey for about 7 ms."""

ACTIVE_DAYS = 30
"""Readers seen within so many days are pushed to; the others' timelines are made when they come back."""

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
    """Put one published post into its followers' home timelines, and its author's.

    Safe to run twice or to resume half-way: a repeated member of a sorted set is a no-op. Does nothing if the post has
    gone in the meantime, has been fanned out, or another worker is at it. Privacy is not decided here: the home page
    reads through `Post.objects.visible_to`. Should every retry fail, `fanned_out_at` stays empty and the sweeper starts
    anew.

    Cost: one query and one server-side call per FAN_OUT_BATCH active followers.
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
    active = Follow.objects.filter(
        followee_id=post.author_id, follower__last_seen_at__gt=timezone.now() - timedelta(days=ACTIVE_DAYS)
    ).order_by("-id")
    before = None
    while True:
        follows = active if before is None else active.filter(id__lt=before)
        batch = list(follows.values_list("id", "follower_id", "follower__follows_version")[:FAN_OUT_BATCH])
        if not batch:
            break
        timelines.push(post.pk, [(follower_id, version) for _, follower_id, version in batch])
        before = batch[-1][0]
    # Archived and brought back meanwhile, it is not done: a timeline made in between lacks it. The sweeper starts anew.
    Post.objects.filter(pk=post.pk, version=post.version).update(fanned_out_at=timezone.now())


@shared_task(name="feed.sweep")
def sweep() -> int:
    """Ask again for the fan-out of posts that were published a while ago and not fanned out; return how many."""
    overdue = timezone.now() - timedelta(seconds=SWEEP_AFTER_SECONDS)
    waiting = Post.objects.published().filter(fanned_out_at__isnull=True, published_at__lt=overdue)
    ids = waiting.order_by("published_at").values_list("pk", flat=True)[:SWEEP_BATCH]
    return sum(publish(fan_out_post, post_id=post_id) for post_id in ids)
