"""Archive posts and bring them back."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import POSTS
from common.events import emit
from posts.events import PostReturned
from posts.models import Post


@transaction.atomic
def archive_post(post: Post) -> bool:
    """Hide one's own published post from everybody else, its likes and comments with it; return whether that is new.

    One that a moderator removed stays as it is.
    """
    was = Post.objects.select_for_update(no_key=True).filter(pk=post.pk, deleted_at__isnull=True).first()
    if was is None or was.published_at is None or was.removed_at is not None or was.archived_at is not None:
        return False
    Post.objects.filter(pk=post.pk).update(archived_at=timezone.now(), version=F("version") + 1)
    if was.is_counted:
        POSTS.add(was.author_id, -1)
    return True


@transaction.atomic
def unarchive_post(post: Post) -> bool:
    """Undo `archive_post`; return whether there was anything to undo. The post is back at its old place in time."""
    was = Post.objects.select_for_update(no_key=True).filter(pk=post.pk, deleted_at__isnull=True).first()
    if was is None or was.archived_at is None:
        return False
    was.archived_at = None
    return_to_audience(was)
    return True


def return_to_audience(post: Post) -> None:
    """Save a locked post that is no longer archived or removed, and emit `PostReturned` if it is visible again."""
    # Timelines that were made meanwhile do not have it: it is fanned out anew.
    post.fanned_out_at = None
    post.version += 1
    post.save(update_fields=["archived_at", "removed_at", "removed_reason", "fanned_out_at", "version"])
    if post.is_counted:
        POSTS.add(post.author_id)
    if post.is_published:
        emit(PostReturned(post_id=post.pk))
