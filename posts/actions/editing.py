"""Edit and delete posts."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from accounts.models import POSTS
from common.events import emit
from posts.actions.hashtags import add_hashtags
from posts.actions.mentions import sync_mentions
from posts.events import PostDeleted
from posts.models import Media, Post, PostHashtag


class EditRefusedError(Exception):
    """Why an edit was not made, in words for the author of the post."""


class EditConflictError(EditRefusedError):
    """Raised when the post has changed since its author opened the form."""


@transaction.atomic
def edit_post(
    post: Post, *, version: int, caption: str, location: str, audience: str, slides: Sequence[tuple[int, str]]
) -> bool:
    """Change what one's own post says, how its slides are ordered and who sees it; return whether anything changed.

    `slides` are the ids of all its media in their new order, each with its alt text; `version` is that of the post
    when its author began to type. Raises EditConflictError if it is another by now, so that of two edits none is
    lost unseen (one that changes nothing, a double click, passes), EditRefusedError for a post that a moderator
    removed, and Post.DoesNotExist for one that is gone.

    "Edited" says that what others saw has changed: another audience does not count, nor a post still unpublished.
    """
    now = Post.objects.select_for_update(no_key=True).get(pk=post.pk, deleted_at__isnull=True)
    if now.removed_at is not None:
        raise EditRefusedError("A moderator removed this post, so it can no longer be edited.")
    media = {medium.pk: medium for medium in now.media.all()}
    if sorted(media) != sorted(media_id for media_id, _ in slides):
        raise ValueError(f"the slides of post {now.pk} are {sorted(media)}")
    changed = [
        media[media_id]
        for position, (media_id, alt) in enumerate(slides)
        if (media[media_id].position, media[media_id].alt) != (position, alt)
    ]
    is_edited = bool(changed) or (now.caption, now.location) != (caption, location)
    if not is_edited and now.audience == audience:
        return False
    if now.version != version:
        raise EditConflictError("This post was changed meanwhile, in another window or on another device.")

    was_counted, was_said = now.is_counted, now.caption
    is_retagged, is_for_others = now.caption != caption, now.audience != audience
    now.caption, now.location, now.audience = caption, location, audience
    now.version += 1
    if is_edited and now.published_at is not None:
        now.edited_at = timezone.now()
    now.save(update_fields=["caption", "location", "audience", "version", "edited_at"])
    for position, (media_id, alt) in enumerate(slides):
        media[media_id].position, media[media_id].alt = position, alt
    Media.objects.bulk_update(changed, ["position", "alt"])
    if is_retagged:
        PostHashtag.objects.filter(post=now).delete()
        add_hashtags(now)
    if is_retagged or is_for_others:
        sync_mentions(now, before=was_said)
    if now.is_counted != was_counted:
        POSTS.add(now.author_id, 1 if now.is_counted else -1)
    return True


@transaction.atomic
def delete_post(post: Post) -> bool:
    """Take one's own post from everybody at once; return whether it was still there.

    Its files and rows follow in a task, and the sweeper makes sure of it: `deleted_at` is the work to do.
    """
    was = Post.objects.select_for_update(no_key=True).filter(pk=post.pk, deleted_at__isnull=True).first()
    if was is None:
        return False
    Post.objects.filter(pk=post.pk).update(deleted_at=timezone.now())
    if was.is_counted:
        POSTS.add(was.author_id, -1)
    emit(PostDeleted(post_id=post.pk))
    return True
