"""Counts of comments that wait for approval, for their author, who sees them as if they were shown."""

from __future__ import annotations

from typing import Any, Final

from django.db import models
from django.db.models import Q

from common.compiled_queries import CompiledSubquery
from posts.models.comment import Comment


def _own_waiting(post: models.expressions.Combinable, viewer: int) -> models.QuerySet[Any, Any]:
    """Count the comments of `viewer` on the outer post that wait for approval and whose thread `viewer` sees."""
    seen_thread = Q(parent=None) | Q(parent__removed_at=None, parent__hidden_until_approved=False)
    seen_thread |= Q(parent__removed_at=None, parent__author_id=viewer)
    waiting = Comment.objects.filter(
        seen_thread, post_id=post, author_id=viewer, hidden_until_approved=True, removed_at=None
    )
    return waiting.order_by().values("post_id").annotate(count=models.Count("pk")).values("count")


def _own_under_waiting(post: models.expressions.Combinable, viewer: int) -> models.QuerySet[Any, Any]:
    """Count the approved replies of `viewer` to comments that wait for approval and that `viewer` sees."""
    replies = Comment.objects.shown().filter(
        Q(parent__author_id=viewer) | Q(post__author_id=viewer),
        parent__post_id=post,
        parent__hidden_until_approved=True,
        parent__removed_at=None,
        author_id=viewer,
    )
    return replies.order_by().values("parent__post_id").annotate(count=models.Count("pk")).values("count")


OWN_WAITING: Final = CompiledSubquery(_own_waiting, outer=["post"], output_field=models.BigIntegerField())
OWN_UNDER_WAITING: Final = CompiledSubquery(_own_under_waiting, outer=["post"], output_field=models.BigIntegerField())
