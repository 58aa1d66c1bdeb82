"""HLS renditions (RFC 8216): long videos in segments of a few seconds and in two sizes, so that players can adapt.

Each segment is its own file. Byte ranges of one file would mean fewer files, but Chromium (156) requests such a range
up to the end of the file and then aborts the transfer: it overestimates slow networks, chooses the large size, and
takes three times as long after a seek (`docs/media.md` has the figures).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO, Final

from media.probe import VideoInfo, probe_video
from media.video import ffmpeg
from media.video.encoding import H264, NO_TRACES, scale_to
from media.video.ffmpeg import VideoLimits, input_options

FROM_SECONDS: Final = 60
"""Shorter videos are small enough as one file."""
SEGMENT_SECONDS: Final = 6
SMALL_SHORT_SIDE: Final = 480
SMALL_BITS_PER_SECOND: Final = 900_000
SOUND_BITS_PER_SECOND: Final = 128_000

MASTER: Final = "master.m3u8"
LARGE: Final = "large"
SMALL: Final = "small"

KEY_FRAMES: Final = ("-force_key_frames", f"expr:gte(t,n_forced*{SEGMENT_SECONDS})")
"""Options that start segments at the same times in both sizes, between which players can then switch."""


def is_long(duration_ms: int) -> bool:
    """Return True if a video of this duration gets HLS renditions."""
    return duration_ms > FROM_SECONDS * 1000


def needs_small(width: int, height: int, size: int, duration_ms: int) -> bool:
    """Return True if a smaller rendition would save bandwidth; `size` is in bytes."""
    return min(width, height) > SMALL_SHORT_SIDE or size * 8000 > 1.5 * SMALL_BITS_PER_SECOND * duration_ms


def write_hls(
    movie: BinaryIO, info: VideoInfo, folder: Path, limits: VideoLimits, on_progress: Callable[[int], None] | None
) -> list[Path]:
    """Write the HLS files of an MP4 that we converted into `folder`, and return them, the master playlist first.

    Raises MediaError or TransientMediaError if time or space runs out. Cost: copies the large size, and encodes the
    small one.
    """
    folder.mkdir()
    common = ["-map", "0:v:0", "-map", "0:a:0?", "-map_metadata", "-1", *NO_TRACES]
    names, outputs = [LARGE], [*common, "-c", "copy", *_output_options(folder, LARGE)]
    if needs_small(info.width, info.height, info.bytes, info.duration_ms):
        # Players begin with the first size: playback starts at once, and improves when the network proves fast enough.
        names.insert(0, SMALL)
        rate = SMALL_BITS_PER_SECOND - SOUND_BITS_PER_SECOND
        outputs += [
            *(*common, "-vf", f"{scale_to(SMALL_SHORT_SIDE)},setsar=1,format=yuv420p", "-fpsmax", "30"),
            *(*H264, "-crf", "25", "-maxrate", str(rate), "-bufsize", str(2 * rate), *KEY_FRAMES),
            *("-c:a", "copy", *_output_options(folder, SMALL)),
        ]
    arguments = [*input_options("mov"), "-progress", "pipe:1", *outputs]
    ffmpeg.run(arguments, movie, limits, info.duration_ms, on_progress)
    master = folder / MASTER
    master.write_text(_master_playlist(folder, names))
    return [master, *sorted(path for path in folder.iterdir() if path != master)]


def _output_options(folder: Path, name: str) -> list[str]:
    """Return ffmpeg's options to write a playlist, an init segment and segments named `name`… into `folder`."""
    return [
        *("-f", "hls", "-hls_time", str(SEGMENT_SECONDS), "-hls_playlist_type", "vod"),
        *("-hls_segment_type", "fmp4", "-hls_flags", "independent_segments"),
        *("-hls_fmp4_init_filename", f"{name}-init.mp4", "-hls_segment_filename", f"file:{folder}/{name}-%03d.m4s"),
        f"file:{folder}/{name}.m3u8",
    ]


def _master_playlist(folder: Path, names: Iterable[str]) -> str:
    """Return the master playlist of the renditions `names`; players begin with the first that they can play."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for name in names:
        peak, average = _bits_per_second(folder, name)
        init_segment = folder / f"{name}-init.mp4"
        with init_segment.open("rb") as file:
            info = probe_video(file)
        size, codecs = f"{info.width}x{info.height}", _codecs(init_segment.read_bytes())
        attributes = f'BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},RESOLUTION={size},CODECS="{codecs}"'
        lines += [f"#EXT-X-STREAM-INF:{attributes}", f"{name}.m3u8"]
    return "\n".join([*lines, ""])


def _bits_per_second(folder: Path, name: str) -> tuple[int, int]:
    """Return the bit rate of the largest segment, and the average.

    The peak ignores a last segment of less than half the length.
    """
    segments = re.findall(r"#EXTINF:([\d.]+),\n(\S+)", (folder / f"{name}.m3u8").read_text())
    measured = [(float(seconds), 8 * (folder / segment).stat().st_size) for seconds, segment in segments]
    average = sum(bits for _, bits in measured) / sum(seconds for seconds, _ in measured)
    peak = max((bits / seconds for seconds, bits in measured if seconds >= SEGMENT_SECONDS / 2), default=average)
    return round(peak), round(average)


def _codecs(init_segment: bytes) -> str:
    """Return the codecs as RFC 6381 names them.

    The bytes after the version of `avcC` (ISO/IEC 14496-15) are profile, constraints and level.
    """
    at = init_segment.index(b"avcC") + 5
    video = f"avc1.{init_segment[at : at + 3].hex()}"
    return f"{video},mp4a.40.2" if b"mp4a" in init_segment else video
