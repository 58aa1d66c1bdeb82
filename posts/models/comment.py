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
from common.fast_reverse import fast_reverse
from common.ids import SnowflakeModel, encode_shortcode
from common.limits import COMMENT_EDIT_MINUTES, MAX_CODE_POINTS_PER_CHAR, MAX_COMMENT_CHARS, MAX_USERNAME_CHARS
from common.linkify import linkify
from common.text import SHOWS_SOMETHING, shorten
from social.conditions import not_between_blocked

if TYPE_CHECKING:
    from accounts.models import Viewer

COMMENT_LIKES = Counter("comment.likes", "posts_comment", "folded_likes")


class CommentQuerySet(models.QuerySet["Comment"]):
    def visible_to(self, viewer: Viewer) -> CommentQuerySet:
        """Comments that `viewer` may see. The viewer must be allowed to see the post.

        Only the comment's author and the post's author see a comment that waits for approval. A comment is hidden from
        everyone while there is a block between its author and the post's author, in either direction, because the
        post's author could not moderate comments that they cannot see. A reply is visible only if its parent is.
        """
        if viewer.is_authenticated:
            thread = _THREAD_FOR_MEMBER(thread="parent_id", viewer=viewer.pk)
        else:
            thread = _THREAD_FOR_ANYBODY(thread="parent_id")
        return self.visible_ignoring_thread(viewer).filter(Q(parent=None) | Q(thread))

    def visible_ignoring_thread(self, viewer: Viewer) -> CommentQuerySet:
        """Like `visible_to`, without checking the parent. Use it for replies to a comment known to be visible."""
        shown = Q(hidden_until_approved=False)
        if viewer.is_authenticated:
            shown |= Q(author_id=viewer.pk) | Q(post__author_id=viewer.pk)
        unblocked = not_between_blocked("post__author_id", "author_id")
        return self.filter(visible_users_q(viewer, "author__"), shown, unblocked, removed_at=None)

    def shown(self) -> CommentQuerySet:
        """Comments that are neither removed nor waiting for approval. Does not check the parents of replies."""
        return self.filter(removed_at=None, hidden_until_approved=False)

    def threads(self) -> CommentQuerySet:
        """Comments that are not replies."""
        return self.filter(parent=None)

    def waiting_for(self, approver: User) -> CommentQuerySet:
        """Comments on posts of `approver` that wait for their approval."""
        return self.filter(post__author_id=approver.pk, hidden_until_approved=True, removed_at=None)

    def editable_by(self, viewer: Viewer) -> CommentQuerySet:
        """Comments whose text `viewer` may edit; `edit_comment` refuses old ones."""
        return self.visible_to(viewer).filter(author_id=viewer.pk)

    def deletable_by(self, viewer: Viewer) -> CommentQuerySet:
        """Visible comments that `viewer` may delete: their own, and all on their own posts."""
        return self.visible_to(viewer).filter(Q(author_id=viewer.pk) | Q(post__author_id=viewer.pk))

    def with_viewer_state(self, viewer: Viewer) -> CommentQuerySet:
        """Add what a list of comments shows to `viewer`, in one query.

        Selects the authors and annotates like_count (exact), liked_by_viewer, reply_count (of replies visible to
        `viewer`), is_own, is_on_own_post and named. The comments must be visible to `viewer`.
        """
        liked: models.expressions.Combinable = Value(False, output_field=models.BooleanField())
        own = on_own_post = liked
        if viewer.is_authenticated:
            liked = _LIKED(comment="pk", viewer=viewer.pk)
            own = models.ExpressionWrapper(Q(author_id=viewer.pk), output_field=models.BooleanField())
            on_own_post = models.ExpressionWrapper(Q(post__author_id=viewer.pk), output_field=models.BooleanField())
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
                is_own=own,
                is_on_own_post=on_own_post,
                reply_count=Coalesce(count, 0),
                named=people_named_in("text", viewer),
            )
        )


class Comment(SnowflakeModel):
    """A comment on a post, or a reply. A reply to a reply has the first comment of the thread as its parent.

    Lives on its author's shard.
    """

    post = models.ForeignKey("posts.Post", models.CASCADE, related_name="comments", db_index=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="comments", db_index=False)
    parent = models.ForeignKey(
        # The database deletes replies together with their thread.
        "self",
        models.DO_NOTHING,
        null=True,
        editable=False,
        related_name="replies",
        db_index=False,
        db_constraint=False,
    )
    """The first comment of the thread; null for the first comment itself. Never changes."""
    text = models.TextField(max_length=MAX_COMMENT_CHARS * MAX_CODE_POINTS_PER_CHAR)
    pinned_at = models.DateTimeField(null=True, editable=False)
    """When the post's author pinned the comment; null if it is not pinned."""
    edited_at = models.DateTimeField(null=True, editable=False)
    hidden_until_approved = models.BooleanField(default=False, editable=False)
    """While true, only the comment's author and the post's author see it. Set by `posts.actions.comments`."""
    removed_at = models.DateTimeField(null=True, editable=False)
    unlinked = ArrayField(models.CharField(max_length=MAX_USERNAME_CHARS), default=list, blank=True, editable=False)
    """Usernames in the text that are not linked, because these people removed their mention."""
    removed_reason = models.CharField(max_length=500, blank=True, editable=False)

    folded_likes = models.IntegerField(default=0, editable=False)

    objects = CommentQuerySet.as_manager()

    # Annotations of with_viewer_state(). The defaults are right for a comment that was just written.
    like_count: int = 0
    liked_by_viewer: bool = False
    reply_count: int = 0
    is_own: bool = False
    is_on_own_post: bool = False
    named: Sequence[str] | None = None
    """Usernames in the text to link; None, without the annotation, links all of them."""

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(text__regex=SHOWS_SOMETHING), name="comments_are_not_blank"),
            models.CheckConstraint(condition=Q(pinned_at=None) | Q(parent=None), name="replies_are_not_pinned"),
        ]
        indexes = [
            # The comments of a post, when it is deleted; the comments of one person on it.
            models.Index(fields=["post", "-id"], name="comments_newest_first"),
            # The newest comments of an author: their export and deletion, equal comments, and the ranking of "For you".
            models.Index(fields=["author", "-id"], name="comments_by_author"),
            # The threads of a post by cursor, without reading replies.
            models.Index(fields=["post", "-id"], condition=Q(parent=None), name="threads_newest_first"),
            # The replies of a thread by cursor, and their count.
            models.Index(fields=["parent", "-id"], condition=Q(parent__isnull=False), name="replies_newest_first"),
            # The pinned comments of a post.
            models.Index(fields=["post"], condition=Q(pinned_at__isnull=False), name="comments_pinned"),
            # Notices of moderators: the removed comments of an author.
            models.Index(
                fields=["author", "-removed_at"], condition=Q(removed_at__isnull=False), name="comments_removed"
            ),
            # with_viewer_state: the viewer's comments that wait, which only their own count includes.
            models.Index(fields=["post", "author"], condition=Q(hidden_until_approved=True), name="comments_waiting"),
        ]

    def __str__(self) -> str:
        return shorten(self.text, 60)

    @property
    def url(self) -> str:
        """URL that leads to the comment on the page of its thread. Needs no post in memory."""
        return fast_reverse("posts:show_comment", encode_shortcode(self.post_id), self.pk)

    @property
    def can_delete(self) -> bool:
        """Return True if the viewer of `with_viewer_state` may delete this comment."""
        return self.is_own or self.is_on_own_post

    @property
    def can_approve(self) -> bool:
        """Return True if the comment waits for the approval of the viewer of `with_viewer_state`."""
        return self.is_on_own_post and self.hidden_until_approved

    @property
    def can_edit(self) -> bool:
        """Return True if the viewer of `with_viewer_state` may still edit this comment."""
        return self.is_own and self.is_fresh

    @property
    def can_pin(self) -> bool:
        """Return True if the viewer of `with_viewer_state` may pin this comment, or unpin it."""
        return self.is_on_own_post and self.parent_id is None and not self.hidden_until_approved

    @property
    def thread_id(self) -> int:
        """Id of the first comment of the thread."""
        return self.parent_id or self.pk

    @property
    def is_shown(self) -> bool:
        """Return True if the comment matches `CommentQuerySet.shown`."""
        return self.removed_at is None and not self.hidden_until_approved

    @property
    def is_counted(self) -> bool:
        """Return True if the counter COMMENTS includes the comment: it and its thread are shown."""
        return self.is_shown and (self.parent is None or self.parent.is_shown)

    @property
    def is_fresh(self) -> bool:
        """Return True if the comment is new enough to be edited."""
        return timezone.now() < self.created_at + timedelta(minutes=COMMENT_EDIT_MINUTES)

    @property
    def text_html(self) -> SafeString:
        return linkify(self.text, linked=self.named, unlinked=self.unlinked)


class CommentLike(SnowflakeModel):
    """A like of a comment. Lives on the liker's shard."""

    # The database deletes likes with their comment, and checks the reference immediately instead of at the commit.
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
