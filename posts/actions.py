"""What changes posts, likes and comments. Pages, the admin, the demo and tasks call these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import POSTS, User
from common.events import emit
from common.files import FilesOnTheirWay, on_their_way
from common.ids import SEQUENCE_BITS, SHARD_BITS
from common.limits import MAX_HASHTAGS, MAX_SLIDES
from common.linkify import extract_tags
from media.intake import probe_upload
from media.probe import PhotoInfo
from media.probe_video import VideoInfo
from media.storage import new_key, store_original
from posts.events import (
    CommentAdded,
    MediaSubmitted,
    PostDeleted,
    PostLiked,
    PostPublished,
    PostReturned,
    VideoSubmitted,
)
from posts.models import COMMENTS, LIKES, Comment, Hashtag, Like, Media, Post, PostHashtag
from posts.models.media import MediaKind, MediaState


@dataclass(frozen=True)
class Upload:
    """A photo or video as it came: an open binary file, what its owner calls it, and what it shows in words."""

    file: BinaryIO
    name: str = ""
    alt: str = ""


def create_post(
    *, author: User, uploads: Sequence[Upload], caption: str = "", location: str = "", at: datetime | None = None
) -> Post:
    """Keep the originals and make the post, which is published once the worker has rendered them.

    `uploads` are 1 to MAX_SLIDES photos and videos, each probed here (media.errors.MediaError says in words what is
    wrong with one). Either everything is stored or nothing: what was written to storage is taken back when something
    fails, and when this process is killed. `at` backdates the post, for imports and the demo.

    Cost: a probe (header only) and one copy of each file, four INSERTs, one DELETE, one message a slide.
    """
    if not 1 <= len(uploads) <= MAX_SLIDES:
        raise ValueError(f"a post has 1 to {MAX_SLIDES} photos and videos, not {len(uploads)}")
    infos = [probe_upload(upload.file) for upload in uploads]
    with on_their_way("originals", [new_key(info.extension) for info in infos]) as originals:
        for upload, info, key in zip(uploads, infos, originals.keys, strict=True):
            store_original(upload.file, info.extension, key)
        return _insert_post(author, uploads, infos, originals, caption, location, at)


@transaction.atomic
def _insert_post(
    author: User,
    uploads: Sequence[Upload],
    infos: Sequence[PhotoInfo | VideoInfo],
    originals: FilesOnTheirWay,
    caption: str,
    location: str,
    at: datetime | None,
) -> Post:
    post = Post(author=author, caption=caption, location=location)
    if at is not None:
        post.pk = _snowflake_at(at, owner_id=author.pk)
    post.save(force_insert=True)
    Media.objects.bulk_create(
        Media(
            post=post,
            owner_id=author.pk,
            position=position,
            kind=MediaKind.VIDEO if info.moves else MediaKind.PHOTO,
            duration_ms=info.duration_ms,
            alt=upload.alt,
            original=original,
            original_name=upload.name[:255],
            width=info.width,
            height=info.height,
        )
        for position, (upload, info, original) in enumerate(zip(uploads, infos, originals.keys, strict=True))
    )
    originals.arrive()
    _tag(post)
    # Asked for: bulk_create does not bring back ids that the database made.
    for media_id, kind in post.media.order_by("position").values_list("pk", "kind"):
        _submit(media_id, kind)
    return post


def _submit(media_id: int, kind: str) -> None:
    emit(VideoSubmitted(media_id=media_id) if kind == MediaKind.VIDEO else MediaSubmitted(media_id=media_id))


def _tag(post: Post) -> None:
    names = extract_tags(post.caption)[:MAX_HASHTAGS]
    if not names:
        return
    # Sorted, so that two posts with the same new tags lock them in the same order.
    Hashtag.objects.bulk_create((Hashtag(name=name) for name in sorted(names)), ignore_conflicts=True)
    PostHashtag.objects.bulk_create(
        PostHashtag(post=post, hashtag=hashtag) for hashtag in Hashtag.objects.filter(name__in=names)
    )


def _snowflake_at(moment: datetime, *, owner_id: int) -> int:
    shard = (owner_id >> SEQUENCE_BITS) & ((1 << SHARD_BITS) - 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT snowflake_id(%s, %s)", [moment, shard])
        return int(cursor.fetchone()[0])


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
    return True


@transaction.atomic
def retry_post(post: Post) -> bool:
    """Render the failed media of one's own post again; return whether there were any."""
    failed = list(Media.objects.select_for_update().filter(post=post, state=MediaState.FAILED))
    for medium in failed:
        medium.state, medium.error, medium.attempts, medium.progress = MediaState.PENDING, "", 0, 0
        medium.queued_at = timezone.now()
        medium.save(update_fields=["state", "error", "attempts", "progress", "queued_at"])
        _submit(medium.pk, medium.kind)
    return bool(failed)


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


@transaction.atomic
def remove_post(post: Post, *, reason: str) -> bool:
    """Take a post from everybody but its author, as a moderator; return whether that is new."""
    was = Post.objects.select_for_update(no_key=True).filter(pk=post.pk).first()
    if was is None or was.removed_at is not None:
        return False
    Post.objects.filter(pk=post.pk).update(removed_at=timezone.now(), removed_reason=reason, version=F("version") + 1)
    if was.is_counted:
        POSTS.add(was.author_id, -1)
    return True


@transaction.atomic
def restore_post(post: Post) -> bool:
    """Undo `remove_post`; return whether there was anything to undo."""
    was = Post.objects.select_for_update(no_key=True).filter(pk=post.pk).first()
    if was is None or was.removed_at is None:
        return False
    was.removed_at, was.removed_reason = None, ""
    _bring_back(was)
    return True


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
    _bring_back(was)
    return True


def _bring_back(post: Post) -> None:
    """Save that a locked post is no longer archived, or removed, and have it return to where it was."""
    # Timelines that were made meanwhile do not have it: it is fanned out anew.
    post.fanned_out_at = None
    post.version += 1
    post.save(update_fields=["archived_at", "removed_at", "removed_reason", "fanned_out_at", "version"])
    if post.is_counted:
        POSTS.add(post.author_id)
    if post.is_published:
        emit(PostReturned(post_id=post.pk))


class EditRefusedError(Exception):
    """Why an edit was not made, in words for the author of the post."""


class ChangedMeanwhileError(EditRefusedError):
    """The post is no longer what its author saw while typing."""


@transaction.atomic
def edit_post(
    post: Post, *, version: int, caption: str, location: str, audience: str, slides: Sequence[tuple[int, str]]
) -> bool:
    """Change what one's own post says, how its slides are ordered and who sees it; return whether anything changed.

    `slides` are the ids of all its media in their new order, each with its alt text; `version` is that of the post
    when its author began to type. Raises ChangedMeanwhileError if it is another by now, so that of two edits none is
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
        raise ChangedMeanwhileError("This post was changed meanwhile, in another window or on another device.")

    was_counted, is_retagged = now.is_counted, now.caption != caption
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
        _tag(now)
    if now.is_counted != was_counted:
        POSTS.add(now.author_id, 1 if now.is_counted else -1)
    return True


@transaction.atomic
def like_post(post: Post, *, liker: User) -> bool:
    """Record that `liker` likes `post`; return whether that is new.

    Liking twice is liking once, so a double tap or a retried request is harmless: the unique constraint `like_once`
    decides, and only the request that created the row moves the count and emits `PostLiked`.

    `post` comes from `Post.objects.visible_to(liker)`: whoever may see may like.
    """
    _, created = Like.objects.get_or_create(post=post, liker=liker)
    if created:
        LIKES.add(post.pk)
        emit(PostLiked(post_id=post.pk, liker_id=liker.pk))
    return created


@transaction.atomic
def unlike_post(post: Post, *, liker: User) -> bool:
    """Undo `like_post`; return whether there was anything to undo."""
    deleted, _ = Like.objects.filter(post=post, liker=liker).delete()
    if deleted:
        LIKES.add(post.pk, -1)
    return bool(deleted)


@transaction.atomic
def add_comment(post: Post, *, author: User, text: str, at: datetime | None = None) -> Comment:
    """Comment on a post that `author` may see. `text` is clean and not blank; `at` backdates it."""
    comment = Comment(post=post, author=author, text=text)
    if at is not None:
        comment.pk = _snowflake_at(at, owner_id=author.pk)
    comment.save(force_insert=True)
    COMMENTS.add(post.pk)
    emit(CommentAdded(comment_id=comment.pk))
    return comment


@transaction.atomic
def delete_comment(comment: Comment) -> bool:
    """Delete a comment that `Comment.objects.deletable_by` found; return whether it was still there."""
    # Locked, so that of two deletions at once only one moves the count, and only for a comment that was counted.
    row = Comment.objects.select_for_update().filter(pk=comment.pk).first()
    if row is None:
        return False
    row.delete()
    if row.removed_at is None:
        COMMENTS.add(row.post_id, -1)
    return True


@transaction.atomic
def remove_comment(comment: Comment, *, reason: str) -> bool:
    """Hide a comment from all, as a moderator; return whether that is new."""
    removed = Comment.objects.filter(pk=comment.pk, removed_at__isnull=True).update(
        removed_at=timezone.now(), removed_reason=reason
    )
    if removed:
        COMMENTS.add(comment.post_id, -1)
    return bool(removed)


@transaction.atomic
def restore_comment(comment: Comment) -> bool:
    """Undo `remove_comment`; return whether there was anything to undo."""
    restored = Comment.objects.filter(pk=comment.pk, removed_at__isnull=False).update(
        removed_at=None, removed_reason=""
    )
    if restored:
        COMMENTS.add(comment.post_id)
    return bool(restored)
