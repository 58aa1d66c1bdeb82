"""Captions are reduced to words and times."""

import io

import pytest

from common.limits import MAX_CAPTIONS_BYTES, MAX_CAPTIONS_CUES
from media.errors import MediaError
from media.video.captions import read_captions

CUE = "00:01.000 --> 00:04.000\nHello"


def read(text):
    return read_captions(io.BytesIO(text if isinstance(text, bytes) else text.encode()))


def test_words_and_times_are_kept_sorted_by_time():
    written = read("WEBVTT - by me\n\n2\n01:00:05.500 --> 01:00:07.000 line:0\nLater\nand more\n\n" + CUE + "\n")

    assert written == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:04.000\nHello\n\n01:00:05.500 --> 01:00:07.000\nLater\nand more\n"
    )


def test_reading_the_written_captions_changes_nothing():
    written = read("WEBVTT\n\n00:01.000 --> 00:04.000\na < b &amp; c --> d\n")

    assert read(written) == written


@pytest.mark.promise("U9")
@pytest.mark.parametrize(
    "block",
    [
        "STYLE\n::cue { background: url(https://evil.example/x) }",
        "REGION\nid:x\nwidth:40%",
        "NOTE secret token",
    ],
)
def test_styles_regions_and_notes_are_left_out(block):
    written = read(f"WEBVTT\n\n{block}\n\n{CUE}\n")

    assert written == "WEBVTT\n\n00:00:01.000 --> 00:00:04.000\nHello\n"
    assert block.split()[-1] not in written


@pytest.mark.promise("U9")
def test_tags_are_removed():
    written = read(
        "WEBVTT\n\n00:01.000 --> 00:04.000\n<v Anna><b onclick=x>Hi</b> <script>alert(1)</script>&lt;i&gt;\n"
    )

    assert "Hi alert(1)&lt;i&gt;" in written
    assert "<" not in written.replace("-->", "")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "first line must be WEBVTT"),
        (b"1\n00:01.000 --> 00:02.000\nan SRT file", "first line must be WEBVTT"),
        (b"WEBVTTX\n\n" + CUE.encode(), "first line must be WEBVTT"),
        (b"\xff\xfeW\0E\0B\0", "not UTF-8"),
        (b"WEBVTT\n\nno cues", "This file has no captions"),
        (b"WEBVTT\n\n00:01 --> 00:02\nx", "Line 3 of the captions is not a time"),
        (b"WEBVTT\n\n00:05.000 --> 00:02.000\nx", "Line 3 of the captions ends before"),
        (b"WEBVTT\n\n00:05.000 --> 99:00:00.000\nx", "after a day"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + b"x" * 1001, "line 3 has more than 1,000"),
        (b"WEBVTT\n" + b"x" * MAX_CAPTIONS_BYTES, "at most 1 MB"),
        (b"WEBVTT\n\n" + b"00:01.000 --> 00:02.000\nx\n\n" * (MAX_CAPTIONS_CUES + 1), "at most 5,000 cues"),
    ],
)
def test_an_error_names_the_problem_and_its_line(data, sentence):
    with pytest.raises(MediaError, match=sentence):
        read(data)
