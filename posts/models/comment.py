from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.models import DISPLAY_FIELDS, User, people_named_in, visible_users_q
from common.compiled_queries import CompiledExists, CompiledSubquery
from common.counters import Counter
from common.ids import SnowflakeModel
from common.limits import COMMENT_EDIT_MINUTES, MAX_CODE_POINTS_PER_CHAR, MAX_COMMENT_CHARS, MAX_USERNAME_CHARS
from common.linkify import linkify
from common.pagination import Page
from common.text import SHOWS_SOMETHING, shorten
from social.conditions import not_between_blocked

if TYPE_CHECKING:
    from accounts.models import Viewer

COMMENT_LIKES = Counter("comment.likes", "posts_comment", "folded_likes")


class CommentQuerySet(models.QuerySet["Comment"]):
    def visible_to(self, viewer: Viewer) -> CommentQuerySet:
        """Comments which `viewer`, who may see their post, may see.

        A comment that waits for approval is seen by its author and the post's alone. People who have been blocked by
        the post's author, or block them, are seen there by nobody: the author could not moderate what they cannot
        see, and their page would be the one place where the block does not hold. A reply is seen by those who see the
        comment that it hangs under.
        """
        if viewer.is_authenticated:
            thread = _THREAD_FOR_MEMBER(thread="parent_id", viewer=viewer.pk)
        else:
            thread = _THREAD_FOR_ANYBODY(thread="parent_id")
        return self.visible_ignoring_thread(viewer).filter(Q(parent=None) | Q(thread))

    def visible_ignoring_thread(self, viewer: Viewer) -> CommentQuerySet:
        """Like `visible_to`, without checking the parent; for replies to a comment that is known to be visible."""
        shown = Q(hidden_until_approved=False)
        if viewer.is_authenticated:
            shown |= Q(author_id=viewer.pk) | Q(post__author_id=viewer.pk)
        unblocked = not_between_blocked("post__author_id", "author_id")
        return self.filter(visible_users_q(viewer, "author__"), shown, unblocked, removed_at=None)

    def shown(self) -> CommentQuerySet:
        """Neither removed nor waiting for approval; a reply's thread may be."""
        return self.filter(removed_at=None, hidden_until_approved=False)

    def threads(self) -> CommentQuerySet:
        """Comments that are no replies."""
        return self.filter(parent=None)

    def waiting_for(self, approver: User) -> CommentQuerySet:
        """Comments under posts of `approver` that others see once they are approved."""
        return self.filter(post__author_id=approver.pk, hidden_until_approved=True, removed_at=None)

    def deletable_by(self, viewer: Viewer) -> CommentQuerySet:
        """One's own comments, and all under one's own posts, of those that one sees: others are not there to delete."""
        return self.visible_to(viewer).filter(Q(author_id=viewer.pk) | Q(post__author_id=viewer.pk))

    def with_viewer_state(self, viewer: Viewer) -> CommentQuerySet:
        """All that a list of comments which `viewer` may see shows, in one query: authors, like_count (exact),
        liked_by_viewer and reply_count, of the replies that `viewer` may see.
        """
        liked: models.expressions.Combinable = Value(False, output_field=models.BooleanField())
        if viewer.is_authenticated:
            liked = _LIKED(comment="pk", viewer=viewer.pk)
            count = _REPLIES_FOR_MEMBER(thread="pk", viewer=viewer.pk)
        else:
            count = _REPLIES_FOR_ANYBODY(thread="pk")
        return (
            self.select_related("author")
            .only(
                *("id", "post_id", "parent_id", "text", "unlinked", "pinned_at", "edited_at", "hidden_until_approved"),
                *(f"author__{name}" for name in DISPLAY_FIELDS),
            )
            .annotate(
                like_count=COMMENT_LIKES.value(),
                liked_by_viewer=liked,
                reply_count=Coalesce(count, 0),
                named=people_named_in("text", viewer),
            )
        )


class Comment(SnowflakeModel):
    """Lives on its author's shard. A reply hangs under the first comment of its thread, also a reply to a reply."""

    post = models.ForeignKey("posts.Post", models.CASCADE, related_name="comments", db_index=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="comments")
    parent = models.ForeignKey(
        # The database deletes replies with their thread, whoever deletes it.
        "self",
        models.DO_NOTHING,
        null=True,
        editable=False,
        related_name="replies",
        db_index=False,
        db_constraint=False,
    )
    """The first comment of the thread; null for that one. It never changes."""
    text = models.TextField(max_length=MAX_COMMENT_CHARS * MAX_CODE_POINTS_PER_CHAR)
    pinned_at = models.DateTimeField(null=True, editable=False)
    """Since when the post's author shows it before the others."""
    edited_at = models.DateTimeField(null=True, editable=False)
    hidden_until_approved = models.BooleanField(default=False, editable=False)
    """Only the comment's author and the post's author see it, until the latter approves it.

    `posts.actions.comments.needs_approval` decides this.
    """
    removed_at = models.DateTimeField(null=True, editable=False)
    unlinked = ArrayField(models.CharField(max_length=MAX_USERNAME_CHARS), default=list, blank=True, editable=False)
    """Usernames in it that are no link: of people who removed themselves."""
    removed_reason = models.CharField(max_length=500, blank=True, editable=False)

    folded_likes = models.IntegerField(default=0, editable=False)

    objects = CommentQuerySet.as_manager()

    # Annotations of with_viewer_state(), with what a comment has that was written just now.
    like_count: int = 0
    liked_by_viewer: bool = False
    reply_count: int = 0
    named: Sequence[str] | None = None
    """Names in it that are links; None, without the annotation, for all."""

    # What the viewer may do; set by `posts.views.page.set_comment_permissions`.
    deletable: bool = False
    approvable: bool = False
    editable: bool = False
    pinnable: bool = False
    replies_page: Page[Comment] | None = None
    """Set by the view where the thread is shown unfolded."""
    refusal: str = ""
    """Why what the viewer wanted with it was not done, likewise."""

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(text__regex=SHOWS_SOMETHING), name="comments_are_not_blank"),
            models.CheckConstraint(condition=Q(pinned_at=None) | Q(parent=None), name="replies_are_not_pinned"),
        ]
        indexes = [
            # The comments of a post, for its end; of one person under it.
            models.Index(fields=["post", "-id"], name="comments_newest_first"),
            # The threads of a post by cursor, past any number of replies.
            models.Index(fields=["post", "-id"], condition=Q(parent=None), name="threads_newest_first"),
            # The replies of a thread by cursor, and their number.
            models.Index(fields=["parent", "-id"], condition=Q(parent__isnull=False), name="replies_newest_first"),
            # What comes first under a post: three at most.
            models.Index(fields=["post"], condition=Q(pinned_at__isnull=False), name="comments_pinned"),
            # Removed comments among their author's notices from moderators.
            models.Index(
                fields=["author", "-removed_at"], condition=Q(removed_at__isnull=False), name="comments_removed"
            ),
            # with_viewer_state: one's own that wait, which the count shows to oneself.
            models.Index(fields=["post", "author"], condition=Q(hidden_until_approved=True), name="comments_waiting"),
        ]

    def __str__(self) -> str:
        return shorten(self.text, 60)

    @property
    def url(self) -> str:
        """What the addresses of all that one does to it begin with."""
        return f"{self.post.get_absolute_url()}comments/{self.pk}/"

    @property
    def thread_id(self) -> int:
        return self.parent_id or self.pk

    @property
    def is_shown(self) -> bool:
        """What `CommentQuerySet.shown` asks."""
        return self.removed_at is None and not self.hidden_until_approved

    @property
    def is_counted(self) -> bool:
        """Whether COMMENTS has it: what most people cannot see moves no count."""
        return self.is_shown and (self.parent is None or self.parent.is_shown)

    @property
    def is_fresh(self) -> bool:
        """Whether its author may still edit it."""
        return timezone.now() < self.created_at + timedelta(minutes=COMMENT_EDIT_MINUTES)

    @property
    def text_html(self) -> SafeString:
        return linkify(self.text, linked=self.named, unlinked=self.unlinked)


class CommentLike(SnowflakeModel):
    """Lives on the liker's shard."""

    # The database deletes it with its comment, and refuses one to a comment that has gone at once, not at the commit.
    comment = models.ForeignKey(
        Comment, models.DO_NOTHING, related_name="likes", db_index=False, db_constraint=False, editable=False
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="comment_likes", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "comment"], name="like_a_comment_once"),
        ]
        indexes = [
            # The list of likers, newest first.
            models.Index(fields=["comment", "-id"], include=["person"], name="comment_likers_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} likes comment {self.comment_id}"


def _thread(thread: models.expressions.Combinable, viewer: Viewer) -> models.QuerySet[Any, Any]:
    return Comment.objects.visible_ignoring_thread(viewer).filter(pk=thread)


def _reply_count(thread: models.expressions.Combinable, viewer: Viewer) -> models.QuerySet[Any, Any]:
    replies = Comment.objects.visible_ignoring_thread(viewer).filter(parent_id=thread)
    return replies.order_by().values("parent_id").annotate(count=models.Count("pk")).values("count")


_LIKED: Final = CompiledExists(
    lambda comment, viewer: CommentLike.objects.filter(comment_id=comment, person_id=viewer), outer=["comment"]
)
_THREAD_FOR_MEMBER: Final = CompiledExists(lambda thread, viewer: _thread(thread, User(pk=viewer)), outer=["thread"])
_THREAD_FOR_ANYBODY: Final = CompiledExists(lambda thread: _thread(thread, AnonymousUser()), outer=["thread"])
_REPLIES_FOR_MEMBER: Final = CompiledSubquery(
    lambda thread, viewer: _reply_count(thread, User(pk=viewer)),
    outer=["thread"],
    output_field=models.BigIntegerField(),
)
_REPLIES_FOR_ANYBODY: Final = CompiledSubquery(
    lambda thread: _reply_count(thread, AnonymousUser()), outer=["thread"], output_field=models.BigIntegerField()
)
