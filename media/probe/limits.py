"""Limits of the probe: how much structure the readers follow, and the dimensions and lengths that the site accepts.

`common.limits` has the limits that the rest of the site needs too.
"""

from __future__ import annotations

from typing import Final

from common.limits import (
    MAX_PHOTO_PIXELS,
    MAX_PHOTO_RATIO,
    MAX_PHOTO_SIDE,
    MAX_VIDEO_SECONDS,
    MAX_VIDEO_SIDE,
    MIN_AVATAR_SIDE,
    MIN_PHOTO_RATIO,
    MIN_PHOTO_SIDE,
    MIN_VIDEO_SECONDS,
    MIN_VIDEO_SIDE,
)
from media.errors import MediaError

MAX_JPEG_SCANS: Final = 100
"""Encoders write about ten. The decoder passes over the whole image for each, so thousands are an attack."""

MAX_JPEG_SEGMENTS: Final = 200_000
"""Each costs the probe 1.5 µs, and the decoder more."""

MAX_CHUNKS: Final = 100_000
"""Maximum number of chunks of a PNG or WebP, or blocks of a GIF. A 30 MB PNG in the usual chunks of 8 KB has 4,000."""

MAX_TEXT_BYTES: Final = 1024 * 1024
"""Maximum size of an unpacked text chunk of a PNG. Pillow, which reads texts whether we need them or not, has the same
limit."""

MAX_ANIMATION_FRAMES: Final = 3_000
"""Maximum number of frames converted to a video, a minute at 50 per second. Longer animations become a photo of their
first frame."""

MAX_ANIMATION_PIXELS: Final = 2_000_000_000
"""The same limit for the pixels of all frames: 1,000 frames of 1080p, or a minute at 50 per second of 800 × 800."""

MAX_BOXES: Final = 10_000
"""Maximum number of boxes per level of an ISO base media file."""

MAX_META_BYTES: Final = 4 * 1024 * 1024
"""Maximum size of a box that is read whole. The description of a phone's photo takes a few kilobytes."""

MAX_INDEX_BYTES: Final = 64 * 1024 * 1024
"""Maximum size of the index (`moov`) of an MP4 or MOV. The probe reads only parts of an index."""

MAX_TRACKS: Final = 100


def check_photo_size(width: int, height: int, *, is_avatar: bool) -> None:
    """Raise MediaError if a photo of these upright dimensions is too large, too small, or cannot be cropped to fit."""
    if max(width, height) > MAX_PHOTO_SIDE or width * height > MAX_PHOTO_PIXELS:
        raise MediaError(
            "too-many-pixels",
            f"This photo has {width:,} × {height:,} pixels. Photos can have at most {MAX_PHOTO_SIDE:,} a side and "
            f"{MAX_PHOTO_PIXELS // 1_000_000} megapixels in all. Make it smaller and try again.",
        )
    least, side, rule = (
        (MIN_AVATAR_SIDE, min(width, height), f"Profile photos need at least {MIN_AVATAR_SIDE} on the shorter side")
        if is_avatar
        else (MIN_PHOTO_SIDE, max(width, height), f"Photos need at least {MIN_PHOTO_SIDE} on the longer side")
    )
    if side < least or not min(width, height):
        raise MediaError("too-small", f"This photo has {width:,} × {height:,} pixels. {rule}. Choose a larger one.")
    if not is_avatar and min(width, height) * MAX_PHOTO_RATIO < MIN_PHOTO_SIDE:
        # Every crop of an accepted shape would be too small.
        raise MediaError(
            "shape",
            f"This photo has {width:,} × {height:,} pixels. Photos can be at most {MAX_PHOTO_RATIO:.0f} times as wide "
            f"as high, or {1 / MIN_PHOTO_RATIO:.0f} times as high as wide, and a crop of this one would be too small. "
            "Choose another one.",
        )


def check_video_size(width: int, height: int) -> None:
    """Raise MediaError if a video of these upright dimensions is too large, too small, too wide or too tall."""
    size = f"This video has {width:,} × {height:,} pixels"
    if max(width, height) > MAX_VIDEO_SIDE:
        raise MediaError(
            "too-many-pixels",
            f"{size}. Videos can have at most {MAX_VIDEO_SIDE:,} on each side. Make it smaller and try again.",
        )
    if max(width, height) < MIN_VIDEO_SIDE or not min(width, height):
        raise MediaError(
            "too-small", f"{size}. Videos need at least {MIN_VIDEO_SIDE} on the longer side. Choose a larger one."
        )
    if not MIN_PHOTO_RATIO <= width / height <= MAX_PHOTO_RATIO:
        raise MediaError(
            "shape", f"{size}. One side can be at most {MAX_PHOTO_RATIO:.0f} times the other. Crop it and try again."
        )


def check_duration(duration_ms: int) -> None:
    """Raise MediaError if a video of this length is too short or too long."""
    if duration_ms < MIN_VIDEO_SECONDS * 1000:
        raise MediaError(
            "too-short",
            f"This video is {duration_ms / 1000:.1f} seconds long. Videos need at least {MIN_VIDEO_SECONDS}. "
            "Choose a longer one.",
        )
    # Allows an extra second: cameras stop a few frames late.
    if duration_ms > (MAX_VIDEO_SECONDS + 1) * 1000:
        raise MediaError(
            "too-long",
            f"This video is {_clock(duration_ms)} long. The limit is {MAX_VIDEO_SECONDS // 60} minutes. "
            "Shorten it and try again.",
        )


def _clock(duration_ms: int) -> str:
    minutes, seconds = divmod(round(duration_ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02} hours" if hours else f"{minutes}:{seconds:02} minutes"
