"""Long videos in pieces of a few seconds, and in two sizes: a player takes what its network carries (HLS).

Every piece is a file of its own. As ranges of one file they would be fewer to store, but Chromium (156) asks for such a
range up to the end of the file and hangs up on the way: it then takes a slow network for a fast one, chooses the large
size, and needs three times as long after a jump (`docs/media.md` has the figures).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from media.probe_video import probe_video

FROM_SECONDS: Final = 60
"""Shorter videos are one small file anyway."""
SEGMENT_SECONDS: Final = 6
SMALL_SHORT_SIDE: Final = 480
SMALL_BITS_A_SECOND: Final = 900_000
SOUND_BITS_A_SECOND: Final = 128_000

MASTER: Final = "master.m3u8"
LARGE: Final = "large"
SMALL: Final = "small"

KEY_FRAMES: Final = ("-force_key_frames", f"expr:gte(t,n_forced*{SEGMENT_SECONDS})")
"""So that both sizes are cut at the same moments."""


def needs_small(width: int, height: int, size: int, duration_ms: int) -> bool:
    """Whether a smaller one than this would help anybody: `size` in bytes."""
    return min(width, height) > SMALL_SHORT_SIDE or size * 8000 > 1.5 * SMALL_BITS_A_SECOND * duration_ms


def output_options(folder: Path, name: str) -> list[str]:
    """Return ffmpeg's options to write a playlist, an init segment and segments named `name`… into `folder`."""
    return [
        *("-f", "hls", "-hls_time", str(SEGMENT_SECONDS), "-hls_playlist_type", "vod"),
        *("-hls_segment_type", "fmp4", "-hls_flags", "independent_segments"),
        *("-hls_fmp4_init_filename", f"{name}-init.mp4", "-hls_segment_filename", f"file:{folder}/{name}-%03d.m4s"),
        f"file:{folder}/{name}.m3u8",
    ]


def master_playlist(folder: Path, names: Iterable[str]) -> str:
    """The playlist of playlists. Players begin with the first one that they can play."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for name in names:
        most, average = _bits_a_second(folder, name)
        beginning = folder / f"{name}-init.mp4"
        with beginning.open("rb") as file:
            info = probe_video(file)
        size, codecs = f"{info.width}x{info.height}", _codecs(beginning.read_bytes())
        facts = f'BANDWIDTH={most},AVERAGE-BANDWIDTH={average},RESOLUTION={size},CODECS="{codecs}"'
        lines += [f"#EXT-X-STREAM-INF:{facts}", f"{name}.m3u8"]
    return "\n".join([*lines, ""])


def _bits_a_second(folder: Path, name: str) -> tuple[int, int]:
    """Of the dearest piece, and on average. A last piece of less than half the length counts only there."""
    pieces = re.findall(r"#EXTINF:([\d.]+),\n(\S+)", (folder / f"{name}.m3u8").read_text())
    measured = [(float(seconds), 8 * (folder / piece).stat().st_size) for seconds, piece in pieces]
    average = sum(bits for _, bits in measured) / sum(seconds for seconds, _ in measured)
    most = max((bits / seconds for seconds, bits in measured if seconds >= SEGMENT_SECONDS / 2), default=average)
    return round(most), round(average)


def _codecs(beginning: bytes) -> str:
    """As RFC 6381 names them: the three bytes after the version of avcC are profile, constraints and level."""
    at = beginning.index(b"avcC") + 5
    video = f"avc1.{beginning[at : at + 3].hex()}"
    return f"{video},mp4a.40.2" if b"mp4a" in beginning else video
