"""What happens to a post after the request: its photos are rendered; when it is deleted, its files go."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import BinaryIO, cast

from celery import shared_task
from django.db import OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from common.counters import CountDelta
from common.events import publish
from common.locks import held_by_this_worker
from media.errors import MediaError, TransientMediaError
from media.photos import Rendered, render_photo
from media.storage import delete_originals, delete_renditions, open_original, store_rendition
from posts.actions import publish_if_ready
from posts.models import COMMENTS, LIKES, Media, Post
from posts.models.media import MAX_ATTEMPTS, MediaState

log = logging.getLogger(__name__)

SWEEP_AFTER_SECONDS = 30
"""Longer than a photo takes when nothing waits; a longer queue only makes the sweeper ask in vain."""

SWEEP_BATCH = 200
GAVE_UP = "Something went wrong on our side while we processed this photo. Try again."


@shared_task(name="posts.process_media")
def process_media(media_id: int) -> None:
    """Render one photo, and publish its post if it was the last.

    Safe to run twice, at once or half-way: a lock lets one worker in, and files are taken back unless the row takes
    them. A photo at fault fails with its sentence; trouble of ours is tried MAX_ATTEMPTS times, the sweeper asking
    again. Does nothing if the photo is done or its post has gone.

    Cost: 0.4 seconds of CPU and 50 MB, in a child process, for 13 megapixels.
    """
    with held_by_this_worker(media_id) as is_ours:
        medium = _start(media_id) if is_ours else None
        if medium is None:
            return
        try:
            with open_original(medium.original) as original:
                rendered = render_photo(cast("BinaryIO", original))
            _finish(medium, rendered)
        except TransientMediaError as error:
            log.warning("photo %s, attempt %s: %s", media_id, medium.attempts, error)
            if medium.attempts >= MAX_ATTEMPTS:
                _fail(medium, str(error))
        except MediaError as error:
            _fail(medium, str(error))
    publish_if_ready(medium.post_id)


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


def _finish(medium: Media, rendered: Rendered) -> None:
    keys: list[str] = []
    try:
        renditions = []
        for one in rendered.renditions:
            webp = store_rendition(one.webp, ".webp")
            keys.append(webp)
            jpeg = store_rendition(one.jpeg, ".jpg")
            keys.append(jpeg)
            renditions.append({"width": one.width, "height": one.height, "webp": webp, "jpeg": jpeg})
        taken = Media.objects.filter(pk=medium.pk, state=MediaState.PROCESSING, post__deleted_at__isnull=True).update(
            state=MediaState.READY,
            error="",
            renditions=renditions,
            placeholder=rendered.placeholder,
            width=rendered.width,
            height=rendered.height,
        )
    except BaseException:
        delete_renditions(keys)
        raise
    if not taken:
        # Deleted meanwhile.
        delete_renditions(keys)


def _fail(medium: Media, reason: str) -> None:
    Media.objects.filter(pk=medium.pk).update(state=MediaState.FAILED, error=reason)
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
    ids = list(unfinished.order_by("queued_at").values_list("pk", flat=True)[:SWEEP_BATCH])
    asked = [media_id for media_id in ids if publish(process_media, media_id=media_id)]
    # A photo that waits in a long queue is asked for once every SWEEP_AFTER_SECONDS, not at every sweep.
    Media.objects.filter(pk__in=asked).update(queued_at=now)

    waiting = Post.objects.filter(published_at__isnull=True, deleted_at__isnull=True)
    ready = waiting.exclude(media__state__in=[MediaState.PENDING, MediaState.PROCESSING, MediaState.FAILED])
    for post_id in ready.values_list("pk", flat=True)[:SWEEP_BATCH]:
        publish_if_ready(post_id)

    deleted = Post.objects.filter(deleted_at__lt=overdue).values_list("pk", flat=True)[:SWEEP_BATCH]
    return len(asked) + sum(publish(purge_post, post_id=post_id) for post_id in deleted)
