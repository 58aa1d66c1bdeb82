"""Background tasks of posts: render photos and videos, and delete unneeded files."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, BinaryIO, cast

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, transaction
from django.utils import timezone

from common.counters import CountDelta
from common.events import publish
from common.files import delete_pending, schedule_delete, storing_files
from common.ids import first_id_at
from common.limits import DRAFT_KEPT_DAYS, UPLOAD_KEPT_HOURS
from common.locks import try_advisory_lock
from media.errors import MediaError, TransientMediaError
from media.incoming import discard
from media.photo.render import RENDERER, Rendered, render_photo
from media.storage import (
    delete_originals,
    delete_renditions,
    new_folder,
    new_key,
    open_original,
    store_folder,
    store_rendition,
    store_rendition_file,
)
from media.video.render import RenderedVideo, render_video
from posts.actions.media import delete_medium
from posts.actions.publishing import publish_if_ready
from posts.actions.uploads import forget_upload
from posts.models import COMMENTS, LIKES, Media, Post, UploadSession
from posts.models.media import MAX_ATTEMPTS, MediaKind, MediaState

log = logging.getLogger(__name__)

SWEEP_AFTER_SECONDS = 30
"""Longer than rendering a photo takes in an empty queue. In a long queue, the sweeper only sends needless messages."""

SWEEP_BATCH = 200
STORAGE_WAITED_FOR = timedelta(days=1)
"""For this long after the upload, rendering is retried while the storage is unavailable or full."""

GAVE_UP = "Something went wrong on our side while we processed this file. Try again."
TOO_SLOW = "This video takes too long to convert. Save it as a smaller, standard MP4 and try again."

VIDEO_SOFT_SECONDS = 1800
"""Longer than the CPU time limit of ffmpeg (`media.video.ffmpeg.VideoLimits`), whose error is more specific."""
VIDEO_HARD_SECONDS = VIDEO_SOFT_SECONDS + 30
SECONDS_BETWEEN_PROGRESS = 1.0


@shared_task(name="posts.process_media")
def process_media(media_id: int) -> None:
    """Render one photo, and publish its post if all other media are ready.

    Safe to run twice, also simultaneously, and to kill: a lock admits one worker, and files that did not become part
    of the row are deleted, if need be by a sweeper. A faulty photo fails with a message for its owner. Other errors
    are retried by the sweeper, up to MAX_ATTEMPTS. Does nothing if the photo is rendered or its post was deleted.

    Cost: 0.4 seconds of CPU and 50 MB, in a child process, for 13 megapixels.
    """
    _process(media_id, _make_photo)


@shared_task(
    name="posts.process_video",
    soft_time_limit=VIDEO_SOFT_SECONDS,
    time_limit=VIDEO_HARD_SECONDS,
)
def process_video(media_id: int) -> None:
    """Convert one video, recording the progress on its row, and publish its post if all other media are ready.

    Safe to run twice, and retried, like `process_media`. Has a queue of its own, so that photos do not wait for videos.

    Cost: a second of 720p takes 0.3 seconds of one core, in a child process; 300 MB for 1080p.
    """
    _process(media_id, _make_video)


def _process(media_id: int, make: Callable[[Media, BinaryIO], None]) -> None:
    with try_advisory_lock(media_id) as is_ours:
        medium = _start(media_id) if is_ours else None
        if medium is None:
            return
        try:
            with open_original(medium.original) as original:
                make(medium, cast("BinaryIO", original))
        except TransientMediaError as error:
            log.warning("%s %s, attempt %s: %s", medium.kind, media_id, medium.attempts, error)
            if error.code == "storage" and timezone.now() - medium.created_at < STORAGE_WAITED_FOR:
                # A failure of the storage does not count as an attempt. The sweeper retries until it is back.
                Media.objects.filter(pk=medium.pk).update(attempts=medium.attempts - 1)
            elif medium.attempts >= MAX_ATTEMPTS:
                _fail(medium, str(error))
        except SoftTimeLimitExceeded:
            _fail(medium, TOO_SLOW)
        except MediaError as error:
            _fail(medium, str(error))
    # Read again, because the medium may have been shared in the meantime, with edits that need another rendering.
    post_id, state = Media.objects.filter(pk=media_id).values_list("post_id", "state").first() or (None, "")
    if state == MediaState.PENDING:
        publish(process_video if medium.is_video else process_media, media_id=media_id)
    if post_id is not None:
        publish_if_ready(post_id)


def _make_photo(medium: Media, original: BinaryIO) -> None:
    rendered = render_photo(original, edits=medium.edits)
    _finish(medium, rendered, width=rendered.width, height=rendered.height)


def _make_video(medium: Media, original: BinaryIO) -> None:
    reported_at = 0.0

    def report(percent: int) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at >= SECONDS_BETWEEN_PROGRESS:
            reported_at = time.monotonic()
            Media.objects.filter(pk=medium.pk, state=MediaState.PROCESSING).update(progress=percent)

    crop = medium.edits.get("crop")
    box = (crop["x"], crop["y"], crop["width"], crop["height"]) if crop else None
    with render_video(original, report, crop=box) as made:
        _finish(
            medium,
            made.poster,
            made,
            width=made.width,
            height=made.height,
            duration_ms=made.duration_ms,
            progress=100,
        )


@transaction.atomic
def _start(media_id: int) -> Media | None:
    """Count an attempt and return the medium, or None if there is nothing to render (any more).

    Attempts are counted before the work, so a file that kills its worker runs out of them too. The row is locked: a
    simultaneous `share_post` with edits either comes first, and they are read here, or resets the state to pending.
    """
    wanted = Media.objects.filter(pk=media_id, post__deleted_at__isnull=True)
    medium = wanted.select_for_update(of=("self",)).first()
    if medium is None or medium.state not in {MediaState.PENDING, MediaState.PROCESSING}:
        return None
    if medium.attempts >= MAX_ATTEMPTS:
        _fail(medium, GAVE_UP)
        return None
    medium.state, medium.attempts = MediaState.PROCESSING, medium.attempts + 1
    medium.save(update_fields=["state", "attempts"])
    return medium


def rerender(media_id: int) -> bool:
    """Render the files of a ready photo or video again, replace the old ones in one step, and delete them.

    Returns False if the medium is not ready, is being rendered, or its post was deleted. The post remains visible.
    Raises MediaError, and keeps the old files, if the original is missing or unreadable. Safe to kill.
    """
    with try_advisory_lock(media_id) as is_ours:
        ready = Media.objects.filter(pk=media_id, state=MediaState.READY, post__deleted_at__isnull=True)
        medium = ready.first() if is_ours else None
        if medium is None:
            return False
        with open_original(medium.original) as original:
            make = _make_video if medium.is_video else _make_photo
            make(medium, cast("BinaryIO", original))
    return True


def _finish(medium: Media, rendered: Rendered, movie: RenderedVideo | None = None, **facts: Any) -> None:
    """Store the renditions, save them and `facts` on the row, and delete the files that it had before.

    If the row was deleted, or its state or edits changed in the meantime, the new files are deleted instead.
    """
    renditions = [
        {"width": one.width, "height": one.height, "webp": new_key(".webp"), "jpeg": new_key(".jpg")}
        for one in rendered.renditions
    ]
    made = Media(renditions=renditions, video=_keys_for(movie) if movie else {})
    with storing_files("default", made.made_keys) as files:
        for one, named in zip(rendered.renditions, made.renditions, strict=True):
            store_rendition(one.webp, ".webp", named["webp"])
            store_rendition(one.jpeg, ".jpg", named["jpeg"])
        if movie:
            _store_movie(movie, made.video)
        with transaction.atomic():
            Post.objects.lock_before_media(medium.post_id)
            unchanged = Media.objects.filter(pk=medium.pk, state=medium.state, edits=medium.edits)
            taken = unchanged.filter(post__deleted_at__isnull=True).update(
                state=MediaState.READY,
                error="",
                renditions=made.renditions,
                video=made.video,
                renderer=RENDERER,
                placeholder=rendered.placeholder,
                **facts,
            )
            if taken:
                files.commit()
                schedule_delete("default", medium.made_keys)
    if taken:
        delete_pending("default", medium.made_keys)


def _keys_for(movie: RenderedVideo) -> dict[str, Any]:
    """Return a value for `Media.video`, with a new key for each file of `movie`."""
    video: dict[str, Any] = {"mp4": new_key(".mp4"), "bytes": movie.bytes}
    if movie.loops:
        video["loops"] = True
    if movie.lost_sound:
        video["lost_sound"] = True
    if movie.hls:
        video["files"] = new_folder(path.name for path in movie.hls)
        video["hls"] = video["files"][0]
    return video


def _store_movie(movie: RenderedVideo, video: dict[str, Any]) -> None:
    store_rendition_file(movie.mp4, ".mp4", video["mp4"])
    store_folder(movie.hls, video.get("files", []))


def _fail(medium: Media, reason: str) -> None:
    Media.objects.filter(pk=medium.pk, state=medium.state).update(state=MediaState.FAILED, error=reason)


@shared_task(name="posts.purge_post", autoretry_for=(OperationalError, TransientMediaError), retry_backoff=5)
def purge_post(post_id: int) -> None:
    """Delete the files and the rows of a post that its author deleted. Does nothing if they no longer exist.

    Files come first: if the task is killed half-way, the sweeper finds the post by its row. Retried, with growing
    delays, while the database or the storage is unavailable.
    """
    with transaction.atomic():
        post = Post.objects.select_for_update().filter(pk=post_id, deleted_at__isnull=False).first()
        if post is None:
            return
        # The locks make a worker that finishes rendering now find the row gone, and delete its renditions.
        for prefix in UploadSession.objects.filter(media__post=post).values_list("prefix", flat=True):
            discard(prefix)
        for medium in post.media.select_for_update():
            delete_renditions(medium.keys)
            delete_originals([medium.original])
        post.delete()
        CountDelta.objects.filter(counter__in=[LIKES.name, COMMENTS.name], object_id=post_id).delete()


@shared_task(name="posts.purge_medium", autoretry_for=(OperationalError, TransientMediaError), retry_backoff=5)
def purge_medium(media_id: int) -> None:
    """Delete the files and the row of an unshared photo or video. Does nothing if it is shared or no longer exists."""
    medium = Media.objects.filter(pk=media_id, post__isnull=True).first()
    if medium is not None:
        delete_medium(medium)


@shared_task(name="posts.purge_upload", autoretry_for=(OperationalError, TransientMediaError), retry_backoff=5)
def purge_upload(upload_id: int) -> None:
    """Delete the parts and the row of an abandoned upload, or of one whose file was shared. Safe to repeat."""
    forget_upload(upload_id)


@shared_task(name="posts.sweep")
def sweep() -> int:
    """Queue work again whose message was lost; return the number of messages.

    Also publishes posts whose worker died after the last rendering, and queues the deletion of abandoned uploads after
    UPLOAD_KEPT_HOURS and of unshared files after DRAFT_KEPT_DAYS. At most SWEEP_BATCH of each kind per run.
    """
    now = timezone.now()
    overdue = now - timedelta(seconds=SWEEP_AFTER_SECONDS)
    unfinished = Media.objects.filter(
        state__in=[MediaState.PENDING, MediaState.PROCESSING], queued_at__lt=overdue, post__deleted_at__isnull=True
    )
    found = list(unfinished.order_by("queued_at").values_list("pk", "kind")[:SWEEP_BATCH])
    asked = [
        media_id
        for media_id, kind in found
        if publish(process_video if kind == MediaKind.VIDEO else process_media, media_id=media_id)
    ]
    # In a long queue, a file gets a new message once every SWEEP_AFTER_SECONDS, and not at every sweep.
    Media.objects.filter(pk__in=asked).update(queued_at=now)

    waiting = Post.objects.filter(published_at__isnull=True, deleted_at__isnull=True)
    ready = waiting.exclude(media__state__in=[MediaState.PENDING, MediaState.PROCESSING, MediaState.FAILED])
    for post_id in ready.values_list("pk", flat=True)[:SWEEP_BATCH]:
        publish_if_ready(post_id)

    deleted = Post.objects.filter(deleted_at__lt=overdue).values_list("pk", flat=True)[:SWEEP_BATCH]
    purged = sum(publish(purge_post, post_id=post_id) for post_id in deleted)
    # Ids contain the time of creation.
    broken_off = UploadSession.objects.done_with().filter(pk__lt=first_id_at(now - timedelta(hours=UPLOAD_KEPT_HOURS)))
    for upload_id in broken_off.order_by("pk").values_list("pk", flat=True)[:SWEEP_BATCH]:
        purged += publish(purge_upload, upload_id=upload_id)
    left = Media.objects.filter(post__isnull=True, pk__lt=first_id_at(now - timedelta(days=DRAFT_KEPT_DAYS)))
    for media_id in left.order_by("pk").values_list("pk", flat=True)[:SWEEP_BATCH]:
        purged += publish(purge_medium, media_id=media_id)
    return len(asked) + purged
