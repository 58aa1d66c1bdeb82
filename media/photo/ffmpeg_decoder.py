"""Decoding of large WebP and AVIF images with ffmpeg, which keeps one copy in memory.

Pillow's decoders of these formats keep up to four copies: 940 MB for 60 megapixels. Imported by the renderer's child
process alone; ffmpeg runs within its limits.
"""

from __future__ import annotations

import os
import subprocess
from typing import Final

from PIL import Image

from common.limits import MAX_PHOTO_PIXELS, MAX_PHOTO_SIDE
from media import rlimits
from media.probe import PhotoInfo

LARGE_PIXELS: Final = 16_000_000
"""Pillow decodes smaller images with at most 280 MB, in less time than ffmpeg needs to start."""

_MOST_PIXELS: Final = MAX_PHOTO_PIXELS + MAX_PHOTO_SIDE * 256
"""Includes a margin, because decoders round dimensions up to whole blocks."""

_INPUTS: Final = {"WEBP": ("webp_pipe", "webp"), "AVIF": ("mov", "libdav1d")}
# 53 dB compared with Pillow's LANCZOS of the whole image.
_SCALING: Final = "lanczos+accurate_rnd+full_chroma_int"


def is_large(info: PhotoInfo) -> bool:
    """Return True if `decode` should be tried for this photo."""
    return info.format in _INPUTS and info.width * info.height >= LARGE_PIXELS


def decode(ffmpeg: str, info: PhotoInfo, size: tuple[int, int], part: tuple[int, int, int, int]) -> Image.Image | None:
    """Return `part` (left, top, right, bottom) of the opaque image on standard input at `size`, before orientation.

    Returns None if ffmpeg fails; the caller then tries Pillow, which may succeed or gives a precise error.
    """
    demuxer, decoder = _INPUTS[info.format]
    left, top, right, bottom = part
    steps = [
        # Crops nothing, but fails if the decoded image is smaller than the header states, for example a single tile.
        f"crop={info.stored_size[0]}:{info.stored_size[1]}:0:0:exact=1",
        f"crop={right - left}:{bottom - top}:{left}:{top}:exact=1",
        f"scale={size[0]}:{size[1]}:flags={_SCALING}",
    ]
    command = [
        *(ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-threads", "1", "-filter_threads", "1"),
        *("-protocol_whitelist", "file,pipe", "-format_whitelist", demuxer, "-codec_whitelist", decoder),
        *("-max_pixels", str(_MOST_PIXELS), "-noautorotate", "-f", demuxer, "-c:v", decoder),
        *("-i", "file:/dev/fd/0", "-frames:v", "1", "-an", "-sn", "-dn"),
        *("-vf", ",".join(steps), "-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1"),
    ]
    parent = os.getpid()
    done = subprocess.run(
        command,
        stdin=0,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        check=False,
        preexec_fn=lambda: rlimits.die_with_parent(parent),
    )
    if done.returncode or len(done.stdout) != size[0] * size[1] * 3:
        return None
    return Image.frombytes("RGB", size, done.stdout)
