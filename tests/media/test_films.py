"""Animations become short films, long films are cut into pieces, and any film can be cropped."""

import io
import re
import shutil
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from PIL import Image

from media.errors import MediaError, TransientMediaError
from media.photo.render import render_photo
from media.probe import probe
from media.probe.limits import MAX_ANIMATION_FRAMES
from media.video import hls
from media.video.ffmpeg import VideoLimits
from media.video.render import render_video
from tests.conftest import FILES
from tests.media.clips import BEE, clip, ffmpeg, streams
from tests.media.pictures import corner_colours, decoded, encoded, quarters

ANIMATIONS = [FILES / "originals" / f"rosebud-animated.{ending}" for ending in ("gif", "webp")]
BOMB = FILES / "bad" / "animated-10000-frames.gif"


def probed(path, **options):
    with path.open("rb") as file:
        return probe(file, **options)


def frame(path, second, tmp_path):
    picture = tmp_path / "frame.png"
    # In steady steps, so that it is the one that is shown then, and not the one that begins next.
    ffmpeg("-i", path, "-vf", "fps=100", "-ss", str(second), "-frames:v", "1", picture)
    return decoded(picture.read_bytes())


def moving(kind, delays, size=(400, 300), **options):
    """Red, green, blue and white quarters that turn by 180 degrees with every frame."""
    turned = quarters(*size), quarters(*size).rotate(180)
    pictures = [turned[number % 2] for number in range(len(delays))]
    return encoded(pictures[0], kind, save_all=True, append_images=pictures[1:], duration=delays, **options)


def made_of(file, tmp_path, **options):
    """The result and where its MP4 is."""
    path = tmp_path / "made.mp4"
    with render_video(file, **options) as made:
        path.write_bytes(made.mp4.read())
    return made, path


@pytest.mark.parametrize(
    ("path", "frames", "milliseconds"), [(ANIMATIONS[0], 36, 3000), (ANIMATIONS[1], 60, 3999)], ids=["gif", "webp"]
)
def test_an_animation_is_told_from_a_photo_by_its_pictures(path, frames, milliseconds):
    info = probed(path)

    assert (info.frames, info.duration_ms, info.is_animated) == (frames, milliseconds, True)
    assert not probed(path, without={"video"}).is_animated


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_a_single_picture_is_a_photo(kind):
    assert not probe(encoded(quarters(), kind)).is_animated


def test_more_pictures_than_a_minute_needs_are_a_photo_of_the_first():
    info = probed(BOMB)

    assert info.frames > MAX_ANIMATION_FRAMES
    assert not info.is_animated
    with BOMB.open("rb") as file:
        assert render_photo(file).width == 640


def test_a_gif_that_breaks_off_later_keeps_what_is_whole():
    data = ANIMATIONS[0].read_bytes()

    assert probe(io.BytesIO(data[: len(data) // 2])).frames in range(10, 30)


@pytest.mark.promise("U4")
def test_frames_of_more_pixels_than_a_film_may_have_are_a_photo_of_the_first(monkeypatch):
    file = moving("GIF", [100] * 4)

    assert probe(file).is_animated
    monkeypatch.setattr("media.probe.photo.MAX_ANIMATION_PIXELS", 4 * 400 * 300 - 1)
    assert not probe(file).is_animated


@pytest.mark.promise("U4")
@pytest.mark.parametrize("length", [1, 16])
def test_a_gif_in_millions_of_tiny_pieces_is_refused_at_once(length):
    head = b"GIF89a\xc8\0\xc8\0\0\0\0" + b"\x2c\0\0\0\0\xc8\0\xc8\0\0\x08"
    piece = bytes([length]) + b"A" * length
    file = io.BytesIO(head + piece * (20 * 2**20 // len(piece)))

    with pytest.raises(MediaError):
        probe(file)
    assert file.tell() < 5 * 2**20


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_an_animation_keeps_its_colours_and_its_time(kind, tmp_path):
    file = moving(kind, [500, 700, 900], **({"lossless": True} if kind == "WEBP" else {}))

    made, path = made_of(file, tmp_path)

    assert probe(file).duration_ms == 2100
    assert abs(made.duration_ms - 2100) < 30
    assert "bt709" in streams(path.read_bytes(), tmp_path)
    before, after = frame(path, 0.4, tmp_path), frame(path, 0.8, tmp_path)
    assert max(abs(a - b) for a, b in zip(before.getpixel((100, 70))[:3], (255, 0, 0), strict=True)) < 6
    assert corner_colours(before) == corner_colours(quarters())
    assert corner_colours(after) == corner_colours(quarters().rotate(180))


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_frames_without_a_time_are_shown_as_long_as_browsers_do(kind, tmp_path):
    file = moving(kind, [10] * 12)

    made, path = made_of(file, tmp_path)

    assert probe(file).duration_ms == 1200
    assert abs(made.duration_ms - 1150) <= 60
    assert corner_colours(frame(path, 0.55, tmp_path)) == corner_colours(quarters().rotate(180))


def test_pictures_of_a_gif_that_do_not_say_how_long_are_one_photo(tmp_path):
    one = encoded(quarters().quantize(8), "GIF").getvalue()
    head = 13 + (3 << ((one[10] & 7) + 1))

    assert not probe(io.BytesIO(one[:head] + one[head:-1] * 3 + b";")).is_animated


def test_a_gif_whose_pixels_claim_not_to_be_square_keeps_its_size(tmp_path):
    data = bytearray(moving("GIF", [500, 500]).getvalue())
    data[12] = 17

    assert made_of(io.BytesIO(data), tmp_path)[0].width == 400


def test_a_very_short_animation_is_written_several_times_over(tmp_path):
    made, path = made_of(moving("GIF", [60, 60]), tmp_path)

    assert 1000 <= made.duration_ms <= 1200
    assert corner_colours(frame(path, 0.68, tmp_path)) == corner_colours(quarters().rotate(180))


def test_an_animation_is_cut_after_a_minute(tmp_path, monkeypatch):
    for module in ("source", "command"):
        monkeypatch.setattr(f"media.video.{module}.MAX_ANIMATION_SECONDS", 2)

    # To the end of the frame that is shown then, at most.
    assert 1990 <= made_of(moving("GIF", [900, 900, 900, 900]), tmp_path)[0].duration_ms <= 2700


@pytest.mark.promise("U4")
def test_converting_an_animation_stops_at_its_limit_of_cpu():
    one = encoded(quarters(4000, 4000).quantize(8), "GIF").getvalue()
    head = 13 + (3 << ((one[10] & 7) + 1))
    file = io.BytesIO(one[:head] + (b"\x21\xf9\x04\0\x0a\0\0\0" + one[head:-1]) * 100 + b";")
    limits = VideoLimits(extra_cpu_seconds=1, cpu_seconds_per_second=0)

    with pytest.raises(MediaError, match="takes too long") as caught, render_video(file, limits=limits):
        pass
    assert caught.value.code == "too-complex"


@pytest.mark.promise("U1")
@given(at=st.integers(0, 2000), change=st.integers(1, 255))
@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
@hypothesis.settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
def test_a_changed_byte_of_an_animation_is_read_or_refused_in_words(kind, at, change):
    data = bytearray(MOVING[kind])
    data[at % len(data)] ^= change

    try:
        assert probe(io.BytesIO(data)).frames >= 1
    except MediaError as error:
        assert str(error).endswith(".")  # noqa: PT017  (either is fine)


MOVING = {kind: moving(kind, [100, 100, 100]).getvalue() for kind in ("GIF", "WEBP")}


@pytest.mark.promise("U1")
@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_a_damaged_animation_ends_as_a_film_or_in_words(kind, tmp_path):
    data = MOVING[kind]
    for at in range(len(data) // 3, len(data), len(data) // 7):
        broken = bytearray(data)
        broken[at] ^= 0x55
        try:
            with render_video(io.BytesIO(broken)) as made:
                assert made.bytes
        except MediaError as error:
            assert str(error).endswith(".") and not isinstance(error, TransientMediaError)  # noqa: PT017, PT018


@pytest.mark.parametrize("path", ANIMATIONS, ids=["gif", "webp"])
def test_an_animation_becomes_a_silent_film_that_loops(path, tmp_path):
    with path.open("rb") as file, render_video(file) as made:
        said = streams(made.mp4.read(), tmp_path)
        poster = decoded(made.poster.renditions[-1].jpeg)

    assert made.loops
    assert not made.hls
    assert "h264" in said
    assert "Audio" not in said
    assert 2_900 <= made.duration_ms <= 4_100
    assert poster.size == (made.width, made.height)


def test_what_is_transparent_in_an_animation_is_white(tmp_path):
    path = tmp_path / "clear.gif"
    pictures = [Image.new("RGBA", (200, 200), (255, 0, 0, 0)) for _ in range(10)]
    for number, picture in enumerate(pictures):
        picture.paste((0, 0, 255, 255), (10 * number, 0, 10 * number + 20, 20))
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100, disposal=2)
    with path.open("rb") as file, render_video(file) as made:
        movie = tmp_path / "made.mp4"
        movie.write_bytes(made.mp4.read())

    assert all(channel >= 250 for channel in frame(movie, 0, tmp_path).getpixel((100, 100)))


def test_a_photo_is_refused_as_a_film():
    with pytest.raises(MediaError, match="This is a photo"), render_video(encoded(quarters(), "PNG")):
        pass


def test_an_animation_whose_decoder_is_switched_off_is_refused_by_the_worker_too(settings):
    settings.DECODERS_OFF = {"gif"}
    with ANIMATIONS[0].open("rb") as file, pytest.raises(MediaError) as caught, render_video(file):
        pass
    assert caught.value.code == "switched-off"


def test_a_film_is_cropped_as_people_see_it(tmp_path):
    with BEE.open("rb") as file, render_video(file) as whole:
        reference = tmp_path / "whole.mp4"
        reference.write_bytes(whole.mp4.read())
    with BEE.open("rb") as file, render_video(file, crop=(0.25, 0.5, 0.5, 0.25)) as made:
        cropped = tmp_path / "cropped.mp4"
        cropped.write_bytes(made.mp4.read())

    # Of 404 × 720 the middle half across and the third quarter down.
    assert abs(made.width - 202) <= 2
    assert abs(made.height - 180) <= 2
    assert decoded(made.poster.renditions[-1].jpeg).size == (made.width, made.height)
    mine, theirs = frame(cropped, 1, tmp_path), frame(reference, 1, tmp_path).crop((101, 360, 303, 540))
    ours = mine.resize((20, 18)).convert("L")
    expected = theirs.resize((20, 18)).convert("L")
    differences = [abs(a - b) for a, b in zip(ours.tobytes(), expected.tobytes(), strict=True)]
    assert sum(differences) / len(differences) < 4


@pytest.fixture(scope="module")
def long_films(tmp_path_factory):
    """Sixty-five seconds: a large one, and one that is smaller than the small size."""
    folder = tmp_path_factory.mktemp("films")
    options: Any = {"seconds": 65, "rate": 5, "sound": "sine=frequency=300"}
    return clip(folder / "large.mp4", size="1280x720", **options), clip(folder / "small.mp4", **options)


@pytest.fixture(scope="module")
def cut(long_films, tmp_path_factory):
    """The HLS of the large one, and the per cent that were told."""
    folder, told = tmp_path_factory.mktemp("hls"), []
    with long_films[0].open("rb") as file, render_video(file, told.append) as made:
        for path in made.hls:
            shutil.copy(path, folder)
        assert made.hls[0].name == "master.m3u8"
        assert len({path.parent for path in made.hls}) == 1
    return folder, told


def test_a_long_film_is_cut_into_pieces_in_two_sizes_at_the_same_moments(cut, tmp_path):
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
        # A beginning and any piece are a film that can be read.
        beginning = (folder / f"{name}-init.mp4").read_bytes()
        assert size in streams(beginning + (folder / pieces[7][1]).read_bytes(), tmp_path)
        assert b"Lavf" not in beginning
    assert lengths[0] == pytest.approx(lengths[1], abs=0.05)
    assert {path.name for path in folder.iterdir()} == named


def test_the_list_of_sizes_says_what_each_takes_and_begins_with_the_small_one(cut):
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


def test_the_per_cent_cover_both_sizes(cut):
    _, told = cut

    assert told == sorted(set(told))
    assert told[0] >= 1
    assert any(percent < 50 for percent in told)
    assert any(percent > 50 for percent in told)
    assert told[-1] <= 99


def test_of_a_long_film_that_is_small_already_there_is_one_size(long_films):
    with long_films[1].open("rb") as file, render_video(file) as made:
        assert "small" not in made.hls[0].read_text()
        assert len(made.hls) == 14


def test_the_small_size_is_for_films_that_a_slow_network_cannot_carry():
    minute = 60_000

    assert hls.needs_small(854, 482, 1_000_000, minute)
    assert not hls.needs_small(854, 480, 6_000_000, minute)
    assert hls.needs_small(404, 720, 12_000_000, minute)


def test_a_short_film_is_not_cut():
    with BEE.open("rb") as file, render_video(file) as made:
        assert not made.hls
