"""What the site takes just now: the probe with the switches of the settings."""

from __future__ import annotations

from typing import BinaryIO, Final

from django.conf import settings

from media.probe import PhotoInfo, probe, probe_photo
from media.probe_video import VideoInfo

_TYPES: Final = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
    # Few systems know the type of HEIC; all know the ending.
    "heic": "image/heic,image/heif,.heic,.heif",
    "gif": "image/gif",
}
_VIDEO_TYPES: Final = (
    "video/mp4,video/quicktime,video/webm,video/matroska,video/x-matroska,video/3gpp,video/3gpp2,"
    ".mp4,.m4v,.mov,.webm,.mkv,.3gp,.3g2"
)


def probe_upload(file: BinaryIO) -> PhotoInfo | VideoInfo:
    """`media.probe.probe` without the decoders that are switched off."""
    return probe(file, without=settings.DECODERS_OFF)


def probe_avatar(file: BinaryIO) -> PhotoInfo:
    """Probe a profile picture, without the decoders that are switched off."""
    return probe_photo(file, without=settings.DECODERS_OFF, is_avatar=True)


def accepted_pictures() -> str:
    """What file choosers offer for a picture. What is accepted is judged by content."""
    return ",".join(types for kind, types in _TYPES.items() if kind not in settings.DECODERS_OFF)


def accepted_uploads() -> str:
    """What file choosers offer for a slide of a post."""
    return accepted_pictures() + ("" if "video" in settings.DECODERS_OFF else f",{_VIDEO_TYPES}")
