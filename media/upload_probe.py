"""The probe with the decoders that the settings have switched off, and the types that file choosers offer."""

from __future__ import annotations

from typing import BinaryIO, Final

from django.conf import settings

from media.probe import PhotoInfo, VideoInfo, probe, probe_photo

_TYPES: Final = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
    # Few systems know the MIME type of HEIC, so the extensions are listed too.
    "heic": "image/heic,image/heif,.heic,.heif",
    "gif": "image/gif",
}
_VIDEO_TYPES: Final = (
    "video/mp4,video/quicktime,video/webm,video/matroska,video/x-matroska,video/3gpp,video/3gpp2,"
    ".mp4,.m4v,.mov,.webm,.mkv,.3gp,.3g2"
)


def probe_upload(file: BinaryIO) -> PhotoInfo | VideoInfo:
    """Probe a photo or video, without the decoders in settings.DECODERS_OFF. Raises the errors of `probe`."""
    return probe(file, without=settings.DECODERS_OFF)


def probe_avatar(file: BinaryIO) -> PhotoInfo:
    """Probe a profile picture, without the decoders in settings.DECODERS_OFF. Raises the errors of `probe_photo`."""
    return probe_photo(file, without=settings.DECODERS_OFF, is_avatar=True)


def accepted_pictures() -> str:
    """Return the `accept` attribute for photos. It is a hint for file choosers; the server checks the content."""
    return ",".join(types for kind, types in _TYPES.items() if kind not in settings.DECODERS_OFF)


def accepted_uploads() -> str:
    """Return the `accept` attribute for photos and, unless switched off, videos."""
    return accepted_pictures() + ("" if "video" in settings.DECODERS_OFF else f",{_VIDEO_TYPES}")
