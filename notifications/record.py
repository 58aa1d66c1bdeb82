"""Writing notifications. Each function looks at what is true now, not at what an event said: run late, twice or out of
order it leaves the same rows, and an act that was taken back or hidden meanwhile leaves none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Greatest

from accounts.models import User
from notifications.models import Allowed, Kind, Notification, Occurrence, Preferences
from posts.models import Comment, Like, Post
from social.models import Follow


@dataclass(frozen=True)
class Act:
    """What somebody did, and to whom it is told."""

    kind: Kind
    recipient_id: int
    actor_id: int
    cause: dict[str, int]
    """The row that is the cause: {column of Occurrence: id}."""
    post_id: int | None = None
    comment_id: int | None = None
    day: date | None = None


def of_like(like: Like) -> list[Act]:
    return [Act(Kind.LIKE, like.post.author_id, like.liker_id, {"like_id": like.pk}, post_id=like.post_id)]


def of_comment(comment: Comment) -> list[Act]:
    if comment.hidden_until_approved:
        return []
    told = partial(Act, actor_id=comment.author_id, cause={"comment_id": comment.pk})
    return [told(Kind.COMMENT, comment.post.author_id, post_id=comment.post_id, comment_id=comment.pk)]


def of_follow(follow: Follow) -> list[Act]:
    cause, day = {"follow_id": follow.pk}, follow.created_at.date()
    return [Act(Kind.FOLLOW, follow.followee_id, follow.follower_id, cause, day=day)]


def record(act: Act) -> bool:
    """Tell the recipient of `act`, unless it may not or need not be told; return whether this call did.

    Never told: one's own acts, those of people whom the recipient cannot see or has muted, what happens at posts and
    comments that the recipient cannot see, and what the recipient has switched off.

    Cost: some four queries. Killed half-way it leaves nothing: it is one transaction.
    """
    if act.actor_id == act.recipient_id or not _may_be_told(act):
        return False
    try:
        with transaction.atomic():
            return _insert(act)
    except IntegrityError:
        # Its cause was taken back at this moment: the database refuses the reference.
        return False


def _may_be_told(act: Act) -> bool:
    recipient = User.objects.filter(pk=act.recipient_id, suspended_at__isnull=True).first()
    if recipient is None or not User.objects.visible_to(recipient).filter(pk=act.actor_id).exists():
        return False
    if act.post_id is not None and not Post.objects.visible_to(recipient).filter(pk=act.post_id).exists():
        return False
    if act.comment_id is not None and not Comment.objects.visible_to(recipient).filter(pk=act.comment_id).exists():
        return False
    return _is_wanted(act)


def _is_wanted(act: Act) -> bool:
    preferences = Preferences.objects.filter(pk=act.recipient_id).first()
    allowed = preferences.allowed.get(act.kind, Allowed.EVERYONE) if preferences else Allowed.EVERYONE
    if allowed == Allowed.FOLLOWING:
        return Follow.objects.filter(follower_id=act.recipient_id, followee_id=act.actor_id).exists()
    return bool(allowed == Allowed.EVERYONE)


def _insert(act: Act) -> bool:
    thing: dict[str, Any] = {"post_id": act.post_id, "comment_id": act.comment_id, "day": act.day}
    row, _ = Notification.objects.get_or_create({"latest": 0}, recipient_id=act.recipient_id, kind=act.kind, **thing)
    occurrence, is_new = Occurrence.objects.get_or_create(
        None, notification=row, recipient_id=act.recipient_id, actor_id=act.actor_id, **act.cause
    )
    if is_new:
        Notification.objects.filter(pk=row.pk).update(latest=Greatest("latest", occurrence.pk))
    return is_new
