from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.safestring import SafeString

from common.ids import SnowflakeModel
from common.limits import MAX_CODE_POINTS_PER_CHAR, MAX_COMMENT_CHARS
from common.linkify import linkify

if TYPE_CHECKING:
    from accounts.models import Viewer


class CommentQuerySet(models.QuerySet["Comment"]):
    def visible_to(self, viewer: Viewer) -> CommentQuerySet:
        """Comments which `viewer`, who may see their post, may see."""
        return self.filter(removed_at__isnull=True, author__suspended_at__isnull=True)

    def deletable_by(self, viewer: Viewer) -> CommentQuerySet:
        """One's own comments, and all under one's own posts."""
        return self.filter(Q(author_id=viewer.pk) | Q(post__author_id=viewer.pk))


class Comment(SnowflakeModel):
    """Lives on its author's shard."""

    post = models.ForeignKey("posts.Post", models.CASCADE, related_name="comments", db_index=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="comments")
    text = models.TextField(max_length=MAX_COMMENT_CHARS * MAX_CODE_POINTS_PER_CHAR)
    removed_at = models.DateTimeField(null=True, editable=False)
    removed_reason = models.CharField(max_length=500, blank=True, editable=False)

    objects = CommentQuerySet.as_manager()

    deletable: bool = False
    """Whether the viewer may delete it; set by the view."""

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="comments_are_not_blank"),
        ]
        indexes = [
            # The comments of a post by cursor.
            models.Index(fields=["post", "-id"], name="comments_newest_first"),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def text_html(self) -> SafeString:
        return linkify(self.text)
