"""Edit and delete posts."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.models import POSTS
from common.events import emit
from common.refusals import Refusal
from posts.actions.hashtags import add_hashtags
from posts.actions.mentions import sync_mentions
from posts.actions.requests import EditRequest, InvalidRequestError
from posts.events import PostDeleted
from posts.models import Media, Post, PostHashtag


class EditConflictError(Refusal):
    """Raised when the post has changed since its author opened the form."""


@transaction.atomic
def edit_post(post: Post, request: EditRequest) -> bool:
    """Change a post as its author requests; return True if anything changed.

    Raises InvalidRequestError for invalid fields; EditConflictError if the post has another version than the request,
    so that neither of two edits is lost silently (except that an edit without changes, such as a double click,
    succeeds); Refusal if a moderator removed the post; Post.DoesNotExist if it was deleted.

    `edited_at` tells others that the content changed, so it is set only for published posts, and not for a change of
    the audience alone.
    """
    now = Post.objects.select_for_update(no_key=True).get(pk=post.pk, deleted_at__isnull=True)
    if errors := request.errors(now):
        raise InvalidRequestError(errors)
    if now.removed_at is not None:
        raise Refusal("A moderator removed this post, so it can no longer be edited.")
    media = {medium.pk: medium for medium in now.slides}
    caption, location, audience, slides = request.caption, request.location, request.audience, request.slides
    changed = [
        media[media_id]
        for position, (media_id, alt) in enumerate(slides)
        if (media[media_id].position, media[media_id].alt) != (position, alt)
    ]
    is_edited = bool(changed) or (now.caption, now.location) != (caption, location)
    if not is_edited and now.audience == audience:
        return False
    if now.version != request.version:
        raise EditConflictError("This post was changed in another window or on another device.")

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
    """Hide the post from everyone immediately; return False if it was deleted already.

    A task deletes its files and rows. If its message is lost, the sweeper finds the post by `deleted_at`.
    """
    was = Post.objects.select_for_update(no_key=True).filter(pk=post.pk, deleted_at__isnull=True).first()
    if was is None:
        return False
    Post.objects.filter(pk=post.pk).update(deleted_at=timezone.now())
    if was.is_counted:
        POSTS.add(was.author_id, -1)
    emit(PostDeleted(post_id=post.pk))
    return True
