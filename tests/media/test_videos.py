"""Conversion of videos: playable everywhere, upright, with a poster, within limits."""

import contextlib
import io
import os
import re
import signal
import socket
import tempfile
import threading
import time
from pathlib import Path

import pytest

from media.errors import MediaError, TransientMediaError
from media.probe import probe
from media.video import ffmpeg
from media.video.command import conversion_arguments
from media.video.ffmpeg import VideoLimits
from media.video.render import render_video
from media.video.source import DEMUXERS, Decoded, Source
from tests.media.clips import BEE, HDR, SPEECH, STEEL, clip, frame_at, streams
from tests.media.pictures import decoded
from tests.media.test_limits import command_line


def rendered(path, tmp_path, **options):
    """Return the result, the bytes of its MP4, and ffmpeg's description of its streams."""
    with path.open("rb") as file, render_video(file, **options) as made:
        data = made.mp4.read()
        return made, data, streams(data, tmp_path)


def refusal(content) -> MediaError:
    file = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
    with pytest.raises(MediaError) as caught, render_video(file):
        pass
    assert len(str(caught.value)) < 300
    assert str(caught.value).endswith(".")
    return caught.value


def test_a_phone_video_is_converted_upright_and_without_metadata(tmp_path):
    made, data, said = rendered(BEE, tmp_path)

    assert (made.width, made.height) == (404, 720)
    assert "404x720" in said
    assert "rotat" not in said
    assert abs(made.duration_ms - 4037) < 100
    assert made.bytes == len(data)
    poster = decoded(made.poster.renditions[-1].jpeg)
    assert poster.size == (404, 720)
    for trace in (b"Lavf", b"com.apple", b"\xa9xyz", b"\xa9too"):
        assert trace not in data


@pytest.mark.parametrize("path", [BEE, SPEECH, pytest.param(STEEL, marks=pytest.mark.deep)], ids=lambda path: path.name)
def test_every_video_becomes_h264_and_aac_with_its_index_first(path, tmp_path):
    made, data, said = rendered(path, tmp_path)

    assert "Video: h264 (High)" in said
    assert "yuv420p" in said
    assert "SAR 1:1" in said
    assert "Audio: aac (LC)" in said
    assert "stereo" in said
    assert data.index(b"moov") < data.index(b"mdat")
    assert [one.width for one in made.poster.renditions] == sorted(
        {320, *[one.width for one in made.poster.renditions]}
    )
    assert made.poster.placeholder.startswith("data:image/webp;base64,")


def test_a_silent_video_stays_silent(tmp_path):
    _, _, said = rendered(clip(tmp_path / "quiet.mp4"), tmp_path)

    assert "Audio" not in said


def test_surround_sound_becomes_stereo(tmp_path):
    path = clip(tmp_path / "cinema.mov", "-ac", "6", sound="sine=frequency=440")

    assert "5.1" in streams(path.read_bytes(), tmp_path)
    assert "stereo" in rendered(path, tmp_path)[2]


@pytest.mark.parametrize(
    ("size", "becomes"), [("321x241", "320x240"), ("1200x2000", "1080x1800"), ("2880x1440", "2160x1080")]
)
def test_sides_become_even_and_the_short_side_at_most_1080(size, becomes, tmp_path):
    # H.264 allows odd sides with 4:4:4.
    path = clip(tmp_path / "odd.mp4", "-pix_fmt", "yuv444p", "-r", "4", size=size)

    made, _, said = rendered(path, tmp_path)

    assert f"{made.width}x{made.height}" == becomes
    assert becomes in said


def test_pixels_that_are_not_square_become_square(tmp_path):
    made, _, _ = rendered(clip(tmp_path / "wide.mp4", "-vf", "setsar=2/1", size="240x240"), tmp_path)

    assert (made.width, made.height) == (480, 240)


def test_a_variable_frame_rate_keeps_the_duration(tmp_path):
    changing = "setpts='(N+if(gt(N,10),(N-10)*3,0))/10/TB'"
    path = clip(tmp_path / "changing.mp4", "-vf", changing, "-fps_mode", "vfr", seconds=2)
    with path.open("rb") as file:
        took = probe(file).duration_ms

    made, _, _ = rendered(path, tmp_path)

    assert took > 3000
    assert abs(made.duration_ms - took) < 250


def test_a_thousand_frames_a_second_become_sixty(tmp_path):
    _, _, said = rendered(clip(tmp_path / "fast.mp4", rate=500, size="160x120", seconds=1.2), tmp_path)

    assert "60 fps" in said


def test_hdr_is_converted_to_sdr(tmp_path):
    _, _, said = rendered(clip(tmp_path / "bright.mov", *HDR), tmp_path)

    assert re.search(r"yuv420p\(tv, bt709", said)


def test_the_poster_is_not_the_black_of_a_fade(tmp_path):
    path = clip(tmp_path / "fade.mp4", "-vf", "fade=in:0:8", seconds=3)

    made, _, _ = rendered(path, tmp_path)

    poster = decoded(made.poster.renditions[0].jpeg).convert("L")
    assert sum(poster.resize((8, 8)).tobytes()) / 64 > 60


def test_progress_increases(tmp_path):
    told = []
    rendered(STEEL, tmp_path, on_progress=told.append)

    assert told == sorted(set(told))
    assert told
    assert 1 <= told[0] <= told[-1] <= 99


def test_the_duration_is_measured_if_the_header_does_not_state_it(tmp_path):
    short = clip(tmp_path / "short.webm", "-c:v", "libvpx", "-live", "1", seconds=0.5)
    long_enough = clip(tmp_path / "long.webm", "-c:v", "libvpx", "-live", "1", seconds=2)
    with short.open("rb") as file:
        assert probe(file).duration_ms == 0

    assert refusal(short).code == "too-short"
    assert abs(rendered(long_enough, tmp_path)[0].duration_ms - 2000) < 300


@pytest.mark.promise("U5")
def test_a_damaged_video_track_gives_an_error_sentence_or_a_playable_video(tmp_path):
    data = bytearray(SPEECH.read_bytes())
    start = data.index(b"mdat") + 4
    for at in range(start, start + 300_000, 7):
        data[at] ^= 0x5A

    try:
        with render_video(io.BytesIO(bytes(data))) as made:
            assert made.duration_ms > 900
    except MediaError as error:
        assert str(error).endswith(".")  # noqa: PT017  (both outcomes are allowed)


def test_codecs_that_are_not_allowed_are_not_decoded(tmp_path):
    odd = refusal(clip(tmp_path / "old.mov", "-c:v", "qtrle", "-pix_fmt", "rgb24"))

    assert odd.code in {"unsupported", "unreadable"}


PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:{port}/x\n#EXT-X-ENDLIST\n"
CONCAT = "ffconcat version 1.0\nfile /etc/passwd\nfile 'http://127.0.0.1:{port}/x'\n"
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1:{port}/x"/></svg>'
DASH = '<MPD type="static"><Period><BaseURL>http://127.0.0.1:{port}/x</BaseURL></Period></MPD>'


@pytest.mark.promise("U6")
@pytest.mark.parametrize("text", [PLAYLIST, CONCAT, SVG, DASH], ids=["playlist", "concat", "svg", "dash"])
def test_files_and_urls_named_in_an_upload_are_not_opened(text, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        content = text.format(port=server.getsockname()[1]).encode()

        assert refusal(content).code in {"unreadable", "unsupported"}
        # Bypass the probe and give the file to ffmpeg with each demuxer that is allowed.
        for form in ("MP4", "WEBM", "GIF", "WEBP", "PNG"):
            told = Source(DEMUXERS[form], 1000, frames=2 * (form in {"GIF", "WEBP", "PNG"}))
            command = conversion_arguments(told, Decoded(), tmp_path / "out.mp4", None)
            path = tmp_path / "named.mp4"
            path.write_bytes(content)
            with path.open("rb") as source, pytest.raises(MediaError):
                ffmpeg.run(command, source, VideoLimits(), 1000)
        with pytest.raises(TimeoutError):
            server.accept()


def converters() -> list[int]:
    """Return the ffmpeg processes that this process has started."""
    pids = []
    for task in Path("/proc/self/task").iterdir():
        # A thread may end after the folder is listed.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            pids += (task / "children").read_text().split()
    return [int(pid) for pid in pids if b"libx264" in command_line(pid)]


def kill_soon(number: int) -> threading.Thread:
    def kill():
        until = time.monotonic() + 60
        while time.monotonic() < until:
            for pid in converters():
                time.sleep(0.2)
                os.kill(pid, number)
                return
            time.sleep(0.005)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


@pytest.mark.promise("D5")
@pytest.mark.parametrize(("number", "is_transient"), [(signal.SIGKILL, True), (signal.SIGSEGV, False)])
def test_a_killed_or_crashed_ffmpeg_gives_an_error_sentence(number, is_transient):
    killer = kill_soon(number)

    error = refusal(STEEL)

    killer.join()
    assert isinstance(error, TransientMediaError) is is_transient
    assert not converters()


@pytest.mark.promise("U4")
def test_conversion_stops_at_the_cpu_limit():
    limits = VideoLimits(extra_cpu_seconds=1, cpu_seconds_per_second=0)

    with pytest.raises(MediaError, match="takes too long") as caught:
        rendered(STEEL, None, limits=limits)

    assert not isinstance(caught.value, TransientMediaError)
    assert not converters()


def test_conversion_stops_at_the_file_size_limit(tmp_path):
    with pytest.raises(MediaError, match="too large once converted"):
        rendered(STEEL, tmp_path, limits=VideoLimits(file_bytes=50_000))


def test_temporary_files_are_deleted(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with SPEECH.open("rb") as file, render_video(file):
        assert list(tmp_path.iterdir())

    assert not list(tmp_path.iterdir())


def test_all_videos_are_rejected_when_switched_off(settings):
    settings.DECODERS_OFF = frozenset({"video"})

    assert refusal(SPEECH).code == "switched-off"


def test_a_video_is_cropped_after_its_rotation(tmp_path):
    with BEE.open("rb") as file, render_video(file) as whole:
        reference = tmp_path / "whole.mp4"
        reference.write_bytes(whole.mp4.read())
    with BEE.open("rb") as file, render_video(file, crop=(0.25, 0.5, 0.5, 0.25)) as made:
        cropped = tmp_path / "cropped.mp4"
        cropped.write_bytes(made.mp4.read())

    # The middle half of the width and the third quarter of the height of 404 × 720.
    assert abs(made.width - 202) <= 2
    assert abs(made.height - 180) <= 2
    assert decoded(made.poster.renditions[-1].jpeg).size == (made.width, made.height)
    mine, theirs = frame_at(cropped, 1, tmp_path), frame_at(reference, 1, tmp_path).crop((101, 360, 303, 540))
    ours = mine.resize((20, 18)).convert("L")
    expected = theirs.resize((20, 18)).convert("L")
    differences = [abs(a - b) for a, b in zip(ours.tobytes(), expected.tobytes(), strict=True)]
    assert sum(differences) / len(differences) < 4
