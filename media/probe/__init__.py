"""Identifies uploaded files by content and reads their headers, without decoding anything.

Runs during the request, so it is plain Python that reads a few blocks. No image library is loaded into web processes,
where a vulnerability in one could expose session cookies. Damage that only a decoder can detect is found later by the
workers' child processes.

`photo` and `video` apply the site's limits (`limits`). There is a reader per format: `jpeg`, `png`, `webp`, `gif`,
`heif` (HEIC and AVIF), `movie` (MP4 and MOV) and `matroska` (WebM and MKV).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import BinaryIO

from media.errors import MediaError
from media.probe.photo import PHOTO_KINDS, PhotoInfo, is_heif, probe_photo
from media.probe.video import VIDEO_KINDS, VideoInfo, is_video, probe_video

__all__ = ["PhotoInfo", "VideoInfo", "probe", "probe_photo", "probe_video"]


def probe(file: BinaryIO, *, without: Collection[str] = ()) -> PhotoInfo | VideoInfo:
    """Return the properties of a photo or video; see `probe_photo` and `probe_video` for errors and cost."""
    file.seek(0)
    head = file.read(64)
    if is_video(head) and not is_heif(head):
        return probe_video(file, without=without)
    try:
        return probe_photo(file, without=without)
    except MediaError as error:
        if error.code != "unsupported":
            raise
        raise MediaError(
            "unsupported", f"We can't read this file as a photo or video. Use {PHOTO_KINDS}; {VIDEO_KINDS}."
        ) from error
