"""Write, edit, approve, remove, delete and pin comments."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from common.events import emit
from common.ids import snowflake_at
from common.limits import COMMENT_EDIT_MINUTES, EQUAL_COMMENTS_MINUTES, MAX_EQUAL_COMMENTS, MAX_PINNED_COMMENTS
from common.locks import exclusive_advisory_lock, shared_advisory_lock
from common.ratelimit import EQUAL_COMMENTS, seconds_to_wait
from common.refusals import Refusal
from common.text import is_blank, strip_invisible
from posts.actions.locks import lock_against_deletion
from posts.actions.mentions import sync_mentions
from posts.actions.moderation import mail_author
from posts.events import CommentAdded
from posts.models import COMMENTS, Comment, HiddenWord, Post
from social.models import Restrict

MAX_DELTA = 32_767
"""The largest value of a counter's delta, a small integer in the database."""

PARENT_IS_GONE = "The comment you’re replying to is no longer available."


@transaction.atomic
def add_comment(
    post: Post, *, author: User, text: str, reply_to: Comment | None = None, at: datetime | None = None
) -> Comment:
    """Comment on a post that `author` may see, or reply to one of its comments.

    The caller has cleaned `text`; `at` backdates the comment. If it needs approval (`needs_approval`), the comment is
    neither counted nor notified until `approve_comment`. Raises Post.DoesNotExist if the post was deleted in the
    meantime. Raises Refusal if `text` has no visible characters, if `author` has written the same text
    MAX_EQUAL_COMMENTS times in EQUAL_COMMENTS_MINUTES, if comments are off, or if `author` can no longer see
    `reply_to`.
    """
    _check_words(text)
    if at is None:
        _count_equal(text, author)
    shared_advisory_lock(post.pk)
    post = lock_against_deletion(post)
    if post.comments_off:
        raise Refusal("Comments are turned off.")
    parent = _parent_for_reply(reply_to, author) if reply_to is not None else None
    comment = Comment(post=post, author=author, text=text, parent=parent)
    comment.hidden_until_approved = needs_approval(comment)
    if at is not None:
        comment.pk = snowflake_at(at, owner_id=author.pk)
    comment.save(force_insert=True)
    _emit_comment_added(comment)
    return comment


def _check_words(text: str) -> None:
    if is_blank(text):
        raise Refusal("Write something first.")


def _count_equal(text: str, author: User) -> None:
    """Count a comment in the rate limit; raise Refusal if `author` repeated the same text too often."""
    same = " ".join(strip_invisible(text).casefold().split())
    digest = hashlib.sha256(same.encode()).hexdigest()
    if seconds := seconds_to_wait(EQUAL_COMMENTS, f"{author.pk}:{digest}"):
        raise Refusal(
            f"You wrote the same comment {MAX_EQUAL_COMMENTS} times in {EQUAL_COMMENTS_MINUTES} minutes, which is the"
            f" limit. Change it, or try again in {-(-seconds // 60)} min."
        )


def _parent_for_reply(reply_to: Comment, author: User) -> Comment:
    """Return the first comment of the thread of `reply_to`, locked so that it cannot be removed meanwhile.

    Raises Refusal if `author` can no longer see `reply_to`.
    """
    # Simultaneous replies in one thread wait for each other here, for the duration of an INSERT.
    thread = Comment.objects.select_for_update(no_key=True).filter(pk=reply_to.thread_id).first()
    if thread is None or not Comment.objects.visible_to(author).filter(pk=reply_to.pk).exists():
        raise Refusal(PARENT_IS_GONE)
    return thread


def needs_approval(comment: Comment) -> bool:
    """Return True if the comment must wait for approval with its current text.

    It must if the post's author restricts the comment's author, if the text contains a hidden word of the post's
    author or of the site, or if it replies to a comment that waits itself. Comments by the post's author never wait.
    """
    owner_id = comment.post.author_id
    if comment.author_id == owner_id:
        return False
    if comment.parent is not None and comment.parent.hidden_until_approved:
        return True
    if Restrict.objects.filter(restricter_id=owner_id, restricted_id=comment.author_id).exists():
        return True
    return HiddenWord.objects.applying_to(owner_id).match_any(comment.text)


@transaction.atomic
def edit_comment(comment: Comment, *, text: str) -> bool:
    """Change the text of a comment, within COMMENT_EDIT_MINUTES after it was written; return True if it changed.

    Look up `comment` through `Comment.objects.editable_by`; the caller has cleaned `text`. If the new text needs
    approval, the comment waits, even if the old text was approved. A comment that waits keeps waiting. Raises
    Comment.DoesNotExist if it was deleted or removed, Refusal if it is too old or `text` has no visible
    characters.
    """
    _check_words(text)
    row = _locked(comment)
    if row is None or row.removed_at is not None:
        raise Comment.DoesNotExist
    if row.text == text:
        return False
    if not row.is_fresh:
        raise Refusal(f"You can only edit a comment for {COMMENT_EDIT_MINUTES} minutes.")
    counted, old_text = _count_with_replies(row), row.text
    row.text, row.edited_at = text, timezone.now()
    if not row.hidden_until_approved and needs_approval(row):
        row.hidden_until_approved, row.pinned_at = True, None
    row.save(update_fields=["text", "edited_at", "hidden_until_approved", "pinned_at"])
    _change_comment_count(row, _count_with_replies(row) - counted)
    if row.is_counted:
        sync_mentions(row.post, row, before=old_text)
    return True


@transaction.atomic
def approve_comment(comment: Comment) -> bool:
    """Show a comment from `Comment.objects.waiting_for` to everyone; return False if it does not wait."""
    row = _locked(comment)
    if row is None or not row.hidden_until_approved:
        return False
    row.hidden_until_approved = False
    row.save(update_fields=["hidden_until_approved"])
    _emit_comment_added(row)
    return True


def _emit_comment_added(comment: Comment) -> None:
    """Count the comment, emit `CommentAdded` and store its mentions, unless it waits for approval."""
    if comment.is_counted:
        _change_comment_count(comment, _count_with_replies(comment))
        emit(CommentAdded(comment_id=comment.pk))
        # The mentions of an edited comment may have been stored before.
        sync_mentions(comment.post, comment, before=comment.text if comment.edited_at else None)


@transaction.atomic
def delete_comment(comment: Comment) -> bool:
    """Delete a comment from `Comment.objects.deletable_by`, and its replies; return False if it no longer exists."""
    row = _locked(comment)
    if row is None:
        return False
    _change_comment_count(row, -_count_with_replies(row))
    row.delete()
    return True


@transaction.atomic
def remove_comment(comment: Comment, *, reason: str) -> bool:
    """Hide a comment and its replies from everyone as a moderator, and mail the author.

    Returns False if it was removed already, or no longer exists.
    """
    row = _locked(comment)
    if row is None or row.removed_at is not None:
        return False
    _change_comment_count(row, -_count_with_replies(row))
    row.removed_at, row.removed_reason, row.pinned_at = timezone.now(), reason, None
    row.save(update_fields=["removed_at", "removed_reason", "pinned_at"])
    mail_author(row, "comment_removed", reason=reason)
    return True


@transaction.atomic
def restore_comment(comment: Comment) -> bool:
    """Undo `remove_comment`, except for the pin, and mail the author; return False if it is not removed."""
    row = _locked(comment)
    if row is None or row.removed_at is None:
        return False
    row.removed_at, row.removed_reason = None, ""
    row.save(update_fields=["removed_at", "removed_reason"])
    _change_comment_count(row, _count_with_replies(row))
    mail_author(row, "comment_restored")
    return True


def _locked(comment: Comment) -> Comment | None:
    """Return the current row of the comment, locked, or None if it no longer exists.

    With the lock, simultaneous changes each count only their own effect. The thread of a reply is locked first, as
    `add_comment` does, so the comments of a thread change one at a time.
    """
    thread = None
    if comment.parent_id is not None:
        thread = Comment.objects.select_for_update(no_key=True).filter(pk=comment.parent_id).first()
        if thread is None:
            return None
    row = Comment.objects.select_for_update(of=("self",)).select_related("post").filter(pk=comment.pk).first()
    if row is not None:
        row.parent = thread
    return row


def _count_with_replies(comment: Comment) -> int:
    """Count the comments in this thread that the post's counter includes: the comment and its visible replies."""
    if not comment.is_counted:
        return 0
    return 1 + (comment.replies.shown().count() if comment.parent_id is None else 0)


def _change_comment_count(comment: Comment, by: int) -> None:
    while by:
        step = max(-MAX_DELTA, min(MAX_DELTA, by))
        COMMENTS.add(comment.post_id, step)
        by -= step


@transaction.atomic
def pin_comment(comment: Comment) -> bool:
    """Show a comment before the others, on behalf of the post's author; return False if it is pinned already.

    Raises Refusal if MAX_PINNED_COMMENTS are pinned, or if the comment is a reply or hidden, and
    Comment.DoesNotExist if it no longer exists. Pinned comments that the author no longer sees, because their authors
    were blocked or suspended, are unpinned.
    """
    # Locks the post's row, so that the second of two simultaneous pins counts the first.
    post = Post.objects.select_for_update(no_key=True).select_related("author").get(pk=comment.post_id)
    row = _locked(comment)
    if row is None:
        raise Comment.DoesNotExist
    if row.pinned_at is not None:
        return False
    if row.parent_id is not None or not row.is_shown:
        raise Refusal("Only visible comments that aren’t replies can be pinned.")
    pinned = Comment.objects.filter(post=post, pinned_at__isnull=False)
    seen = set(Comment.objects.visible_to(post.author).filter(pk__in=pinned).values_list("pk", flat=True))
    pinned.exclude(pk__in=seen).update(pinned_at=None)
    if len(seen) >= MAX_PINNED_COMMENTS:
        raise Refusal(f"You can pin {MAX_PINNED_COMMENTS} comments. Unpin one first.")
    Comment.objects.filter(pk=row.pk).update(pinned_at=timezone.now())
    return True


@transaction.atomic
def unpin_comment(comment: Comment) -> bool:
    """Undo `pin_comment`; return False if the comment is not pinned."""
    return bool(Comment.objects.filter(pk=comment.pk, pinned_at__isnull=False).update(pinned_at=None))


@transaction.atomic
def set_comments_enabled(post: Post, *, on: bool) -> bool:
    """Turn comments on a post on or off; return True if that changed. Existing comments stay.

    Waits for transactions that are adding a comment and blocks new ones (`add_comment` takes the shared lock), so
    no comment is added after this has committed with `on=False`.
    """
    exclusive_advisory_lock(post.pk)
    there = Post.objects.filter(pk=post.pk, deleted_at__isnull=True)
    return bool(there.filter(comments_off=on).update(comments_off=not on, version=F("version") + 1))
