from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.safestring import SafeString

from accounts.models import known_to
from common.ids import SnowflakeModel
from common.limits import MAX_CODE_POINTS_PER_CHAR, MAX_COMMENT_CHARS
from common.linkify import linkify
from social.models import Block

if TYPE_CHECKING:
    from accounts.models import User, Viewer


class CommentQuerySet(models.QuerySet["Comment"]):
    def visible_to(self, viewer: Viewer) -> CommentQuerySet:
        """Comments which `viewer`, who may see their post, may see.

        A comment that waits for approval is seen by its author and the post's alone. People who have been blocked by
        the post's author, or block them, are seen there by nobody: the author could not moderate what they cannot
        see, and their page would be the one place where the block does not hold.
        """
        shown = Q(hidden_until_approved=False)
        if viewer.is_authenticated:
            shown |= Q(author_id=viewer.pk) | Q(post__author_id=viewer.pk)
        blocked = Block.objects.filter(blocker_id=OuterRef("post__author_id"), blocked_id=OuterRef("author_id"))
        blocks = Block.objects.filter(blocker_id=OuterRef("author_id"), blocked_id=OuterRef("post__author_id"))
        return self.filter(known_to(viewer, "author__"), shown, ~Exists(blocked), ~Exists(blocks), removed_at=None)

    def waiting_for(self, approver: User) -> CommentQuerySet:
        """Comments under posts of `approver` that others see once they are approved."""
        return self.filter(post__author_id=approver.pk, hidden_until_approved=True, removed_at=None)

    def deletable_by(self, viewer: Viewer) -> CommentQuerySet:
        """One's own comments, and all under one's own posts, of those that one sees: others are not there to delete."""
        return self.visible_to(viewer).filter(Q(author_id=viewer.pk) | Q(post__author_id=viewer.pk))


class Comment(SnowflakeModel):
    """Lives on its author's shard."""

    post = models.ForeignKey("posts.Post", models.CASCADE, related_name="comments", db_index=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="comments")
    text = models.TextField(max_length=MAX_COMMENT_CHARS * MAX_CODE_POINTS_PER_CHAR)
    hidden_until_approved = models.BooleanField(default=False, editable=False)
    """Whether only its author and the post's see it: it was written by somebody whom the latter restricts."""
    removed_at = models.DateTimeField(null=True, editable=False)
    removed_reason = models.CharField(max_length=500, blank=True, editable=False)

    objects = CommentQuerySet.as_manager()

    deletable: bool = False
    """Whether the viewer may delete it; set by the view."""
    approvable: bool = False
    """Whether it waits for the viewer; set by the view."""

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="comments_are_not_blank"),
        ]
        indexes = [
            # The comments of a post by cursor.
            models.Index(fields=["post", "-id"], name="comments_newest_first"),
            # with_viewer_state: one's own that wait, which the count shows to oneself.
            models.Index(fields=["post", "author"], condition=Q(hidden_until_approved=True), name="comments_waiting"),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def is_counted(self) -> bool:
        """Whether COMMENTS has it: what most people cannot see moves no count."""
        return self.removed_at is None and not self.hidden_until_approved

    @property
    def text_html(self) -> SafeString:
        return linkify(self.text)
