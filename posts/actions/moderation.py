"""Remove and restore posts as a moderator. Comments have their own actions in `posts.actions.comments`."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.emails import send_email
from accounts.models import POSTS
from posts.actions.archiving import return_to_audience
from posts.models import Comment, Post


@transaction.atomic
def remove_post(post: Post, *, reason: str) -> bool:
    """Hide a post from everyone but its author, and mail the author. Return False if it was removed already."""
    was = Post.objects.select_for_update(no_key=True).filter(pk=post.pk).first()
    if was is None or was.removed_at is not None:
        return False
    Post.objects.filter(pk=post.pk).update(removed_at=timezone.now(), removed_reason=reason, version=F("version") + 1)
    if was.is_counted:
        POSTS.add(was.author_id, -1)
    mail_author(was, "post_removed", reason=reason)
    return True


@transaction.atomic
def restore_post(post: Post) -> bool:
    """Undo `remove_post` and mail the author. Return False if the post is not removed."""
    was = Post.objects.select_for_update(no_key=True).filter(pk=post.pk).first()
    if was is None or was.removed_at is None:
        return False
    was.removed_at, was.removed_reason = None, ""
    return_to_audience(was)
    mail_author(was, "post_restored")
    return True


def mail_author(subject: Post | Comment, template: str, **context: Any) -> None:
    """Mail the author of a moderated post or comment after the transaction has committed."""
    transaction.on_commit(lambda: send_email(template, subject.author, subject=subject, **context), robust=True)
