"""Animations become short films, long films are cut into pieces, and any film can be cropped."""

import io
import re

import pytest
from PIL import Image

from media import hls, videos
from media.errors import MediaError
from media.photos import render_photo
from media.probe import MAX_ANIMATION_FRAMES, probe
from media.videos import render_video
from tests.conftest import FILES
from tests.media.clips import BEE, clip, ffmpeg, streams
from tests.media.pictures import decoded, encoded, quarters

ANIMATIONS = [FILES / "originals" / f"rosebud-animated.{ending}" for ending in ("gif", "webp")]
BOMB = FILES / "bad" / "animated-10000-frames.gif"


def probed(path, **options):
    with path.open("rb") as file:
        return probe(file, **options)


def frame(path, second, tmp_path):
    picture = tmp_path / "frame.png"
    ffmpeg("-ss", str(second), "-i", path, "-frames:v", "1", picture)
    return decoded(picture.read_bytes())


@pytest.mark.parametrize(("path", "frames"), [(ANIMATIONS[0], 36), (ANIMATIONS[1], 60)], ids=["gif", "webp"])
def test_an_animation_is_told_from_a_photo_by_its_pictures(path, frames):
    info = probed(path)

    assert (info.frames, info.moves) == (frames, True)
    assert not probed(path, without={"video"}).moves


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_a_single_picture_is_a_photo(kind):
    assert not probe(encoded(quarters(), kind)).moves


def test_more_pictures_than_a_minute_needs_are_a_photo_of_the_first():
    info = probed(BOMB)

    assert info.frames > MAX_ANIMATION_FRAMES
    assert not info.moves
    with BOMB.open("rb") as file:
        assert render_photo(file).width == 640


def test_a_gif_that_breaks_off_later_keeps_what_is_whole():
    data = ANIMATIONS[0].read_bytes()

    assert probe(io.BytesIO(data[: len(data) // 2])).frames in range(10, 30)


@pytest.mark.parametrize("path", ANIMATIONS, ids=["gif", "webp"])
def test_an_animation_becomes_a_silent_film_that_loops(path, tmp_path):
    with path.open("rb") as file, render_video(file) as made:
        said = streams(made.mp4.read(), tmp_path)
        poster = decoded(made.poster.renditions[-1].jpeg)

    assert made.loops
    assert not made.variants
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
def long_film(tmp_path_factory):
    """Seventy seconds at 720p."""
    return clip(
        tmp_path_factory.mktemp("films") / "long.mp4", size="1280x720", seconds=70, rate=5, sound="sine=frequency=300"
    )


def test_a_long_film_is_cut_into_pieces_in_two_sizes(long_film, tmp_path):
    told = []
    with long_film.open("rb") as file, render_video(file, told.append) as made:
        large, small = made.variants
        saved = []
        for variant in made.variants:
            path = tmp_path / f"{variant.height}.mp4"
            path.write_bytes(variant.pieces.read())
            saved.append((variant, path))

    assert ((large.width, large.height), (small.width, small.height)) == ((1280, 720), (852, 480))
    for variant, path in saved:
        ranges = [tuple(map(int, pair)) for pair in re.findall(r"#EXT-X-BYTERANGE:(\d+)@(\d+)", variant.playlist)]
        seconds = [float(text) for text in re.findall(r"#EXTINF:([0-9.]+)", variant.playlist)]
        assert len(ranges) == 12
        assert sum(seconds) == pytest.approx(70, abs=0.5)
        assert max(seconds) <= 6.5
        assert sum(ranges[-1]) == path.stat().st_size
        said = streams(path.read_bytes(), tmp_path)
        assert "h264" in said
        assert "aac" in said
    assert told == sorted(told)
    assert told[-1] <= 99


def test_a_short_film_is_not_cut():
    with BEE.open("rb") as file, render_video(file) as made:
        assert not made.variants


def test_the_lists_name_the_files_where_they_are_stored():
    playlist = "#EXTM3U\n#EXTINF:6.0,\n#EXT-X-BYTERANGE:600000@9\npieces.mp4\n#EXTINF:3.0,\n#EXT-X-BYTERANGE:900000@1\n"
    variant = videos.Variant(1280, 720, playlist, io.BytesIO())

    assert "../../aa/bb/c.mp4" in hls.list_of(variant, "aa/bb/c.mp4")
    assert "pieces.mp4" not in hls.list_of(variant, "aa/bb/c.mp4")
    assert hls.master_list([variant], ["dd/ee/f.m3u8"]).splitlines()[-2:] == [
        "#EXT-X-STREAM-INF:BANDWIDTH=2400000,RESOLUTION=1280x720",
        "../../dd/ee/f.m3u8",
    ]
