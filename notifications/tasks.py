"""Create notifications: a task per event makes them fast, and a sweep over the causing rows makes them certain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery import shared_task
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from common.ids import first_id_at
from notifications.actions import record_event
from notifications.causes import (
    NotificationEvent,
    events_for_comment,
    events_for_comment_like,
    events_for_follow,
    events_for_like,
    events_for_mention,
    events_for_request,
    events_for_tag,
)
from notifications.models import Notification, Occurrence, Watermark
from posts.models import Comment, CommentLike, Like, Mention, PersonTag
from social.models import Follow, FollowRequest

SWEEP_AFTER_SECONDS = 30
SWEPT_AGAIN_SECONDS = 300
"""Rows are committed later than their ids are generated; after this time, none can appear below the watermark."""
SWEEP_BATCH = 500


@dataclass(frozen=True)
class _Cause:
    rows: Callable[[], QuerySet[Any]]
    events: Callable[[Any], list[NotificationEvent]]


_CAUSES = {
    "like": _Cause(lambda: Like.objects.select_related("post"), events_for_like),
    "comment": _Cause(lambda: Comment.objects.select_related("post", "parent"), events_for_comment),
    "comment_like": _Cause(lambda: CommentLike.objects.select_related("comment"), events_for_comment_like),
    "mention": _Cause(
        lambda: Mention.objects.filter(removed_at=None).select_related("post", "comment__parent"), events_for_mention
    ),
    "tag": _Cause(lambda: PersonTag.objects.filter(removed_at=None).select_related("post"), events_for_tag),
    "follow": _Cause(Follow.objects.all, events_for_follow),
    "request": _Cause(FollowRequest.objects.all, events_for_request),
}
"""Causes by the column of `Occurrence` that refers to them. To add one, add a line here, a function in `causes.py`, a
`Kind`, the column, and a text in `notifications/_row.html`.
"""


@shared_task(name="notifications.notify_of_like")
def notify_of_like(post_id: int, liker_id: int) -> None:
    _notify("like", post_id=post_id, liker_id=liker_id)


@shared_task(name="notifications.notify_of_comment")
def notify_of_comment(comment_id: int) -> None:
    _notify("comment", pk=comment_id)


@shared_task(name="notifications.notify_of_follow")
def notify_of_follow(follower_id: int, followee_id: int) -> None:
    _notify("follow", follower_id=follower_id, followee_id=followee_id)


@shared_task(name="notifications.notify_of_request")
def notify_of_request(requester_id: int, target_id: int) -> None:
    _notify("request", requester_id=requester_id, target_id=target_id)


@shared_task(name="notifications.notify_of_comment_like")
def notify_of_comment_like(comment_id: int, liker_id: int) -> None:
    _notify("comment_like", comment_id=comment_id, person_id=liker_id)


@shared_task(name="notifications.notify_of_mention")
def notify_of_mention(mention_id: int) -> None:
    _notify("mention", pk=mention_id)


@shared_task(name="notifications.notify_of_tag")
def notify_of_tag(tag_id: int) -> None:
    _notify("tag", pk=tag_id)


def _notify(name: str, **row: int) -> None:
    """Record the events of the row if it still exists. Safe to run twice."""
    cause = _CAUSES[name]
    for found in cause.rows().filter(**row):
        _record_all(cause, found)


def _record_all(cause: _Cause, row: Any) -> int:
    """Record all events of a row in one transaction: the sweep skips a row that has any occurrence."""
    with transaction.atomic():
        return sum(record_event(event) for event in cause.events(row))


@shared_task(name="notifications.sweep")
def sweep() -> int:
    """Create notifications whose messages were lost, and delete rows without occurrences; return how many were created.

    Processes the rows of each cause by id, the newest ones repeatedly for SWEPT_AGAIN_SECONDS, and resumes after an
    outage where it stopped. Cost: an index range of each cause's rows of the last minutes.
    """
    now = timezone.now()
    created = sum(_sweep_one(name, cause, now) for name, cause in _CAUSES.items())
    empty = Notification.objects.exclude(Exists(Occurrence.objects.filter(notification=OuterRef("pk"))))
    old_enough = empty.filter(pk__lt=first_id_at(now - timedelta(seconds=SWEPT_AGAIN_SECONDS)))
    Notification.objects.filter(pk__in=list(old_enough.values_list("pk", flat=True)[:SWEEP_BATCH])).delete()
    return created


def _sweep_one(name: str, cause: _Cause, now: datetime) -> int:
    certain = first_id_at(now - timedelta(seconds=SWEPT_AGAIN_SECONDS))
    due = first_id_at(now - timedelta(seconds=SWEEP_AFTER_SECONDS))
    watermark, _ = Watermark.objects.get_or_create(cause=name, defaults={"up_to": certain})
    recorded = Occurrence.objects.filter(**{f"{name}_id": OuterRef("pk")})
    missing = cause.rows().filter(pk__gt=watermark.up_to, pk__lt=due).exclude(Exists(recorded)).order_by("pk")
    rows = list(missing[:SWEEP_BATCH])
    count = sum(_record_all(cause, row) for row in rows)
    # After a full batch there may be more: the next sweep continues after the last row.
    up_to = certain if len(rows) < SWEEP_BATCH else min(certain, rows[-1].pk)
    Watermark.objects.filter(cause=name, up_to__lt=up_to).update(up_to=up_to)
    return count
