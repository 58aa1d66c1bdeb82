"""HLS: long videos are cut into segments in two sizes."""

import re
import shutil
from typing import Any

import pytest

from media.video import hls
from media.video.render import render_video
from tests.media.clips import BEE, clip, streams


@pytest.fixture(scope="module")
def long_videos(tmp_path_factory):
    """Two videos of 65 seconds: a large one, and one below the small size."""
    folder = tmp_path_factory.mktemp("films")
    options: Any = {"seconds": 65, "rate": 2, "sound": "sine=frequency=300"}
    return clip(folder / "large.mp4", size="1280x720", **options), clip(folder / "small.mp4", **options)


@pytest.fixture(scope="module")
def cut(long_videos, tmp_path_factory):
    """The folder with the HLS files of the large video, and the reported percentages."""
    folder, told = tmp_path_factory.mktemp("hls"), []
    with long_videos[0].open("rb") as file, render_video(file, told.append) as made:
        for path in made.hls:
            shutil.copy(path, folder)
        assert made.hls[0].name == "master.m3u8"
        assert len({path.parent for path in made.hls}) == 1
    return folder, told


def test_a_long_video_is_cut_into_segments_at_the_same_times_in_two_sizes(cut, tmp_path):
    folder, _ = cut
    named, lengths = {"master.m3u8", "small.m3u8", "large.m3u8"}, []
    for name, size in (("small", "852x480"), ("large", "1280x720")):
        text = (folder / f"{name}.m3u8").read_text()
        pieces = re.findall(r"#EXTINF:([0-9.]+),\n(\S+)", text)
        lengths.append([float(seconds) for seconds, _ in pieces])
        named |= {f"{name}-init.mp4", *(piece for _, piece in pieces)}
        assert f'#EXT-X-MAP:URI="{name}-init.mp4"' in text
        assert "#EXT-X-ENDLIST" in text
        assert sum(lengths[-1]) == pytest.approx(65, abs=0.3)
        assert max(lengths[-1]) <= hls.SEGMENT_SECONDS + 0.3
        # The init segment and any other segment form a playable video.
        beginning = (folder / f"{name}-init.mp4").read_bytes()
        assert size in streams(beginning + (folder / pieces[7][1]).read_bytes(), tmp_path)
        assert b"Lavf" not in beginning
    assert lengths[0] == pytest.approx(lengths[1], abs=0.05)
    assert {path.name for path in folder.iterdir()} == named


def test_the_master_playlist_lists_bandwidths_and_begins_with_the_small_size(cut):
    folder, _ = cut
    lines = (folder / "master.m3u8").read_text().splitlines()

    assert lines[4::2] == ["small.m3u8", "large.m3u8"]
    for name, line in zip(("small", "large"), lines[3::2], strict=True):
        bandwidth, average = map(int, re.search(r"BANDWIDTH=(\d+),AVERAGE-BANDWIDTH=(\d+)", line).groups())
        stored = sum(path.stat().st_size for path in folder.glob(f"{name}-*.m4s")) * 8 / 65
        assert average == pytest.approx(stored, rel=0.02)
        assert average <= bandwidth
        assert re.search(r'CODECS="avc1\.64[0-9a-f]{4},mp4a\.40\.2"', line)
    assert "RESOLUTION=852x480" in lines[3]


def test_progress_covers_both_sizes(cut):
    _, told = cut

    assert told == sorted(set(told))
    assert told[0] >= 1
    assert any(percent < 50 for percent in told)
    assert any(percent > 50 for percent in told)
    assert told[-1] <= 99


def test_a_long_video_that_is_small_has_one_size(long_videos):
    with long_videos[1].open("rb") as file, render_video(file) as made:
        assert "small" not in made.hls[0].read_text()
        assert len(made.hls) == 14


def test_the_small_size_exists_only_if_it_saves_bandwidth():
    minute = 60_000

    assert hls.needs_small(854, 482, 1_000_000, minute)
    assert not hls.needs_small(854, 480, 6_000_000, minute)
    assert hls.needs_small(404, 720, 12_000_000, minute)


def test_a_short_video_is_not_cut():
    with BEE.open("rb") as file, render_video(file) as made:
        assert not made.hls
