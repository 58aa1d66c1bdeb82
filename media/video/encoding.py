"""ffmpeg's output options that the MP4 and its HLS renditions share."""

from __future__ import annotations

from typing import Final

H264: Final = ("-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-g", "120", "-threads", "1")
NO_TRACES: Final = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact")
"""Keep ffmpeg's name and version out of the files."""


def scale_to(short_side: int) -> str:
    """Return a filter that makes pixels square and shrinks the short side to at most `short_side` pixels.

    Both sides become even, as H.264 with 4:2:0 requires.
    """
    factor = rf"min(1\,{short_side}/min(iw*sar\,ih))"
    return f"scale='max(2,trunc(iw*sar*{factor}/2)*2)':'max(2,trunc(ih*{factor}/2)*2)'"
