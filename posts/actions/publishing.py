"""Publish posts whose media are rendered, and retry or remove media that failed."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import POSTS
from common.events import emit
from posts.actions.media import delete_medium, requeue_rendering
from posts.actions.mentions import notify_mentioned
from posts.actions.tags import notify_tagged
from posts.events import PostPublished
from posts.models import Media, Mention, Post
from posts.models.media import MediaState


@transaction.atomic
def publish_if_ready(post_id: int) -> bool:
    """Publish the post if all its media are ready; return True if this call published it.

    Locks the post's row: of two media that finish simultaneously, the second one sees both ready, and the post is
    published only once. Deleted posts stay unpublished.
    """
    post = Post.objects.select_for_update(no_key=True).filter(pk=post_id, deleted_at__isnull=True).first()
    if post is None or post.published_at is not None:
        return False
    if post.media.exclude(state=MediaState.READY).exists():
        return False
    post.published_at = timezone.now()
    post.version += 1
    post.save(update_fields=["published_at", "version"])
    if post.is_counted:
        POSTS.add(post.author_id)
    emit(PostPublished(post_id=post.pk))
    notify_named_people(post)
    return True


def notify_named_people(post: Post) -> None:
    """Notify people mentioned or tagged in a post that has become visible, in the caller's transaction."""
    notify_mentioned(Mention.objects.filter(post=post, comment=None), post.author_id)
    notify_tagged(post)


@transaction.atomic
def retry_post(post: Post) -> bool:
    """Queue the rendering of the post's failed media again; return True if there were any."""
    failed = list(Media.objects.select_for_update().filter(post=post, state=MediaState.FAILED))
    requeue_rendering(failed)
    return bool(failed)


def remove_failed_slide(post: Post, *, media_id: int) -> bool:
    """Delete a failed medium from an unpublished post, and publish the post if all other media are ready.

    Does nothing and returns False if the medium has not failed or is the only one of the post.
    """
    medium = _detach_slide(post, media_id)
    if medium is None:
        return False
    # If the process is killed before this, the medium is an unshared file, which the sweeper deletes.
    delete_medium(medium)
    return True


@transaction.atomic
def _detach_slide(post: Post, media_id: int) -> Media | None:
    """Turn a failed medium of an unpublished post into an unshared file, unless it is the only one of the post."""
    waiting = Post.objects.filter(pk=post.pk, published_at__isnull=True, deleted_at__isnull=True)
    row = waiting.select_for_update(no_key=True).first()
    if row is None:
        return None
    medium = row.media.select_for_update().filter(pk=media_id, state=MediaState.FAILED).first()
    if medium is None or not row.media.exclude(pk=media_id).exists():
        return None
    Media.objects.filter(pk=medium.pk).update(post=None, position=0)
    row.media.filter(position__gt=medium.position).update(position=F("position") - 1)
    Post.objects.filter(pk=row.pk).update(version=F("version") + 1)
    publish_if_ready(row.pk)
    return medium
