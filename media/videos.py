"""From an uploaded video or animation to the files that pages show: an MP4 that every browser plays, and a poster.

Of long ones also the same in pieces and in two sizes, for networks that cannot carry the MP4: see `media.hls`.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import logging
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, BinaryIO, Final

import imageio_ffmpeg
from django.conf import settings

from common.limits import MAX_VIDEO_SECONDS
from media import hls
from media.child_process import ROOT, with_descriptor
from media.errors import MediaError, TransientMediaError
from media.isobmff import iter_boxes, read_sequence
from media.photos import WIDTHS, Rendered, render_photo
from media.probe import probe
from media.probe_video import VideoInfo, check_duration, check_switch, probe_video

log = logging.getLogger(__name__)

SHORT_SIDE: Final = 1080
MAX_FRAMES_A_SECOND: Final = 60
POSTER_FRAMES: Final = 48
"""Of so many frames at the beginning the most typical one is the poster: not the black of a fade."""

WALL_SECONDS_MORE: Final = 30

MAX_SOUNDS_TRIED: Final = 8
"""Tracks of sound that are tried before a film is published without."""

# ffmpeg ends with the lowest byte of its error, which is minus the system's number or four letters of its own.
_NO_SPACE: Final = 256 - errno.ENOSPC
_TOO_LONG_A_FILE: Final = 256 - errno.EFBIG
_NO_DECODER: Final = frozenset({256 - errno.EINVAL, 256 - 0xF8})

MAX_ANIMATION_SECONDS: Final = 60
"""More of an animation is cut off."""
_LEAST_ANIMATION_MS: Final = 1000
"""Shorter ones are written several times over: players stumble at the end of every turn."""

_FORMATS: Final = {
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
# What phones, cameras, browsers and editors write. Of ffmpeg's five hundred decoders no other can be reached.
_FILM_DECODERS: Final = (
    "h264,hevc,libdav1d,vp8,libvpx,vp9,libvpx-vp9,mpeg4,mjpeg,prores,"
    # Cameras and phones of earlier years, tape, editors, and this year's phones.
    "h263,mpeg1video,mpeg2video,dvvideo,dnxhd,theora,apv,"
    "aac,mp3,mp3float,mp2,mp2float,opus,libopus,vorbis,libvorbis,alac,ac3,eac3,dca,flac,"
    "amrnb,amrwb,qcelp,evrc,gsm,gsm_ms,ilbc,pcm_mulaw,pcm_alaw,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,"
    "pcm_s8,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,"
    "pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be"
)
_READABLE: Final = {
    "mov": ("mov", _FILM_DECODERS),
    "matroska": ("matroska,webm", _FILM_DECODERS),
    "gif": ("gif", "gif"),
    "webp_anim": ("webp_anim", "webp_anim"),
    "apng": ("apng", "apng"),
}
"""For each demuxer, itself by all its names, and the decoders for what it finds."""

# Frames that are not interlaced pass as they are. One frame of each two fields keeps the rate of frames.
_DEINTERLACED: Final = "bwdif=mode=send_frame:parity=auto:deint=interlaced"
_HDR_TRANSFERS: Final = frozenset({16, 18})
"""PQ and HLG, in the numbers of ITU-T H.273."""
_UNSPECIFIED: Final = 2
_PNG_WITH_ALPHA: Final = frozenset({4, 6})
"""The types of colour that have transparency, in PNG's numbers."""
_USUAL_HDR: Final = "setparams=colorspace=bt2020nc:color_primaries=bt2020"
_TO_SDR: Final = (
    "zscale=transfer=linear:npl=203,format=gbrpf32le,zscale=primaries=bt709,"
    "tonemap=mobius:desat=0,zscale=transfer=bt709:matrix=bt709:range=tv"
)
# As browsers do: a frame that asks for a hundredth of a second gets a tenth.
_UNHURRIED: Final = "setpts='if(N,(PREV_OUTT+if(lte(T-PREV_INT,0.0101),0.1,T-PREV_INT))/TB,0)'"
_ON_WHITE: Final = (
    "format=rgba,split[picture][ground];[ground]drawbox=c=white:t=fill:replace=1[white];"
    "[white][picture]overlay=format=gbrp:eof_action=endall"
)
_H264: Final = ("-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-g", "120", "-threads", "1")
_NO_TRACES: Final = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact")
_COLOURS_OF_VIDEO: Final = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"

Crop = tuple[float, float, float, float]
"""x, y, width and height, as fractions of the upright picture."""


@dataclass(frozen=True)
class VideoLimits:
    """What one video may cost.

    CPU: a second of 1080p takes 0.5 to 1.5 s of one core, of 4K up to 4 s; a minute more for slow machines, and
    MAX_SECONDS is the end of it. Memory is address space: 4K took 0.9 GB, of which the half is never touched.
    """

    memory_bytes: int = 3 * 1024 * 1024 * 1024
    file_bytes: int = 1024 * 1024 * 1024
    seconds_for_each: float = 6
    seconds_more: float = 60
    most_seconds: float = 1700

    def seconds_for(self, duration_ms: int) -> float:
        """Of CPU time, for one run of ffmpeg."""
        known = duration_ms / 1000 if duration_ms else MAX_VIDEO_SECONDS
        return min(self.most_seconds, self.seconds_more + self.seconds_for_each * known)


@dataclass(frozen=True)
class RenderedVideo:
    """What pages need of one video. Sizes in pixels, upright."""

    width: int
    height: int
    duration_ms: int
    mp4: BinaryIO
    """H.264 and AAC, its index first, without metadata. Open for as long as the block of `render_video`."""
    bytes: int
    poster: Rendered
    loops: bool = False
    """An animation: it has no sound, and runs over and over."""
    lost_sound: bool = False
    """The original has sound, and none of its tracks could be decoded."""
    hls: Sequence[Path] = ()
    """Of one longer than `media.hls.FROM_SECONDS`, files that name each other by name; `media.hls.MASTER` is first."""


@contextmanager
def render_video(
    original: BinaryIO,
    on_progress: Callable[[int], None] | None = None,
    *,
    crop: Crop | None = None,
    limits: VideoLimits = VideoLimits(),
) -> Iterator[RenderedVideo]:
    """Convert `original`, upright, at most SHORT_SIDE on the short side, and hand out the result within the block.

    `original` may be anything: it is probed again, and ffmpeg runs as a process with limits, which can open nothing
    but this file and read it as nothing but what the probe found. `on_progress` is called with whole per cent, from
    1 on. Raises MediaError when it cannot be shown, TransientMediaError when trying again may help.

    Cost: for a second of 720p some 0.3 s of one core, half as much again for long ones; no file is in memory whole.
    Its first frame is decoded once more, to learn what only the decoder knows.
    """
    source = _probe(original)
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        spare = held.enter_context(tempfile.TemporaryFile())
        file = _without_items(original, spare) if source.is_sequence else with_descriptor(original, spare)
        movie, poster = folder / "video.mp4", folder / "poster.png"
        progress = _Progress(on_progress, rounds=2 if source.may_be_long else 1)
        look = _look(source, file, folder / "first.png", limits)
        _run(_conversion(source, look, movie, crop), file, limits, source.duration_ms, progress.of_round(0))
        made = held.enter_context(movie.open("rb"))
        result = _made(made, is_animation=source.loops)
        _run(_portrait(poster), made, limits, 1000)
        pieces = _pieces(made, result, folder, limits, progress) if _is_long(result.duration_ms) else []
        made.seek(0)
        yield RenderedVideo(
            width=result.width,
            height=result.height,
            duration_ms=result.duration_ms,
            mp4=made,
            bytes=result.bytes,
            poster=render_photo(io.BytesIO(poster.read_bytes()), WIDTHS),
            loops=source.loops,
            lost_sound=bool(source.sounds) and not look.sound,
            hls=pieces,
        )


@dataclass(frozen=True)
class _Source:
    """What ffmpeg is told of the original."""

    demuxer: str
    duration_ms: int
    """0 if the header does not say."""
    frames: int = 0
    """Of an animation."""
    track: str = "v:0"
    """Stream specifier of the film."""
    alpha: str = ""
    """Stream specifier of another track that says how opaque the film is."""
    decoder: str = ""
    """The decoder of the film, where it is not to be ffmpeg's own choice."""
    codec: str = ""
    sounds: tuple[str, ...] = ()
    """Stream specifiers of the tracks of sound, the one to be preferred first."""
    is_sequence: bool = False
    """Pictures in the tracks of an AVIF or HEIC."""

    @property
    def loops(self) -> bool:
        return self.frames > 1

    @property
    def may_be_long(self) -> bool:
        return _is_long(self.duration_ms) or not self.duration_ms


def _is_long(duration_ms: int) -> bool:
    return duration_ms > hls.FROM_SECONDS * 1000


def _probe(original: BinaryIO) -> _Source:
    check_switch(settings.DECODERS_OFF)
    info = probe(original, without=settings.DECODERS_OFF)
    demuxer = _FORMATS.get(info.format, "")
    if isinstance(info, VideoInfo):
        return _Source(
            demuxer,
            info.duration_ms,
            track=info.track,
            codec=info.codec,
            sounds=info.sounds,
            decoder=info.decoder,
        )
    if not info.is_animated:
        raise MediaError("unsupported", "This is a photo and no video. Share it again.")
    source = _Source(demuxer, min(info.duration_ms, MAX_ANIMATION_SECONDS * 1000), frames=info.frames)
    sequence = read_sequence(original, info.bytes) if demuxer == "mov" else None
    if sequence is None:
        return source
    alpha = f"i:{sequence.alpha.id}" if sequence.alpha else ""
    return replace(source, track=f"i:{sequence.pictures.id}", alpha=alpha, is_sequence=True)


def _without_items(original: BinaryIO, copy: IO[bytes]) -> IO[bytes]:
    """Write to `copy` an AVIF or HEIC whose tracks alone can be found.

    ffmpeg would also take its single pictures for tracks, which may have the same ids.
    """
    original.seek(0)
    shutil.copyfileobj(original, copy)
    for box in iter_boxes(original, 0, original.seek(0, os.SEEK_END)):
        if box.kind == b"meta":
            # The name is the four bytes before the content, except of a box with a length of eight bytes.
            original.seek(box.start - 16)
            copy.seek(box.start - 16 + original.read(16).rindex(b"meta"))
            copy.write(b"free")
    copy.flush()
    return copy


@dataclass(frozen=True)
class _Look:
    """What the decoders told of the original."""

    primaries: int = _UNSPECIFIED
    transfer: int = _UNSPECIFIED
    """As H.273 numbers them."""
    has_alpha: bool = False
    sound: str = ""
    """Stream specifier of the first track of sound that can be decoded; "" if there is none."""

    @property
    def is_hdr(self) -> bool:
        return self.transfer in _HDR_TRANSFERS


def _look(source: _Source, file: IO[bytes] | BinaryIO, picture: Path, limits: VideoLimits) -> _Look:
    """Decode the first frame and a first piece of sound: the header alone does not say what the decoders can read.

    Raises MediaError when no frame can be decoded.
    """
    if source.loops and not source.is_sequence:
        return _Look()
    # As PNG, whose few chunks say how the frame was to be understood.
    frame = ["-map", f"0:{source.track}", "-frames:v", "1", "-vf", "scale=16:16", "-map_metadata", "-1"]
    frame += ["-c:v", "png", "-f", "image2", "-update", "1", f"file:{picture}"]
    sounds = source.sounds[:MAX_SOUNDS_TRIED]
    sound = _first_sound(source, file, sounds[:1], limits, frame)
    if not picture.exists():
        try:
            _run([*_reading(source.demuxer, source.decoder), *frame], file, limits, source.duration_ms)
        except _EndedError as error:
            if error.exit_code in _NO_DECODER:
                raise _unsupported(source.codec) from error
            if not picture.exists():
                raise
        if not picture.exists():
            raise _unreadable()
    if not sound:
        sound = _first_sound(source, file, sounds, limits)
    head = picture.read_bytes().partition(b"IDAT")[0]
    _, found, numbers = head.partition(b"cICP")
    has_alpha = bool(source.alpha) or head[25] in _PNG_WITH_ALPHA
    if not found:
        return _Look(has_alpha=has_alpha, sound=sound)
    return _Look(numbers[0], numbers[1], has_alpha, sound)


def _first_sound(
    source: _Source,
    file: IO[bytes] | BinaryIO,
    sounds: Sequence[str],
    limits: VideoLimits,
    frame: Sequence[str] = (),
) -> str:
    """Return the first of `sounds` of which ffmpeg can decode a piece, or "". `frame` is written in the same run."""
    for sound in sounds:
        with contextlib.suppress(_EndedError):
            piece = ["-map", f"0:{sound}", "-frames:a", "1", "-f", "null", "pipe:1"]
            _run([*_reading(source.demuxer, source.decoder), *frame, *piece], file, limits, source.duration_ms)
            return sound
    return ""


class _Progress:
    """Whole per cent of all that is to be done, told to `on_progress` by rounds of which each knows its own."""

    def __init__(self, on_progress: Callable[[int], None] | None, rounds: int) -> None:
        self._on_progress, self._rounds, self._reported = on_progress, rounds, 0

    def of_round(self, number: int) -> Callable[[int], None]:
        def on_progress(percent: int) -> None:
            percent = min(99, (100 * number + percent) // self._rounds)
            if self._on_progress and percent > self._reported:
                self._reported = percent
                self._on_progress(percent)

        return on_progress


def _made(made: BinaryIO, *, is_animation: bool) -> VideoInfo:
    """What ffmpeg wrote, which is held to the same limits: it has counted where the header said nothing."""
    try:
        result = probe_video(made, is_short=is_animation)
    except MediaError as error:
        if error.code in {"unreadable", "no-picture"}:
            raise _unreadable() from error
        raise
    if not result.duration_ms:
        raise _unreadable()
    if not is_animation:
        check_duration(result.duration_ms)
    return result


def _conversion(source: _Source, look: _Look, movie: Path, crop: Crop | None) -> list[str]:
    # Too long by a second is noticed; of an animation nobody misses it.
    most = MAX_ANIMATION_SECONDS if source.loops else MAX_VIDEO_SECONDS + 2
    filters = ",".join(_filters(source, look, crop))
    if source.alpha:
        graph = f"[0:{source.track}][0:{source.alpha}]alphamerge,{filters}[film]"
        picture = ["-filter_complex", graph, "-map", "[film]"]
    else:
        picture = ["-map", f"0:{source.track}", "-vf", filters]
    return [
        *_reading(source.demuxer, source.decoder),
        *(*picture, *(("-map", f"0:{look.sound}") if look.sound else ())),
        *("-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn", "-t", str(most)),
        # An animation has no beat: each of its frames once, for as long as it takes.
        *(("-fps_mode", "vfr") if source.loops else ("-fpsmax", str(MAX_FRAMES_A_SECOND))),
        *(*_H264, "-crf", "23", "-maxrate", "8M", "-bufsize", "16M", *(hls.KEY_FRAMES if source.may_be_long else ())),
        *("-c:a", "aac", "-b:a", str(hls.SOUND_BITS_A_SECOND), "-ac", "2", "-ar", "48000"),
        *(*_NO_TRACES, "-movflags", "+faststart", "-progress", "pipe:1", "-f", "mp4", f"file:{movie}"),
    ]


def _filters(source: _Source, look: _Look, crop: Crop | None) -> Iterator[str]:
    is_on_white = source.loops or look.has_alpha
    if source.loops:
        yield _UNHURRIED
        # A GIF may ask for pixels that are not square; no browser heeds it.
        yield "setsar=1"
    else:
        yield _DEINTERLACED
    if is_on_white:
        yield _ON_WHITE
    if crop:
        x, y, width, height = crop
        # Of the upright picture: ffmpeg has turned it. Even sides and places lose no colour of the edge.
        yield f"crop='max(2,iw*{width:.6f})':'max(2,ih*{height:.6f})':'iw*{x:.6f}':'ih*{y:.6f}'"
    if look.is_hdr:
        if look.primaries == _UNSPECIFIED:
            yield _USUAL_HDR
        yield _TO_SDR
    matrix = ":out_color_matrix=bt709" if is_on_white else ""
    yield f"{_size(SHORT_SIDE)}{matrix}:out_range=tv,setsar=1,format=yuv420p"
    if is_on_white or look.is_hdr:
        yield _COLOURS_OF_VIDEO
    if source.loops and (turns := _LEAST_ANIMATION_MS // max(1, source.duration_ms)):
        yield f"loop=loop={turns}:size={source.frames}"


def _size(short_side: int) -> str:
    """Pixels made square, the short side brought down to `short_side`, both sides even as H.264 wants them."""
    factor = rf"min(1\,{short_side}/min(iw*sar\,ih))"
    return f"scale='max(2,trunc(iw*sar*{factor}/2)*2)':'max(2,trunc(ih*{factor}/2)*2)'"


def _pieces(made: BinaryIO, result: VideoInfo, folder: Path, limits: VideoLimits, progress: _Progress) -> list[Path]:
    """The files of the HLS, the master playlist first. `made` is our own: only time and space can run out."""
    place = folder / "hls"
    place.mkdir()
    common = ["-map", "0:v:0", "-map", "0:a:0?", "-map_metadata", "-1", *_NO_TRACES]
    names, outputs = [hls.LARGE], [*common, "-c", "copy", *hls.output_options(place, hls.LARGE)]
    if hls.needs_small(result.width, result.height, result.bytes, result.duration_ms):
        # First, so that everybody begins with it: at once, and better as soon as the network has shown what it can.
        names.insert(0, hls.SMALL)
        rate = hls.SMALL_BITS_A_SECOND - hls.SOUND_BITS_A_SECOND
        outputs += [
            *(*common, "-vf", f"{_size(hls.SMALL_SHORT_SIDE)},setsar=1,format=yuv420p", "-fpsmax", "30"),
            *(*_H264, "-crf", "25", "-maxrate", str(rate), "-bufsize", str(2 * rate), *hls.KEY_FRAMES),
            *("-c:a", "copy", *hls.output_options(place, hls.SMALL)),
        ]
    _run([*_reading("mov"), "-progress", "pipe:1", *outputs], made, limits, result.duration_ms, progress.of_round(1))
    master = place / hls.MASTER
    master.write_text(hls.master_playlist(place, names))
    return [master, *sorted(path for path in place.iterdir() if path != master)]


def _portrait(poster: Path) -> list[str]:
    return [
        *_reading("mov"),
        *("-map", "0:V:0", "-vf", f"thumbnail=n={POSTER_FRAMES}", "-frames:v", "1", "-map_metadata", "-1"),
        *("-c:v", "png", "-f", "image2", "-update", "1", f"file:{poster}"),
    ]


def _reading(form: str, decoder: str = "") -> list[str]:
    formats, decoders = _READABLE[form]
    return [
        *("-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-threads", "1", "-filter_threads", "1"),
        *("-protocol_whitelist", "file,pipe", "-format_whitelist", formats, "-codec_whitelist", decoders),
        # The descriptor and not a name: a name could be a pattern or a list to some demuxer.
        *("-f", form, *(("-c:v", decoder) if decoder else ()), "-i", "file:/dev/fd/0"),
    ]


def _run(
    arguments: list[str],
    source: IO[bytes] | BinaryIO,
    limits: VideoLimits,
    duration_ms: int,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    seconds, before = limits.seconds_for(duration_ms), _cpu_seconds_of_children()
    job = {
        "parent": os.getpid(),
        "cpu_seconds": round(seconds),
        "memory_bytes": limits.memory_bytes,
        "file_bytes": limits.file_bytes,
        "command": [imageio_ffmpeg.get_ffmpeg_exe(), *arguments],
    }
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "media.rlimits", json.dumps(job)],
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd="/",
                env={"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
            )
        except OSError as error:
            raise _busy() from error
        # Twice the CPU time and more, for a machine that is busy with other things.
        clock = threading.Timer(2 * seconds + WALL_SECONDS_MORE, process.kill)
        clock.start()
        try:
            _follow(process, duration_ms, on_progress)
            process.wait()
        finally:
            clock.cancel()
            # Also when the task itself is being stopped: no child outlives its call.
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        if process.returncode != 0:
            errors.seek(0)
            used = _cpu_seconds_of_children() - before
            if process.returncode == -signal.SIGKILL and used >= round(seconds):
                # Told to stop at its limit it did not, and was killed a second later.
                raise _why_ended(-signal.SIGXCPU)
            said = errors.read(100_000).decode(errors="replace").strip()
            ended = _why_ended(process.returncode)
            # For operators alone: people read our own words. A fault of the file is no news to them.
            level = logging.INFO if isinstance(ended, _EndedError) else logging.WARNING
            log.log(level, "ffmpeg ended with code %d: %s", process.returncode, said[-500:])
            raise ended


def _cpu_seconds_of_children() -> float:
    """Of those that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _follow(process: subprocess.Popen[bytes], duration_ms: int, on_progress: Callable[[int], None] | None) -> None:
    """Report the progress that ffmpeg writes on its standard output, until it closes it."""
    told = 0
    for line in process.stdout or ():
        found = re.match(rb"out_time_us=(\d+)", line)
        if found and duration_ms and on_progress:
            percent = min(99, int(found[1]) // (10 * duration_ms))
            if percent > told:
                told = percent
                on_progress(percent)


class _EndedError(MediaError):
    """ffmpeg ended with `exit_code`, or minus the number of a signal, for a reason that lies in the file."""

    def __init__(self, exit_code: int) -> None:
        super().__init__("unreadable", str(_unreadable()))
        self.exit_code = exit_code


def _why_ended(code: int) -> MediaError:
    """Say in words why ffmpeg ended with `code`: minus the signal that killed it, or 255 when it was asked to stop."""
    if code in {-signal.SIGXCPU, 255}:
        return MediaError(
            "too-complex", "This video takes too long to convert. Save it smaller, as ordinary MP4, and try that."
        )
    if code in {-signal.SIGKILL, _NO_SPACE}:
        return _busy()
    if code in {-signal.SIGXFSZ, _TOO_LONG_A_FILE}:
        return MediaError("too-complex", "This video is too large once converted. Shorten it and try again.")
    return _EndedError(code)


def _unsupported(codec: str) -> MediaError:
    name = f' ("{codec.strip()}")' if re.fullmatch(r"[A-Za-z0-9_/. -]{2,30}", codec) else ""
    return MediaError(
        "unsupported", f"This video is coded in a way{name} that we cannot read. Save it as ordinary MP4 and try that."
    )


def _unreadable() -> MediaError:
    return MediaError("unreadable", "This video is damaged and cannot be played. Save or export it again and try that.")


def _busy() -> TransientMediaError:
    return TransientMediaError("busy", "This video could not be processed just now. Try again in a few minutes.")
