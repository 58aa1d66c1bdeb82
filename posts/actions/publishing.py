"""Publish posts whose files are rendered, and deal with files that could not be."""

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
    """Publish the post once all its media are ready; return whether this call did.

    The row is locked, so of two media that finish at once one sees both ready, and a post is published once. A post
    that was deleted meanwhile stays unpublished.
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
    """Render the failed media of one's own post again; return whether there were any."""
    failed = list(Media.objects.select_for_update().filter(post=post, state=MediaState.FAILED))
    requeue_rendering(failed)
    return bool(failed)


def remove_failed_slide(post: Post, *, media_id: int) -> bool:
    """Delete a file that could not be rendered from one's own post, and publish the post if the rest is ready.

    Does nothing, and returns False, if it has not failed or is the only one.
    """
    medium = _detach_slide(post, media_id)
    if medium is None:
        return False
    # Killed before this, it is an unshared file, which is swept.
    delete_medium(medium)
    return True


@transaction.atomic
def _detach_slide(post: Post, media_id: int) -> Media | None:
    """Take a failed slide, which is not the only one, out of an unpublished post; it is an unshared file then."""
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
