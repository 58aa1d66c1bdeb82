"""Archive and unarchive posts."""

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
    """Hide a published post, with its likes and comments, from everyone but its author.

    Returns False if it is archived already, unpublished, deleted, or removed by a moderator.
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
    """Undo `archive_post`; return False if the post is not archived. The post keeps its place in time."""
    was = Post.objects.select_for_update(no_key=True).filter(pk=post.pk, deleted_at__isnull=True).first()
    if was is None or was.archived_at is None:
        return False
    was.archived_at = None
    return_to_audience(was)
    return True


def return_to_audience(post: Post) -> None:
    """Save a locked post after unarchiving or restoring it, and emit `PostReturned` if it is visible again."""
    # Home timelines that were built in the meantime lack the post, so it must be fanned out again.
    post.fanned_out_at = None
    post.version += 1
    post.save(update_fields=["archived_at", "removed_at", "removed_reason", "fanned_out_at", "version"])
    if post.is_counted:
        POSTS.add(post.author_id)
    if post.is_published:
        emit(PostReturned(post_id=post.pk))
