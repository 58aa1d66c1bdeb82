"""Write notifications from the current rows, mark them as read, and save preferences.

Recording an event late, twice or out of order gives the same result: something undone or hidden meanwhile leaves no
notification.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.db.models.functions import Greatest

from accounts.models import User
from notifications.causes import NotificationEvent
from notifications.models import Allowed, Notification, Occurrence, Preferences
from posts.models import Comment, Post
from social.conditions import not_muted
from social.models import Follow


def record_event(event: NotificationEvent) -> bool:
    """Write the notification of `event`, unless it is excluded or exists; return True if this call wrote it.

    Excluded are the recipient's own actions, actions of people that the recipient cannot see or has muted, actions on
    posts and comments that the recipient cannot see, and kinds that the recipient has turned off.

    Cost: about five queries. The rows are written in one transaction, so an interrupted call leaves nothing.
    """
    if event.actor_id == event.recipient_id or not _is_allowed(event):
        return False
    try:
        with transaction.atomic():
            return _insert(event)
    except IntegrityError:
        # The cause was deleted at this moment, so the database rejects the reference.
        return False


def mark_all_read(person: User, *, up_to: int | None = None) -> None:
    """Mark notifications up to the occurrence `up_to` as read, or all of them without it.

    A page passes the newest one that it shows: what arrived while it was open stays new.
    """
    if up_to is None:
        up_to = Notification.objects.filter(recipient=person).aggregate(newest=Max("latest"))["newest"] or 0
    Preferences.objects.get_or_create(person=person)
    Preferences.objects.filter(person=person, read_up_to__lt=up_to).update(read_up_to=up_to)


def set_preferences(person: User, choices: Mapping[str, str]) -> None:
    """Save the choice for each kind, {kind: Allowed}. Only choices that differ from the default are stored."""
    allowed = {kind: choice for kind, choice in choices.items() if choice != Allowed.EVERYONE}
    Preferences.objects.update_or_create(person=person, defaults={"allowed": allowed})


def _is_allowed(event: NotificationEvent) -> bool:
    recipient = User.objects.filter(pk=event.recipient_id, suspended_at__isnull=True).first()
    if recipient is None:
        return False
    actor = User.objects.visible_to(recipient).filter(not_muted(recipient, "pk"), pk=event.actor_id)
    if not actor.exists():
        return False
    if event.post_id is not None and not Post.objects.visible_to(recipient).filter(pk=event.post_id).exists():
        return False
    if event.comment_id is not None and not Comment.objects.visible_to(recipient).filter(pk=event.comment_id).exists():
        return False
    return _is_wanted(event)


def _is_wanted(event: NotificationEvent) -> bool:
    preferences = Preferences.objects.filter(pk=event.recipient_id).first()
    allowed = preferences.allowed.get(event.kind, Allowed.EVERYONE) if preferences else Allowed.EVERYONE
    if allowed == Allowed.FOLLOWING:
        return Follow.objects.filter(follower_id=event.recipient_id, followee_id=event.actor_id).exists()
    return bool(allowed == Allowed.EVERYONE)


def _insert(event: NotificationEvent) -> bool:
    thing: dict[str, Any] = {"post_id": event.post_id, "comment_id": event.comment_id, "day": event.day}
    row, _ = Notification.objects.get_or_create(
        {"latest": 0}, recipient_id=event.recipient_id, kind=event.kind, **thing
    )
    occurrence, is_new = Occurrence.objects.get_or_create(
        None, notification=row, recipient_id=event.recipient_id, actor_id=event.actor_id, **event.cause
    )
    if is_new:
        Notification.objects.filter(pk=row.pk).update(latest=Greatest("latest", occurrence.pk))
    return is_new
