"""The comments of a post as a viewer sees them, for its page and the API.

All come with the annotations of `CommentQuerySet.with_viewer_state`. The viewer must be allowed to see the post.
"""

from __future__ import annotations

from typing import Final

from accounts.models import Viewer
from accounts.statements import ViewerStatement
from common.limits import MAX_PINNED_COMMENTS
from common.pagination import MAX_BIGINT
from posts.models import Comment
from posts.models.comment import CommentQuerySet

COMMENTS_PER_PAGE: Final = 20


def visible_comment_of(post_id: int, comment_id: int, viewer: Viewer) -> Comment | None:
    """Return a comment or reply of this post, or None. One query."""
    if comment_id > MAX_BIGINT:
        return None
    return _COMMENT.first(viewer, post=post_id, comment=comment_id)


def pinned_comments_of(post_id: int, viewer: Viewer) -> list[Comment]:
    """Return the pinned comments, the last pinned first. One query."""
    return _PINNED.rows(viewer, post=post_id)


def newest_threads_of(post_id: int, viewer: Viewer, *, before: int | None) -> list[Comment]:
    """Return up to COMMENTS_PER_PAGE + 1 threads that are not pinned, newest first, below the id `before`. One query.

    More than COMMENTS_PER_PAGE mean that there is a next page.
    """
    return _THREADS.rows(viewer, post=post_id, before=MAX_BIGINT if before is None else before)


def newest_replies_of(thread_id: int, viewer: Viewer, *, before: int | None) -> list[Comment]:
    """Return replies to a comment that `viewer` may see, like `newest_threads_of`. One query."""
    return _REPLIES.rows(viewer, thread=thread_id, before=MAX_BIGINT if before is None else before)


def _comment(viewer: Viewer, post: int, comment: int) -> CommentQuerySet:
    return _visible(viewer).filter(post_id=post, pk=comment).with_viewer_state(viewer)


def _pinned(viewer: Viewer, post: int) -> CommentQuerySet:
    pinned = _visible(viewer).filter(post_id=post, pinned_at__isnull=False)
    return pinned.with_viewer_state(viewer).order_by("-pinned_at")[:MAX_PINNED_COMMENTS]


def _threads(viewer: Viewer, post: int, before: int) -> CommentQuerySet:
    threads = _visible(viewer).threads().filter(post_id=post, pinned_at=None, pk__lt=before)
    return threads.with_viewer_state(viewer).order_by("-pk")[: COMMENTS_PER_PAGE + 1]


def _replies(viewer: Viewer, thread: int, before: int) -> CommentQuerySet:
    replies = Comment.objects.all().visible_ignoring_thread(viewer).filter(parent_id=thread, pk__lt=before)
    return replies.with_viewer_state(viewer).order_by("-pk")[: COMMENTS_PER_PAGE + 1]


def _visible(viewer: Viewer) -> CommentQuerySet:
    comments: CommentQuerySet = Comment.objects.visible_to(viewer)
    return comments


_COMMENT: Final = ViewerStatement[Comment]("visible_comment", _comment, post="bigint", comment="bigint")
_PINNED: Final = ViewerStatement[Comment]("pinned_comments", _pinned, post="bigint")
_THREADS: Final = ViewerStatement[Comment]("newest_threads", _threads, post="bigint", before="bigint")
_REPLIES: Final = ViewerStatement[Comment]("newest_replies", _replies, thread="bigint", before="bigint")
