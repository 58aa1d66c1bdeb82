"""What happens to a post after the request: its photos and videos are rendered; when it is deleted, its files go."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, BinaryIO, cast

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from common.counters import CountDelta
from common.events import publish
from common.files import delete_pending, schedule_delete, storing_files
from common.ids import first_id_at
from common.limits import DRAFT_KEPT_DAYS, UPLOAD_KEPT_HOURS
from common.locks import try_advisory_lock
from media.errors import MediaError, TransientMediaError
from media.incoming import discard
from media.photos import RENDERER, Rendered, render_photo
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
from media.videos import RenderedVideo, render_video
from posts.actions.media import delete_medium
from posts.actions.publishing import publish_if_ready
from posts.actions.uploads import forget_upload
from posts.models import COMMENTS, LIKES, Media, Post, UploadSession
from posts.models.media import MAX_ATTEMPTS, MediaKind, MediaState

log = logging.getLogger(__name__)

SWEEP_AFTER_SECONDS = 30
"""Longer than a photo takes when nothing waits; a longer queue only makes the sweeper ask in vain."""

SWEEP_BATCH = 200
STORAGE_WAITED_FOR = timedelta(days=1)
"""So long after its upload a file is tried again and again while the storage is away or full."""

GAVE_UP = "Something went wrong on our side while we processed this file. Try again."
TOO_SLOW = "This video takes too long to convert. Save it smaller, as ordinary MP4, and try that."

VIDEO_SOFT_SECONDS = 1800
"""Longer than ffmpeg's own limit of CPU time (`media.videos.VideoLimits`), which says more."""
VIDEO_HARD_SECONDS = VIDEO_SOFT_SECONDS + 30
SECONDS_BETWEEN_PROGRESS = 1.0


@shared_task(name="posts.process_media")
def process_media(media_id: int) -> None:
    """Render one photo, and publish its post if it was the last.

    Safe to run twice, at once or half-way: a lock lets one worker in, and files that the row does not take are taken
    back, by a sweeper if this worker cannot. A photo at fault fails with its sentence; trouble of ours is tried
    MAX_ATTEMPTS times, the sweeper asking again. Does nothing if the photo is done or its post has gone.

    Cost: 0.4 seconds of CPU and 50 MB, in a child process, for 13 megapixels.
    """
    _process(media_id, _make_photo)


@shared_task(
    name="posts.process_video",
    soft_time_limit=VIDEO_SOFT_SECONDS,
    time_limit=VIDEO_HARD_SECONDS,
)
def process_video(media_id: int) -> None:
    """Convert one video, saying on its row how far it is, and publish its post if it was the last.

    Safe to run twice, and retried, as `process_media`. In a queue of its own: photos do not wait behind a film.

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
                # The file has no part in it: not an attempt. The sweeper asks again, until the storage is back.
                Media.objects.filter(pk=medium.pk).update(attempts=medium.attempts - 1)
            elif medium.attempts >= MAX_ATTEMPTS:
                _fail(medium, str(error))
        except SoftTimeLimitExceeded:
            _fail(medium, TOO_SLOW)
        except MediaError as error:
            _fail(medium, str(error))
    # Asked for now: it may have been shared meanwhile, and with edits.
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
    """Count an attempt, before the work: one that kills its worker is counted too, and given up in the end.

    Locked: what is shared at the same moment, with edits, is either read with them or pending again.
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
    """Make the files of a ready photo or video anew, swap them in one step and delete the old; return whether it did.

    The post stays as it is to everybody meanwhile. Raises MediaError when the original is gone or can no longer be
    read, and leaves the old files then. Safe to be killed.
    """
    with try_advisory_lock(media_id) as is_ours:
        ready = Media.objects.filter(pk=media_id, state=MediaState.READY, post__deleted_at__isnull=True)
        medium = ready.first() if is_ours else None
        if medium is None:
            return False
        with open_original(medium.original) as original:
            make = _make_video if medium.is_video else _make_photo
            make(medium, cast("BinaryIO", original))
        _card_changed(medium)
    return True


def _finish(medium: Media, rendered: Rendered, movie: RenderedVideo | None = None, **facts: Any) -> None:
    """Store the renditions and have the row take them with `facts`, and let go of those that it had.

    A row that is gone, or that somebody else has changed meanwhile, takes nothing; nothing is left then.
    """
    renditions = [
        {"width": one.width, "height": one.height, "webp": new_key(".webp"), "jpeg": new_key(".jpg")}
        for one in rendered.renditions
    ]
    made = Media(renditions=renditions, video=_named(movie) if movie else {})
    with storing_files("default", made.made_keys) as files:
        for one, named in zip(rendered.renditions, made.renditions, strict=True):
            store_rendition(one.webp, ".webp", named["webp"])
            store_rendition(one.jpeg, ".jpg", named["jpeg"])
        if movie:
            _store_movie(movie, made.video)
        with transaction.atomic():
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


def _named(movie: RenderedVideo) -> dict[str, Any]:
    """`Media.video` with a new key for each file of `movie`."""
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
    if Media.objects.filter(pk=medium.pk, state=medium.state).update(state=MediaState.FAILED, error=reason):
        _card_changed(medium)


def _card_changed(medium: Media) -> None:
    if medium.post_id is not None:
        Post.objects.filter(pk=medium.post_id).update(version=F("version") + 1)


@shared_task(name="posts.purge_post", autoretry_for=(OperationalError, TransientMediaError), retry_backoff=5)
def purge_post(post_id: int) -> None:
    """Delete the files and the rows of a post that its author deleted; does nothing if they are gone.

    Files first: a file without a row would never be found again, a row without files is found by the sweeper.
    """
    with transaction.atomic():
        post = Post.objects.select_for_update().filter(pk=post_id, deleted_at__isnull=False).first()
        if post is None:
            return
        # Locked: a worker that is about to hand in renditions finds the row gone, and takes them back.
        for prefix in UploadSession.objects.filter(media__post=post).values_list("prefix", flat=True):
            discard(prefix)
        for medium in post.media.select_for_update():
            delete_renditions(medium.keys)
            delete_originals([medium.original])
        post.delete()
        CountDelta.objects.filter(counter__in=[LIKES.name, COMMENTS.name], object_id=post_id).delete()


@shared_task(name="posts.purge_medium", autoretry_for=(OperationalError, TransientMediaError), retry_backoff=5)
def purge_medium(media_id: int) -> None:
    """Delete the files and the row of a photo or video that nobody shared; fine if it has gone, or is shared by now."""
    medium = Media.objects.filter(pk=media_id, post__isnull=True).first()
    if medium is not None:
        delete_medium(medium)


@shared_task(name="posts.purge_upload", autoretry_for=(OperationalError, TransientMediaError), retry_backoff=5)
def purge_upload(upload_id: int) -> None:
    """Delete what is left of an upload that was broken off, or whose file has been shared; fine if nothing is."""
    forget_upload(upload_id)


@shared_task(name="posts.sweep")
def sweep() -> int:
    """Ask again for what a lost message left undone; return for how much.

    Also publishes posts whose last photo got ready in a worker that died before it could, and has deleted what nobody
    came back for: broken uploads after UPLOAD_KEPT_HOURS, unshared files after DRAFT_KEPT_DAYS.
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
    # A file that waits in a long queue is asked for once every SWEEP_AFTER_SECONDS, not at every sweep.
    Media.objects.filter(pk__in=asked).update(queued_at=now)

    waiting = Post.objects.filter(published_at__isnull=True, deleted_at__isnull=True)
    ready = waiting.exclude(media__state__in=[MediaState.PENDING, MediaState.PROCESSING, MediaState.FAILED])
    for post_id in ready.values_list("pk", flat=True)[:SWEEP_BATCH]:
        publish_if_ready(post_id)

    deleted = Post.objects.filter(deleted_at__lt=overdue).values_list("pk", flat=True)[:SWEEP_BATCH]
    purged = sum(publish(purge_post, post_id=post_id) for post_id in deleted)
    # Ids tell how old they are.
    broken_off = UploadSession.objects.done_with().filter(pk__lt=first_id_at(now - timedelta(hours=UPLOAD_KEPT_HOURS)))
    for upload_id in broken_off.order_by("pk").values_list("pk", flat=True)[:SWEEP_BATCH]:
        purged += publish(purge_upload, upload_id=upload_id)
    left = Media.objects.filter(post__isnull=True, pk__lt=first_id_at(now - timedelta(days=DRAFT_KEPT_DAYS)))
    for media_id in left.order_by("pk").values_list("pk", flat=True)[:SWEEP_BATCH]:
        purged += publish(purge_medium, media_id=media_id)
    return len(asked) + purged
