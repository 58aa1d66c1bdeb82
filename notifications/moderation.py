"""Notices of content that moderators removed, shown to the author above their notifications.

They are read from the removed rows, so none can be lost, and one disappears when its row is restored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import CharField, F, QuerySet, Value
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from common.ids import encode_shortcode
from common.statements import Statement
from posts.models import Comment, Post

SHOWN_DAYS: Final = 30
MAX_SHOWN: Final = 20


@dataclass(frozen=True)
class ModerationNotice:
    kind: str
    """ "post" or "comment"."""
    post_id: int
    text: str
    """The caption or the comment."""
    reason: str
    removed_at: datetime

    @property
    def post_url(self) -> str:
        return reverse("posts:post", args=[encode_shortcode(self.post_id)])


def moderation_notices(person: User) -> list[ModerationNotice]:
    """Return notices of content that moderators removed in the last SHOWN_DAYS, newest first, at most MAX_SHOWN.

    Cost: one query over two partial indexes.
    """
    since = timezone.now() - timedelta(days=SHOWN_DAYS)
    newest = [ModerationNotice(*row) for row in _REMOVED.rows(person=person.pk)]
    return [notice for notice in newest if notice.removed_at > since]


def _removed(person: int) -> QuerySet[Any, Any]:
    """Return the columns of the newest MAX_SHOWN notices, however old they are."""
    columns = ("kind", "of_post", "said", "removed_reason", "removed_at")

    def kind(name: str) -> Value:
        return Value(name, output_field=CharField())

    posts = Post.objects.filter(author_id=person, removed_at__isnull=False, deleted_at__isnull=True)
    comments = Comment.objects.filter(author_id=person, removed_at__isnull=False)
    removed = (
        posts.annotate(kind=kind("post"), of_post=F("pk"), said=F("caption"))
        .values_list(*columns)
        .union(
            comments.annotate(kind=kind("comment"), of_post=F("post_id"), said=F("text")).values_list(*columns),
            all=True,
        )
    )
    return removed.order_by("-removed_at")[:MAX_SHOWN]


_REMOVED: Final = Statement[Any]("moderation_notices", _removed, person="bigint")
