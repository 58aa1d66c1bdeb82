"""What changes posts, likes and comments. Pages, the admin, the demo and tasks call these."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from django.db import IntegrityError, connection, transaction
from django.db.models import Count, F, Sum
from django.utils import timezone

from accounts.emails import send_email
from accounts.models import POSTS, User
from common.events import emit
from common.files import delete_pending, schedule_delete, storing_files
from common.ids import SEQUENCE_BITS, SHARD_BITS
from common.limits import (
    COMMENT_EDIT_MINUTES,
    EQUAL_COMMENTS_MINUTES,
    MAX_EQUAL_COMMENTS,
    MAX_FILE_NAME_CHARS,
    MAX_HASHTAGS,
    MAX_PINNED_COMMENTS,
    MAX_POST_BYTES,
    MAX_SLIDES,
    MAX_UNSHARED,
    MAX_UNSHARED_BYTES,
    MAX_UPLOADED_BYTES_PER_DAY,
)
from common.linkify import extract_tags
from common.locks import exclusive_advisory_lock, shared_advisory_lock
from common.ratelimit import EQUAL_COMMENTS, UPLOADED_MEBIBYTES, seconds_to_wait
from common.text import clean_line, is_blank, strip_invisible
from media.edits import center_crop, crop_box, parse_edits, shape_problem
from media.errors import MediaError, TransientMediaError
from media.incoming import discard, new_prefix
from media.probe import PhotoInfo
from media.probe_video import VideoInfo
from media.storage import new_key, store_original, store_rendition
from media.upload_probe import probe_upload
from posts.events import (
    CommentAdded,
    CommentLiked,
    CommentUnliked,
    MediaSubmitted,
    PostDeleted,
    PostLiked,
    PostPublished,
    PostReturned,
    VideoSubmitted,
)
from posts.models import (
    COMMENT_LIKES,
    COMMENTS,
    LIKES,
    Audience,
    Comment,
    CommentLike,
    Hashtag,
    HiddenWord,
    Like,
    Media,
    Post,
    PostHashtag,
    UploadSession,
    normalize_words,
)
from posts.models.media import MediaKind, MediaState
from posts.tagging import notify_named_people, sync_mentions
from social.models import Restrict

MAX_DELTA = 32_767


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
    wrong with one). Either everything is stored or nothing: what was taken is deleted when something fails. `at`
    backdates the post, for imports and the demo.
    """
    if not 1 <= len(uploads) <= MAX_SLIDES:
        raise ValueError(f"a post has 1 to {MAX_SLIDES} photos and videos, not {len(uploads)}")
    taken = receive_files(owner=author, uploads=uploads)
    slides = [Slide(medium.pk, upload.alt) for medium, upload in zip(taken, uploads, strict=True)]
    try:
        return share_post(author=author, slides=slides, caption=caption, location=location, at=at)
    except BaseException:
        for medium in taken:
            delete_medium(medium)
        raise


# --- Files ---------------------------------------------------------------------------------------------------------


def receive_file(*, owner: User, file: BinaryIO, name: str = "", within_quota: bool = True) -> Media:
    """Store an unshared photo or video of `owner`, and queue its rendering.

    Raises MediaError when the file cannot be used, or `owner` has as many unshared ones as they may; nothing is kept
    then. Without `within_quota` that is not asked: for files that are shared at once.

    Cost: a probe (header only), one copy of the file, three INSERTs and one DELETE, one message.
    """
    info = probe_upload(file)
    check_daily_bytes(owner, info.bytes)
    with storing_files("originals", [new_key(info.extension)]) as files:
        store_original(file, info.extension, files.keys[0])
        with transaction.atomic():
            if within_quota:
                check_quota(owner, info.bytes)
            medium = add_medium(owner_id=owner.pk, original=files.keys[0], info=info, name=name)
            # Also a file that came in one piece: an upload knows its bytes, which the quota counts.
            UploadSession.objects.create(
                owner_id=owner.pk, name=medium.original_name, size=info.bytes, prefix=new_prefix(), media=medium
            )
            files.commit()
        return medium


def receive_files(*, owner: User, uploads: Sequence[Upload]) -> list[Media]:
    """Store files that are shared at once, all or none. Raises what `receive_file` does, except for the quota."""
    taken: list[Media] = []
    try:
        for upload in uploads:
            taken.append(receive_file(owner=owner, file=upload.file, name=upload.name, within_quota=False))  # noqa: PERF401  (what came before a refusal is deleted)
    except BaseException:
        for medium in taken:
            delete_medium(medium)
        raise
    return taken


def check_quota(owner: User, size: int) -> None:
    """Raise MediaError "quota" if `owner` has no room for another unshared file of `size` bytes.

    Locks the row of `owner` until the transaction ends, so that two uploads at once do not both take the last place.
    """
    User.objects.select_for_update(no_key=True).only("pk").get(pk=owner.pk)
    used = UploadSession.objects.unshared_of(owner).aggregate(files=Count("pk"), bytes=Sum("size", default=0))
    if used["files"] >= MAX_UNSHARED:
        raise MediaError(
            "quota",
            f"You have {used['files']} files that are not shared, and can have at most {MAX_UNSHARED}. "
            "Share or remove some first.",
        )
    if used["bytes"] + size > MAX_UNSHARED_BYTES:
        raise MediaError(
            "quota",
            f"Your files that are not shared take {used['bytes'] // 2**20:,} MB already, and can take at most "
            f"{MAX_UNSHARED_BYTES // 2**20:,} MB. Share or remove some first.",
        )


def check_daily_bytes(owner: User, size: int) -> None:
    """Count an upload of `size` bytes; raise MediaError "quota" if `owner` has uploaded too much in the last day."""
    if seconds := seconds_to_wait(UPLOADED_MEBIBYTES, f"person:{owner.pk}", hits=-(-size // 2**20)):
        hours = -(-seconds // 3600)
        raise MediaError(
            "quota",
            f"You can upload at most {MAX_UPLOADED_BYTES_PER_DAY // 2**30} GB a day. "
            f"Try again in {hours} hour{'' if hours == 1 else 's'}.",
        )


def add_medium(*, owner_id: int, original: str, info: PhotoInfo | VideoInfo, name: str) -> Media:
    """The row of an original that is stored, of no post yet; have it rendered. In the caller's transaction."""
    medium = Media.objects.create(
        owner_id=owner_id,
        kind=MediaKind.VIDEO if info.is_animated else MediaKind.PHOTO,
        duration_ms=info.duration_ms,
        original=original,
        original_name=clean_line(name)[:MAX_FILE_NAME_CHARS],
        width=info.width,
        height=info.height,
    )
    _submit(medium)
    return medium


def delete_medium(medium: Media) -> bool:
    """Delete an unshared file; return whether it was there, unshared.

    What the storage cannot delete just now is left to the sweeper of files.
    """
    with transaction.atomic():
        # Locked: a worker that is about to hand in renditions finds the row gone, and takes them back.
        row = Media.objects.select_for_update().filter(pk=medium.pk, post__isnull=True).first()
        if row is None:
            return False
        for prefix in UploadSession.objects.filter(media=row).values_list("prefix", flat=True):
            # There are none but when a process was killed, or its storage away, just after they became the medium.
            with contextlib.suppress(TransientMediaError):
                discard(prefix)
        schedule_delete("default", row.keys)
        schedule_delete("originals", [row.original])
        row.delete()
    delete_pending("default", row.keys)
    delete_pending("originals", [row.original])
    return True


@transaction.atomic
def retry_medium(medium: Media) -> bool:
    """Render one's own failed, unshared file again; return whether it had failed."""
    failed = Media.objects.select_for_update().filter(pk=medium.pk, post__isnull=True, state=MediaState.FAILED).first()
    if failed is not None:
        _requeue_rendering([failed])
    return failed is not None


def _requeue_rendering(media: Sequence[Media]) -> None:
    """Queue the rendering of locked rows again, with the attempts reset."""
    for medium in media:
        medium.state, medium.error, medium.attempts, medium.progress = MediaState.PENDING, "", 0, 0
        medium.queued_at = timezone.now()
        _submit(medium)
    Media.objects.bulk_update(media, ["state", "error", "attempts", "progress", "queued_at"])


def _submit(medium: Media) -> None:
    emit(VideoSubmitted(media_id=medium.pk) if medium.is_video else MediaSubmitted(media_id=medium.pk))


# --- Sharing -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slide:
    """A file of one's own that is not shared yet, as it is to be shown: `edits` as they came, JSON or what it says.

    With `crop_to_center` a photo that is too wide or too tall, and has no crop, is cut to its middle.
    """

    media_id: int
    alt: str = ""
    edits: object = None
    crop_to_center: bool = False


@dataclass(frozen=True)
class SlideError:
    """Why the file `media_id` cannot be a slide of the post; `name` is what its owner calls it."""

    media_id: int
    name: str
    message: str


class SlidesRefusedError(ValueError):
    """Nothing was shared: `errors` says why, file by file; `message` does, if it is the fault of all together."""

    def __init__(self, errors: Sequence[SlideError] = (), message: str = "") -> None:
        super().__init__(message or "; ".join(f"{error.name or error.media_id}: {error.message}" for error in errors))
        self.errors = list(errors)
        self.message = message


@transaction.atomic
def share_post(
    *,
    author: User,
    slides: Sequence[Slide],
    caption: str = "",
    location: str = "",
    audience: str = Audience.EVERYONE,
    at: datetime | None = None,
) -> Post:
    """Make a post of 1 to MAX_SLIDES files that `author` has uploaded; it is published once all are rendered.

    Texts are clean and within their limits. A file is in one post at most: of two that share it at once, the second
    gets SlidesRefusedError, as for files that are gone, failed or another's. A file whose edits differ from those it
    was rendered with is rendered again; the others are not, so that a post without edits is often published at once.
    `at` backdates the post, for imports and the demo.

    Cost: some ten queries, whatever the number of slides.
    """
    if not 1 <= len(slides) <= MAX_SLIDES:
        raise ValueError(f"a post has 1 to {MAX_SLIDES} photos and videos, not {len(slides)}")
    # Locked in one order, so that two posts with the same files wait for one another and never both.
    locked = Media.objects.select_for_update().filter(owner_id=author.pk, pk__in=[slide.media_id for slide in slides])
    media = {medium.pk: medium for medium in locked.order_by("pk")}
    edits, errors = validate_slides(slides, media)
    if errors:
        raise SlidesRefusedError(errors)
    sizes = UploadSession.objects.filter(media__in=media).aggregate(total=Sum("size", default=0))
    if too_much := too_many_bytes(sizes["total"]):
        raise SlidesRefusedError(message=too_much)
    post = Post(author=author, caption=caption, location=location, audience=audience)
    if at is not None:
        post.pk = _snowflake_at(at, owner_id=author.pk)
    post.save(force_insert=True)
    changed = []
    for position, (slide, wanted) in enumerate(zip(slides, edits, strict=True)):
        medium = media[slide.media_id]
        if medium.edits != wanted:
            changed.append(medium)
        medium.post, medium.position, medium.alt, medium.edits = post, position, slide.alt, wanted
    Media.objects.bulk_update(media.values(), ["post", "position", "alt", "edits"])
    _requeue_rendering(changed)
    _tag(post)
    sync_mentions(post)
    if publish_if_ready(post.pk):
        post.refresh_from_db()
    return post


def too_many_bytes(total: int) -> str:
    """What to say of files that have `total` bytes together: "" if that is not too much for a post."""
    if total <= MAX_POST_BYTES:
        return ""
    return (
        f"Together these files have {total // 2**20:,} MB. A post holds at most {MAX_POST_BYTES // 2**20:,} MB: "
        "share them in several."
    )


def validate_slides(
    slides: Sequence[Slide], media: Mapping[int, Media]
) -> tuple[list[dict[str, Any]], list[SlideError]]:
    """Return the normalized edits of each slide, and the errors; `media` are the author's own."""
    edits: list[dict[str, Any]] = []
    errors: list[SlideError] = []
    seen: set[int] = set()
    for slide in slides:
        medium = media.get(slide.media_id)
        try:
            edits.append(_validate_slide(medium, slide, seen))
        except MediaError as error:
            errors.append(SlideError(slide.media_id, medium.original_name if medium else "", str(error)))
        seen.add(slide.media_id)
    return edits, errors


def _validate_slide(medium: Media | None, slide: Slide, seen: Collection[int]) -> dict[str, Any]:
    if medium is None:
        raise MediaError("missing", "This file is not there any more. Add it again.")
    if slide.media_id in seen:
        raise MediaError("twice", "This file is in the post twice. Remove one of the two.")
    if medium.post_id is not None:
        raise MediaError("shared", "This file has been shared already. Look at your profile, or add it again.")
    if medium.state == MediaState.FAILED:
        raise MediaError("failed", f"{medium.error} Remove this file, or try it again.")
    edits = parse_edits(slide.edits, video=medium.is_video)
    if not medium.is_video:
        if slide.crop_to_center and medium.shape_problem and "crop" not in edits:
            edits["crop"] = center_crop(medium.width, medium.height)
        if problem := shape_problem(edits, medium.width, medium.height):
            raise MediaError("shape", problem)
        crop_box(edits, medium.width, medium.height)
    return edits


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
    notify_named_people(post)
    return True


@transaction.atomic
def retry_post(post: Post) -> bool:
    """Render the failed media of one's own post again; return whether there were any."""
    failed = list(Media.objects.select_for_update().filter(post=post, state=MediaState.FAILED))
    _requeue_rendering(failed)
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
    """Hide a post from everyone but its author, as a moderator; return whether that is new. Mails the author."""
    was = Post.objects.select_for_update(no_key=True).filter(pk=post.pk).first()
    if was is None or was.removed_at is not None:
        return False
    Post.objects.filter(pk=post.pk).update(removed_at=timezone.now(), removed_reason=reason, version=F("version") + 1)
    if was.is_counted:
        POSTS.add(was.author_id, -1)
    _mail_author(was, "post_removed", reason=reason)
    return True


@transaction.atomic
def restore_post(post: Post) -> bool:
    """Undo `remove_post`; return whether there was anything to undo."""
    was = Post.objects.select_for_update(no_key=True).filter(pk=post.pk).first()
    if was is None or was.removed_at is None:
        return False
    was.removed_at, was.removed_reason = None, ""
    _restore_to_audience(was)
    _mail_author(was, "post_restored")
    return True


def _mail_author(subject: Post | Comment, template: str, **context: Any) -> None:
    """Tell the author of a moderated post or comment by mail, once the transaction has committed."""
    transaction.on_commit(lambda: send_email(template, subject.author, subject=subject, **context), robust=True)


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
    _restore_to_audience(was)
    return True


def _restore_to_audience(post: Post) -> None:
    """Save a locked post that is no longer archived or removed, and emit `PostReturned` if it is visible again."""
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
        _tag(now)
    if is_retagged or is_for_others:
        sync_mentions(now, before=was_said)
    if now.is_counted != was_counted:
        POSTS.add(now.author_id, 1 if now.is_counted else -1)
    return True


@transaction.atomic
def like_post(post: Post, *, liker: User) -> bool:
    """Record that `liker` likes `post`; return whether that is new.

    Liking twice is liking once, so a double tap or a retried request is harmless: the unique constraint `like_once`
    decides, and only the request that created the row moves the count and emits `PostLiked`.

    `post` comes from `Post.objects.visible_to(liker)`: whoever may see may like. Post.DoesNotExist if it has gone
    since.
    """
    _lock_for_counting(post)
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


def _lock_for_counting(post: Post) -> Post:
    """Return the current row of the post, locked against deletion. Raises Post.DoesNotExist.

    The lock is the one that a reference takes, but taken now: references are checked at the commit, where one to a
    post that was purged a moment ago would be an error that nobody catches. Folding and editing do not wait for it.
    """
    held = Post.objects.raw("SELECT * FROM posts_post WHERE id = %s AND deleted_at IS NULL FOR KEY SHARE", [post.pk])
    for row in held:
        return row
    raise Post.DoesNotExist


# --- Comments ------------------------------------------------------------------------------------------------------


class CommentRefusedError(Exception):
    """Why a comment was not written, changed or pinned, in words for the one who wanted it."""


@transaction.atomic
def add_comment(
    post: Post, *, author: User, text: str, reply_to: Comment | None = None, at: datetime | None = None
) -> Comment:
    """Comment on a post that `author` may see, or reply to one of its comments that they may see.

    `text` is clean; `at` backdates it. If it is to be held (`needs_approval`) it waits for `approve_comment`,
    and until then counts and is announced nowhere. Post.DoesNotExist if the post has gone since it was looked up,
    CommentRefusedError if `text` shows nothing, if its author has written it MAX_EQUAL_COMMENTS times in the last
    minutes, if comments are off or if what is replied to has gone.
    """
    _check_words(text)
    if at is None:
        _count_equal(text, author)
    shared_advisory_lock(post.pk)
    post = _lock_for_counting(post)
    if post.comments_off:
        raise CommentRefusedError("Comments are turned off.")
    parent = _parent_for_reply(reply_to, author) if reply_to is not None else None
    comment = Comment(post=post, author=author, text=text, parent=parent)
    comment.hidden_until_approved = needs_approval(comment)
    if at is not None:
        comment.pk = _snowflake_at(at, owner_id=author.pk)
    comment.save(force_insert=True)
    _emit_comment_added(comment)
    return comment


def _check_words(text: str) -> None:
    if is_blank(text):
        raise CommentRefusedError("Write something first.")


def _count_equal(text: str, author: User) -> None:
    """Count a comment; raise CommentRefusedError if `author` wrote the same words too often just now."""
    same = " ".join(strip_invisible(text).casefold().split())
    digest = hashlib.sha256(same.encode()).hexdigest()
    if seconds := seconds_to_wait(EQUAL_COMMENTS, f"{author.pk}:{digest}"):
        raise CommentRefusedError(
            f"You wrote the same comment {MAX_EQUAL_COMMENTS} times in {EQUAL_COMMENTS_MINUTES} minutes, which is the"
            f" limit. Change it, or try again in {-(-seconds // 60)} min."
        )


def _parent_for_reply(reply_to: Comment, author: User) -> Comment:
    """Return the first comment of the thread of `reply_to`, locked: its removal comes before or after the reply."""
    # Replies to one comment wait for one another here, for as long as an INSERT takes.
    thread = Comment.objects.select_for_update(no_key=True).filter(pk=reply_to.thread_id).first()
    if thread is None or not Comment.objects.visible_to(author).filter(pk=reply_to.pk).exists():
        raise CommentRefusedError("The comment you reply to is no longer there.")
    return thread


def needs_approval(comment: Comment) -> bool:
    """Return True if the comment must wait for approval with its current text.

    It does if the post's author restricts the one who wrote it, if it has a word that the post's author or the site
    hides, or if it replies to one that waits: what hangs under that cannot be seen before it. What the post's author
    writes never waits, for nobody else could approve it.
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
    """Change one's own comment, at most COMMENT_EDIT_MINUTES after it was written; return whether it changed.

    `text` is clean. What is to be held with the new text waits, though the old one may have been
    approved; what waits goes on waiting. Comment.DoesNotExist if it has gone, CommentRefusedError if it is too late or
    `text` shows nothing.
    """
    _check_words(text)
    row = _locked(comment)
    if row is None or row.removed_at is not None:
        raise Comment.DoesNotExist
    if row.text == text:
        return False
    if not row.is_fresh:
        raise CommentRefusedError(f"A comment can be edited for {COMMENT_EDIT_MINUTES} minutes. This one is older.")
    counted, was_said = _count_with_replies(row), row.text
    row.text, row.edited_at = text, timezone.now()
    if not row.hidden_until_approved and needs_approval(row):
        row.hidden_until_approved, row.pinned_at = True, None
    row.save(update_fields=["text", "edited_at", "hidden_until_approved", "pinned_at"])
    _change_comment_count(row, _count_with_replies(row) - counted)
    if row.is_counted:
        sync_mentions(row.post, row, before=was_said)
    return True


@transaction.atomic
def approve_comment(comment: Comment) -> bool:
    """Show a comment that `Comment.objects.waiting_for` found to all; return whether this call did."""
    row = _locked(comment)
    if row is None or not row.hidden_until_approved:
        return False
    row.hidden_until_approved = False
    row.save(update_fields=["hidden_until_approved"])
    _emit_comment_added(row)
    return True


def _emit_comment_added(comment: Comment) -> None:
    """Count the comment and emit `CommentAdded`, unless it waits for approval."""
    if comment.is_counted:
        _change_comment_count(comment, _count_with_replies(comment))
        emit(CommentAdded(comment_id=comment.pk))
        # One that was edited may have been announced before.
        sync_mentions(comment.post, comment, before=comment.text if comment.edited_at else None)


@transaction.atomic
def delete_comment(comment: Comment) -> bool:
    """Delete a comment that `Comment.objects.deletable_by` found, with its replies; return whether it was there."""
    row = _locked(comment)
    if row is None:
        return False
    _change_comment_count(row, -_count_with_replies(row))
    row.delete()
    return True


@transaction.atomic
def remove_comment(comment: Comment, *, reason: str) -> bool:
    """Hide a comment and its replies from everyone, as a moderator; return whether that is new. Mails the author."""
    row = _locked(comment)
    if row is None or row.removed_at is not None:
        return False
    _change_comment_count(row, -_count_with_replies(row))
    row.removed_at, row.removed_reason, row.pinned_at = timezone.now(), reason, None
    row.save(update_fields=["removed_at", "removed_reason", "pinned_at"])
    _mail_author(row, "comment_removed", reason=reason)
    return True


@transaction.atomic
def restore_comment(comment: Comment) -> bool:
    """Undo `remove_comment`, but for a pin; return whether there was anything to undo."""
    row = _locked(comment)
    if row is None or row.removed_at is None:
        return False
    row.removed_at, row.removed_reason = None, ""
    row.save(update_fields=["removed_at", "removed_reason"])
    _change_comment_count(row, _count_with_replies(row))
    _mail_author(row, "comment_restored")
    return True


def _locked(comment: Comment) -> Comment | None:
    """The row as it is now, so that of two changes at once each counts only what it changed.

    The thread of a reply is locked first, as by those who reply: a thread and its replies change one at a time.
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
    """How many comments COMMENTS has of a locked comment and what hangs under it."""
    if not comment.is_counted:
        return 0
    return 1 + (comment.replies.shown().count() if comment.parent_id is None else 0)


def _change_comment_count(comment: Comment, by: int) -> None:
    # A delta is a small integer.
    while by:
        step = max(-MAX_DELTA, min(MAX_DELTA, by))
        COMMENTS.add(comment.post_id, step)
        by -= step


@transaction.atomic
def like_comment(comment: Comment, *, liker: User) -> bool:
    """Record that `liker` likes a comment that they may see; return whether that is new. The twin of `like_post`.

    Comment.DoesNotExist if it has gone since it was looked up.
    """
    try:
        with transaction.atomic():
            _, created = CommentLike.objects.get_or_create(comment_id=comment.pk, person=liker)
    except IntegrityError as gone:
        raise Comment.DoesNotExist from gone
    if created:
        COMMENT_LIKES.add(comment.pk)
        emit(CommentLiked(comment_id=comment.pk, liker_id=liker.pk))
    return created


@transaction.atomic
def unlike_comment(comment: Comment, *, liker: User) -> bool:
    """Undo `like_comment`; return whether there was anything to undo."""
    deleted, _ = CommentLike.objects.filter(comment_id=comment.pk, person=liker).delete()
    if deleted:
        COMMENT_LIKES.add(comment.pk, -1)
        emit(CommentUnliked(comment_id=comment.pk, liker_id=liker.pk))
    return bool(deleted)


@transaction.atomic
def pin_comment(comment: Comment) -> bool:
    """Show a comment under one's own post before the others, as its author; return whether that is new.

    At most MAX_PINNED_COMMENTS at a time, else CommentRefusedError; those that the author no longer sees (written by
    somebody blocked or suspended meanwhile) give their place up. Comment.DoesNotExist if it has gone.
    """
    # The post's row is the lock: of two pins at once, the second counts the first.
    post = Post.objects.select_for_update(no_key=True).select_related("author").get(pk=comment.post_id)
    row = _locked(comment)
    if row is None:
        raise Comment.DoesNotExist
    if row.pinned_at is not None:
        return False
    if row.parent_id is not None or not row.is_shown:
        raise CommentRefusedError("Only a comment that everybody sees, and no reply, can be pinned.")
    pinned = Comment.objects.filter(post=post, pinned_at__isnull=False)
    seen = set(Comment.objects.visible_to(post.author).filter(pk__in=pinned).values_list("pk", flat=True))
    pinned.exclude(pk__in=seen).update(pinned_at=None)
    if len(seen) >= MAX_PINNED_COMMENTS:
        raise CommentRefusedError(f"{MAX_PINNED_COMMENTS} comments are pinned, and no more can be. Unpin one first.")
    Comment.objects.filter(pk=row.pk).update(pinned_at=timezone.now())
    return True


@transaction.atomic
def unpin_comment(comment: Comment) -> bool:
    """Undo `pin_comment`; return whether there was anything to undo."""
    return bool(Comment.objects.filter(pk=comment.pk, pinned_at__isnull=False).update(pinned_at=None))


@transaction.atomic
def set_comments_enabled(post: Post, *, on: bool) -> bool:
    """Turn comments on one's own post on or off; return True if that changed.

    When this has committed nobody adds one any more: it waits for those who are about to, and shuts others out
    meanwhile (`add_comment` enters by the same door). What was written stays.
    """
    exclusive_advisory_lock(post.pk)
    there = Post.objects.filter(pk=post.pk, deleted_at__isnull=True)
    return bool(there.filter(comments_off=on).update(comments_off=not on, version=F("version") + 1))


def change_hide_likes(post: Post, *, hide: bool) -> bool:
    """Keep to the author how many like one's own post, and who, or no longer; return whether that is new."""
    there = Post.objects.filter(pk=post.pk, deleted_at__isnull=True)
    return bool(there.filter(hide_likes=not hide).update(hide_likes=hide, version=F("version") + 1))


@transaction.atomic
def set_hidden_words(owner: User, words: Sequence[str]) -> int:
    """Make `words` one's own list, in this order; return how many there are, of those that compare alike the first.

    They are clean and within their limits. Comments that are there stay as they are.
    """
    # Locked: of two lists sent at once one is saved whole, after the other.
    User.objects.select_for_update(no_key=True).only("pk").get(pk=owner.pk)
    patterns: dict[str, str] = {}
    for word in words:
        if pattern := normalize_words(word):
            patterns.setdefault(pattern, word)
    HiddenWord.objects.of(owner).delete()
    HiddenWord.objects.bulk_create(HiddenWord(owner=owner, word=word, pattern=key) for key, word in patterns.items())
    return len(patterns)


def set_captions(medium: Media, text: str) -> None:
    """Give a video these captions, which `media.captions.read_captions` wrote, or none for ""; the old ones go.

    Raises TransientMediaError, with nothing changed, when the storage cannot be written to.
    """
    with storing_files("default", [new_key(".vtt")] if text else []) as files:
        for key in files.keys:
            store_rendition(text.encode(), ".vtt", key)
        with transaction.atomic():
            row = Media.objects.select_for_update().filter(pk=medium.pk).first()
            if row is None:
                return
            Media.objects.filter(pk=row.pk).update(captions="".join(files.keys))
            if row.post_id is not None:
                Post.objects.filter(pk=row.post_id).update(version=F("version") + 1)
            files.commit()
            old = [row.captions] if row.captions else []
            schedule_delete("default", old)
    delete_pending("default", old)
