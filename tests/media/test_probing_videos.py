"""The probe of videos, which reads only headers."""

import io
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.limits import MAX_VIDEO_BYTES
from media.errors import MediaError
from media.probe import probe, probe_photo
from media.probe.video import VideoInfo
from tests.media.clips import BEE, SPEECH, STEEL, clip
from tests.media.pictures import BAD


def refusal(file, **options) -> MediaError:
    with pytest.raises(MediaError) as caught:
        probe(file, **options)
    assert len(str(caught.value)) < 300
    assert str(caught.value).endswith(".")
    return caught.value


@pytest.mark.parametrize(
    ("path", "kind", "width", "height", "seconds"),
    [(BEE, "MOV", 404, 720, 4.0), (SPEECH, "MP4", 640, 480, 6.2), (STEEL, "WEBM", 800, 332, 15.1)],
    ids=lambda value: getattr(value, "name", None),
)
def test_the_probe_returns_format_upright_size_and_duration(path, kind, width, height, seconds):
    with path.open("rb") as file:
        info = probe(file)
        assert file.tell() == 0

    assert isinstance(info, VideoInfo)
    assert (info.format, info.width, info.height, info.bytes) == (kind, width, height, path.stat().st_size)
    assert info.extension == path.suffix
    assert abs(info.duration_ms - seconds * 1000) < 100


def test_a_fragmented_video_has_an_unknown_duration(tmp_path):
    path = clip(tmp_path / "pieces.mp4", "-movflags", "frag_keyframe+empty_moov")

    with path.open("rb") as file:
        info = probe(file)

    assert (info.width, info.height, info.duration_ms) == (320, 240, 0)


@pytest.mark.promise("U5")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("no-video-stream.mp4", "no-picture"),
        ("text-named.mp4", "unsupported"),
        ("three-hours-black.mp4", "too-long"),
        ("truncated-media-data.mp4", "unreadable"),
        ("truncated-no-index.mp4", "unreadable"),
    ],
)
def test_bad_videos_are_rejected_by_the_probe(name, code):
    began = time.thread_time()

    with (BAD / name).open("rb") as file:
        assert refusal(file).code == code
    assert time.thread_time() - began < 0.5


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"seconds": 0.5}, "too-short"),
        ({"size": "100x80"}, "too-small"),
        ({"size": "640x200"}, "shape"),
        ({"seconds": 1000, "rate": 1, "size": "160x120"}, "too-long"),
    ],
)
def test_videos_beyond_the_limits_are_rejected(options, code, tmp_path):
    with clip(tmp_path / "clip.mp4", **options).open("rb") as file:
        assert refusal(file).code == code


class Huge(io.BytesIO):
    """A file that reports a size one byte above the limit."""

    def seek(self, offset, whence=0):
        return MAX_VIDEO_BYTES + 1 if whence == 2 else super().seek(offset, whence)


def test_a_video_of_more_than_300_megabytes_is_rejected_with_the_limit():
    assert "The limit is 300 MB" in str(refusal(Huge(b"\0\0\0\x18ftypisom")))


@pytest.mark.parametrize("path", [BEE, SPEECH, STEEL], ids=lambda path: path.name)
@pytest.mark.parametrize("kept", [0.0001, 0.3, 0.9])
def test_a_truncated_video_is_rejected_by_the_probe(path, kept):
    data = path.read_bytes()

    assert refusal(io.BytesIO(data[: max(20, int(len(data) * kept))])).code == "unreadable"


def test_matroska_is_accepted_and_other_ebml_document_types_are_rejected(tmp_path):
    data = clip(tmp_path / "film.mkv").read_bytes()

    assert probe(io.BytesIO(data)).format == "MKV"
    other = io.BytesIO(data.replace(b"matroska", b"mattress", 1))
    assert "neither WebM nor Matroska inside" in str(refusal(other))


def test_the_photo_probe_says_that_a_video_is_a_video():
    with SPEECH.open("rb") as file, pytest.raises(MediaError, match="This is a video"):
        probe_photo(file)


def test_videos_are_rejected_when_switched_off():
    with SPEECH.open("rb") as file:
        assert refusal(file, without={"video"}).code == "switched-off"


SPEECH_DATA, STEEL_DATA = SPEECH.read_bytes(), STEEL.read_bytes()


@pytest.mark.promise("U1")
@given(at=st.integers(0, 6000), change=st.integers(1, 255))
@pytest.mark.parametrize("data", [SPEECH_DATA, STEEL_DATA], ids=["mp4", "webm"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
def test_a_changed_byte_in_a_header_is_accepted_or_rejected_with_a_sentence(data, at, change):
    changed = bytearray(data)
    changed[at] ^= change

    try:
        probe(io.BytesIO(changed))
    except MediaError as error:
        assert str(error).endswith(".")  # noqa: PT017  (both outcomes are allowed)
