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
from posts.events import CommentAdded, MediaSubmitted, PostDeleted, PostLiked, PostPublished, VideoSubmitted
from posts.models import COMMENTS, LIKES, Comment, Hashtag, Like, Media, Post, PostHashtag
from posts.models.media import MediaKind, MediaState
from social.models import Restrict


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
            kind=MediaKind.VIDEO if isinstance(info, VideoInfo) else MediaKind.PHOTO,
            duration_ms=info.duration_ms if isinstance(info, VideoInfo) else 0,
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
    if post.removed_at is None:
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
    if was.published_at is not None and was.removed_at is None:
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
    if was.published_at is not None and was.deleted_at is None:
        POSTS.add(was.author_id, -1)
    return True


@transaction.atomic
def restore_post(post: Post) -> bool:
    """Undo `remove_post`; return whether there was anything to undo."""
    was = Post.objects.select_for_update(no_key=True).filter(pk=post.pk).first()
    if was is None or was.removed_at is None:
        return False
    # Timelines that were made meanwhile do not have it: it is fanned out anew.
    Post.objects.filter(pk=post.pk).update(
        removed_at=None, removed_reason="", fanned_out_at=None, version=F("version") + 1
    )
    if was.published_at is not None and was.deleted_at is None:
        POSTS.add(was.author_id)
        emit(PostPublished(post_id=post.pk))
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
    """Comment on a post that `author` may see. `text` is clean and not blank; `at` backdates it.

    If the post's author restricts the other, the comment waits for `approve_comment`, and until then counts and is
    announced nowhere.
    """
    is_held = Restrict.objects.filter(restricter_id=post.author_id, restricted_id=author.pk).exists()
    comment = Comment(post=post, author=author, text=text, hidden_until_approved=is_held)
    if at is not None:
        comment.pk = _snowflake_at(at, owner_id=author.pk)
    comment.save(force_insert=True)
    _announce(comment)
    return comment


@transaction.atomic
def approve_comment(comment: Comment) -> bool:
    """Show a comment that `Comment.objects.waiting_for` found to all; return whether this call did."""
    row = _locked(comment)
    if row is None or not row.hidden_until_approved:
        return False
    row.hidden_until_approved = False
    row.save(update_fields=["hidden_until_approved"])
    _announce(row)
    return True


def _announce(comment: Comment) -> None:
    """Count it and tell others, once it is for others to see."""
    if comment.is_counted:
        COMMENTS.add(comment.post_id)
        emit(CommentAdded(comment_id=comment.pk))


@transaction.atomic
def delete_comment(comment: Comment) -> bool:
    """Delete a comment that `Comment.objects.deletable_by` found; return whether it was still there."""
    row = _locked(comment)
    if row is None:
        return False
    row.delete()
    if row.is_counted:
        COMMENTS.add(row.post_id, -1)
    return True


@transaction.atomic
def remove_comment(comment: Comment, *, reason: str) -> bool:
    """Hide a comment from all, as a moderator; return whether that is new."""
    row = _locked(comment)
    if row is None or row.removed_at is not None:
        return False
    if row.is_counted:
        COMMENTS.add(row.post_id, -1)
    row.removed_at, row.removed_reason = timezone.now(), reason
    row.save(update_fields=["removed_at", "removed_reason"])
    return True


@transaction.atomic
def restore_comment(comment: Comment) -> bool:
    """Undo `remove_comment`; return whether there was anything to undo."""
    row = _locked(comment)
    if row is None or row.removed_at is None:
        return False
    row.removed_at, row.removed_reason = None, ""
    row.save(update_fields=["removed_at", "removed_reason"])
    if row.is_counted:
        COMMENTS.add(row.post_id)
    return True


def _locked(comment: Comment) -> Comment | None:
    """The row as it is now, so that of two changes at once each counts only what it changed."""
    return Comment.objects.select_for_update().filter(pk=comment.pk).first()
