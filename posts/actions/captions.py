"""Set the captions of videos."""

from __future__ import annotations

from django.db import transaction

from common.files import delete_pending, schedule_delete, storing_files
from media.storage import new_key, store_rendition
from posts.models import Media, Post


def set_captions(medium: Media, text: str) -> None:
    """Replace the captions of a video by `text`, WebVTT from `media.video.captions.read_captions`; "" removes them.

    Raises TransientMediaError, and changes nothing, if the storage cannot be written to.
    """
    with storing_files("default", [new_key(".vtt")] if text else []) as files:
        for key in files.keys:
            store_rendition(text.encode(), ".vtt", key)
        with transaction.atomic():
            Post.objects.lock_before_media(medium.post_id)
            row = Media.objects.select_for_update().filter(pk=medium.pk).first()
            if row is None:
                return
            Media.objects.filter(pk=row.pk).update(captions="".join(files.keys))
            files.commit()
            old = [row.captions] if row.captions else []
            schedule_delete("default", old)
    delete_pending("default", old)
