"""Properties of an original that its conversion depends on, from the header and from decoding its beginning."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, BinaryIO, Final

from django.conf import settings

from media.errors import MediaError
from media.probe import VideoInfo, probe
from media.probe.isobmff import iter_boxes
from media.probe.movie import read_sequence
from media.probe.video import check_switch
from media.video import ffmpeg, hls
from media.video.ffmpeg import FfmpegFailedError, VideoLimits, input_options

MAX_ANIMATION_SECONDS: Final = 60
"""Longer animations are cut."""
MAX_SOUNDS_TRIED: Final = 8
"""Number of audio tracks that are tried before a video is published without sound."""

DEMUXERS: Final = {
    "MP4": "mov",
    "MOV": "mov",
    "WEBM": "matroska",
    "MKV": "matroska",
    "GIF": "gif",
    "WEBP": "webp_anim",
    "PNG": "apng",
    "AVIF": "mov",
    "HEIC": "mov",
}
"""ffmpeg's demuxer for each format of the probe."""

UNSPECIFIED: Final = 2
_HDR_TRANSFERS: Final = frozenset({16, 18})
"""PQ and HLG, as numbered by ITU-T H.273."""
_PNG_COLOUR_TYPES_WITH_ALPHA: Final = frozenset({4, 6})


@dataclass(frozen=True)
class Source:
    """The original as described to ffmpeg. Tracks are given as stream specifiers."""

    demuxer: str
    duration_ms: int
    """0 if the header does not state it."""
    frames: int = 0
    """Number of frames of an animation; 0 for a video."""
    track: str = "v:0"
    alpha: str = ""
    """Another track with the transparency, or ""."""
    decoder: str = ""
    """The decoder of the video track, or "" for ffmpeg's default."""
    codec: str = ""
    sounds: tuple[str, ...] = ()
    """The audio tracks, in order of preference."""
    is_sequence: bool = False
    """True for an image sequence of an AVIF or HEIC."""

    @property
    def loops(self) -> bool:
        return self.frames > 1

    @property
    def may_be_long(self) -> bool:
        """Return True if the result may be long enough for HLS."""
        return hls.is_long(self.duration_ms) or not self.duration_ms


@dataclass(frozen=True)
class Decoded:
    """Properties of an original that only decoding reveals."""

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    """`primaries` and `transfer` are numbered by ITU-T H.273."""
    has_alpha: bool = False
    sound: str = ""
    """Stream specifier of the first audio track that can be decoded, or ""."""

    @property
    def is_hdr(self) -> bool:
        return self.transfer in _HDR_TRANSFERS


def probe_source(original: BinaryIO) -> Source:
    """Probe a video or animation with the decoders that are switched on. Raises MediaError."""
    check_switch(settings.DECODERS_OFF)
    info = probe(original, without=settings.DECODERS_OFF)
    demuxer = DEMUXERS.get(info.format, "")
    if isinstance(info, VideoInfo):
        return Source(
            demuxer,
            info.duration_ms,
            track=info.track,
            codec=info.codec,
            sounds=info.sounds,
            decoder=info.decoder,
        )
    if not info.is_animated:
        raise MediaError("unsupported", "This is a photo and not a video. Share it again.")
    source = Source(demuxer, min(info.duration_ms, MAX_ANIMATION_SECONDS * 1000), frames=info.frames)
    sequence = read_sequence(original, info.bytes) if demuxer == "mov" else None
    if sequence is None:
        return source
    alpha = f"i:{sequence.alpha.id}" if sequence.alpha else ""
    return replace(source, track=f"i:{sequence.pictures.id}", alpha=alpha, is_sequence=True)


def hide_still_images(original: BinaryIO, copy: IO[bytes]) -> IO[bytes]:
    """Copy an AVIF or HEIC to `copy` with its `meta` boxes marked as free, so that only its tracks are found.

    ffmpeg also lists still images as tracks, and their ids may equal ids of the sequence.
    """
    original.seek(0)
    shutil.copyfileobj(original, copy)
    for box in iter_boxes(original, 0, original.seek(0, os.SEEK_END)):
        if box.kind == b"meta":
            # The type precedes the content, with eight bytes of length between them in a large box.
            original.seek(box.start - 16)
            copy.seek(box.start - 16 + original.read(16).rindex(b"meta"))
            copy.write(b"free")
    copy.flush()
    return copy


def decode_beginning(source: Source, file: IO[bytes] | BinaryIO, picture: Path, limits: VideoLimits) -> Decoded:
    """Decode the first frame, to the PNG file `picture`, and a piece of sound, which no header can replace.

    Raises MediaError if no frame can be decoded. Cost: one run of ffmpeg, or one more per audio track that fails.
    """
    if source.loops and not source.is_sequence:
        return Decoded()
    # The chunks of the PNG state how ffmpeg interpreted the colours of the frame.
    frame = ["-map", f"0:{source.track}", "-frames:v", "1", "-vf", "scale=16:16", "-map_metadata", "-1"]
    frame += ["-c:v", "png", "-f", "image2", "-update", "1", f"file:{picture}"]
    sounds = source.sounds[:MAX_SOUNDS_TRIED]
    sound = _first_decodable(source, file, sounds[:1], limits, frame)
    if not picture.exists():
        try:
            ffmpeg.run([*input_options(source.demuxer, source.decoder), *frame], file, limits, source.duration_ms)
        except FfmpegFailedError as error:
            if error.exit_code in ffmpeg.NO_DECODER_CODES:
                raise ffmpeg.unsupported_codec(source.codec) from error
            if not picture.exists():
                raise
        if not picture.exists():
            raise ffmpeg.unreadable()
    if not sound:
        sound = _first_decodable(source, file, sounds, limits)
    head = picture.read_bytes().partition(b"IDAT")[0]
    _, found, numbers = head.partition(b"cICP")
    has_alpha = bool(source.alpha) or head[25] in _PNG_COLOUR_TYPES_WITH_ALPHA
    if not found:
        return Decoded(has_alpha=has_alpha, sound=sound)
    return Decoded(numbers[0], numbers[1], has_alpha, sound)


def _first_decodable(
    source: Source,
    file: IO[bytes] | BinaryIO,
    sounds: Sequence[str],
    limits: VideoLimits,
    frame: Sequence[str] = (),
) -> str:
    """Return the first of `sounds` that ffmpeg can decode, or "". The same run writes `frame`."""
    for sound in sounds:
        with contextlib.suppress(FfmpegFailedError):
            piece = ["-map", f"0:{sound}", "-frames:a", "1", "-f", "null", "pipe:1"]
            options = input_options(source.demuxer, source.decoder)
            ffmpeg.run([*options, *frame, *piece], file, limits, source.duration_ms)
            return sound
    return ""
