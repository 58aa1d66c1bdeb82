"""ffmpeg's arguments for converting a video to MP4 and for its poster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from common.limits import MAX_VIDEO_SECONDS
from media.video import hls
from media.video.encoding import H264, NO_TRACES, scale_to
from media.video.ffmpeg import input_options
from media.video.source import MAX_ANIMATION_SECONDS, UNSPECIFIED, Decoded, Source

SHORT_SIDE: Final = 1080
MAX_FRAMES_PER_SECOND: Final = 60
POSTER_FRAMES: Final = 48
"""Number of first frames from which ffmpeg chooses the most typical one, to avoid the black of a fade."""

_MIN_ANIMATION_MS: Final = 1000
"""Shorter animations are repeated, because players pause briefly at the end of each loop."""

# Passes progressive frames unchanged. One output frame for two fields keeps the frame rate.
_DEINTERLACE: Final = "bwdif=mode=send_frame:parity=auto:deint=interlaced"
_ASSUME_BT2020: Final = "setparams=colorspace=bt2020nc:color_primaries=bt2020"
_HDR_TO_SDR: Final = (
    "zscale=transfer=linear:npl=203,format=gbrpf32le,zscale=primaries=bt709,"
    "tonemap=mobius:desat=0,zscale=transfer=bt709:matrix=bt709:range=tv"
)
# Browsers too show frames with a delay of at most 10 ms for 100 ms.
_MINIMUM_DELAY: Final = "setpts='if(N,(PREV_OUTT+if(lte(T-PREV_INT,0.0101),0.1,T-PREV_INT))/TB,0)'"
_ON_WHITE: Final = (
    "format=rgba,split[picture][ground];[ground]drawbox=c=white:t=fill:replace=1[white];"
    "[white][picture]overlay=format=gbrp:eof_action=endall"
)
_TAG_BT709: Final = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"

Crop = tuple[float, float, float, float]
"""x, y, width and height as fractions of the upright image."""


def conversion_arguments(source: Source, decoded: Decoded, movie: Path, crop: Crop | None) -> list[str]:
    """Return the arguments to convert `source` to the MP4 file `movie`: H.264, AAC, index first, no metadata."""
    # A video that is too long by a second is rejected afterwards; animations are simply cut.
    max_seconds = MAX_ANIMATION_SECONDS if source.loops else MAX_VIDEO_SECONDS + 2
    filters = ",".join(_filters(source, decoded, crop))
    if source.alpha:
        graph = f"[0:{source.track}][0:{source.alpha}]alphamerge,{filters}[film]"
        picture = ["-filter_complex", graph, "-map", "[film]"]
    else:
        picture = ["-map", f"0:{source.track}", "-vf", filters]
    return [
        *input_options(source.demuxer, source.decoder),
        *(*picture, *(("-map", f"0:{decoded.sound}") if decoded.sound else ())),
        *("-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn", "-t", str(max_seconds)),
        # Animations have no constant frame rate: each frame is kept once, for its own duration.
        *(("-fps_mode", "vfr") if source.loops else ("-fpsmax", str(MAX_FRAMES_PER_SECOND))),
        *(*H264, "-crf", "23", "-maxrate", "8M", "-bufsize", "16M", *(hls.KEY_FRAMES if source.may_be_long else ())),
        *("-c:a", "aac", "-b:a", str(hls.SOUND_BITS_PER_SECOND), "-ac", "2", "-ar", "48000"),
        *(*NO_TRACES, "-movflags", "+faststart", "-progress", "pipe:1", "-f", "mp4", f"file:{movie}"),
    ]


def _filters(source: Source, decoded: Decoded, crop: Crop | None) -> Iterator[str]:
    on_white = source.loops or decoded.has_alpha
    if source.loops:
        yield _MINIMUM_DELAY
        # Browsers ignore the pixel aspect ratio of GIFs.
        yield "setsar=1"
    else:
        yield _DEINTERLACE
    if on_white:
        yield _ON_WHITE
    if crop:
        x, y, width, height = crop
        # ffmpeg has rotated the image already. It rounds to even numbers, which keeps the colours at the edges.
        yield f"crop='max(2,iw*{width:.6f})':'max(2,ih*{height:.6f})':'iw*{x:.6f}':'ih*{y:.6f}'"
    if decoded.is_hdr:
        if decoded.primaries == UNSPECIFIED:
            yield _ASSUME_BT2020
        yield _HDR_TO_SDR
    matrix = ":out_color_matrix=bt709" if on_white else ""
    yield f"{scale_to(SHORT_SIDE)}{matrix}:out_range=tv,setsar=1,format=yuv420p"
    if on_white or decoded.is_hdr:
        yield _TAG_BT709
    if source.loops and (turns := _MIN_ANIMATION_MS // max(1, source.duration_ms)):
        yield f"loop=loop={turns}:size={source.frames}"


def poster_arguments(poster: Path) -> list[str]:
    """Return the arguments to write a typical frame from the beginning of an MP4 to the PNG file `poster`."""
    return [
        *input_options("mov"),
        *("-map", "0:V:0", "-vf", f"thumbnail=n={POSTER_FRAMES}", "-frames:v", "1", "-map_metadata", "-1"),
        *("-c:v", "png", "-f", "image2", "-update", "1", f"file:{poster}"),
    ]
