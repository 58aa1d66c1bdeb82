"""What happens to a post after the request: its photos and videos are rendered; when it is deleted, its files go."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, BinaryIO, cast

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from common.counters import CountDelta
from common.events import publish
from common.locks import held_by_this_worker
from media.errors import MediaError, TransientMediaError
from media.photos import RENDERER, Rendered, render_photo
from media.storage import (
    delete_originals,
    delete_renditions,
    open_original,
    store_rendition,
    store_rendition_file,
)
from media.videos import render_video
from posts.actions import publish_if_ready
from posts.models import COMMENTS, LIKES, Media, Post
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

    Safe to run twice, at once or half-way: a lock lets one worker in, and files are taken back unless the row takes
    them. A photo at fault fails with its sentence; trouble of ours is tried MAX_ATTEMPTS times, the sweeper asking
    again. Does nothing if the photo is done or its post has gone.

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
    with held_by_this_worker(media_id) as is_ours:
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
    if medium.post_id is not None:
        publish_if_ready(medium.post_id)


def _make_photo(medium: Media, original: BinaryIO) -> None:
    rendered = render_photo(original)
    with _taken_back_on_failure() as keys:
        _finish(medium, rendered, keys, width=rendered.width, height=rendered.height)


def _make_video(medium: Media, original: BinaryIO) -> None:
    told_at = 0.0

    def tell(percent: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= SECONDS_BETWEEN_PROGRESS:
            told_at = time.monotonic()
            Media.objects.filter(pk=medium.pk, state=MediaState.PROCESSING).update(progress=percent)

    with render_video(original, tell) as made, _taken_back_on_failure() as keys:
        mp4 = store_rendition_file(made.mp4, ".mp4")
        keys.append(mp4)
        _finish(
            medium,
            made.poster,
            keys,
            width=made.width,
            height=made.height,
            duration_ms=made.duration_ms,
            progress=100,
            video={"mp4": mp4, "bytes": made.bytes},
        )


def _start(media_id: int) -> Media | None:
    """Count an attempt, before the work: one that kills its worker is counted too, and given up in the end."""
    medium = Media.objects.filter(pk=media_id, post__deleted_at__isnull=True).first()
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
    read, and leaves the old files then. Killed half-way it leaves files without a row, which `media_doctor` finds.
    """
    with held_by_this_worker(media_id) as is_ours:
        ready = Media.objects.filter(pk=media_id, state=MediaState.READY, post__deleted_at__isnull=True)
        medium = ready.first() if is_ours else None
        if medium is None:
            return False
        old = medium.keys
        with open_original(medium.original) as original:
            make = _make_video if medium.is_video else _make_photo
            make(medium, cast("BinaryIO", original))
        _card_changed(medium)
        delete_renditions(old)
    return True


@contextmanager
def _taken_back_on_failure() -> Iterator[list[str]]:
    """A list for the keys of public files, which are deleted when the block fails."""
    keys: list[str] = []
    try:
        yield keys
    except BaseException:
        delete_renditions(keys)
        raise


def _finish(medium: Media, rendered: Rendered, keys: list[str], **facts: Any) -> None:
    """Store the renditions, noting their keys in `keys`, and have the row take them with `facts`."""
    renditions = []
    for one in rendered.renditions:
        webp = store_rendition(one.webp, ".webp")
        keys.append(webp)
        jpeg = store_rendition(one.jpeg, ".jpg")
        keys.append(jpeg)
        renditions.append({"width": one.width, "height": one.height, "webp": webp, "jpeg": jpeg})
    taken = Media.objects.filter(pk=medium.pk, state=medium.state, post__deleted_at__isnull=True).update(
        state=MediaState.READY,
        error="",
        renditions=renditions,
        renderer=RENDERER,
        placeholder=rendered.placeholder,
        **facts,
    )
    if not taken:
        # Deleted meanwhile.
        delete_renditions(keys)


def _fail(medium: Media, reason: str) -> None:
    Media.objects.filter(pk=medium.pk).update(state=MediaState.FAILED, error=reason)
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
        for medium in post.media.select_for_update():
            delete_renditions(medium.keys)
            delete_originals([medium.original])
        post.delete()
        CountDelta.objects.filter(counter__in=[LIKES.name, COMMENTS.name], object_id=post_id).delete()


@shared_task(name="posts.sweep")
def sweep() -> int:
    """Ask again for what a lost message left undone; return for how much.

    Also publishes posts whose last photo got ready in a worker that died before it could.
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
    return len(asked) + sum(publish(purge_post, post_id=post_id) for post_id in deleted)
