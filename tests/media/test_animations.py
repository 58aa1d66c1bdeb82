"""Animations become short videos."""

import io

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from PIL import Image

from media.errors import MediaError, TransientMediaError
from media.photo.render import render_photo
from media.probe import probe
from media.probe.limits import MAX_ANIMATION_FRAMES
from media.video.ffmpeg import VideoLimits
from media.video.render import render_video
from tests.conftest import FILES
from tests.media.clips import frame_at, streams
from tests.media.pictures import corner_colours, decoded, encoded, quarters

ANIMATIONS = [FILES / "originals" / f"rosebud-animated.{ending}" for ending in ("gif", "webp")]
BOMB = FILES / "bad" / "animated-10000-frames.gif"


def probed(path, **options):
    with path.open("rb") as file:
        return probe(file, **options)


def moving(kind, delays, size=(400, 300), **options):
    """Return an animation of red, green, blue and white quarters that rotates by 180 degrees with every frame."""
    turned = quarters(*size), quarters(*size).rotate(180)
    pictures = [turned[number % 2] for number in range(len(delays))]
    return encoded(pictures[0], kind, save_all=True, append_images=pictures[1:], duration=delays, **options)


def made_of(file, tmp_path, **options):
    """Return the result and the path of its MP4."""
    path = tmp_path / "made.mp4"
    with render_video(file, **options) as made:
        path.write_bytes(made.mp4.read())
    return made, path


@pytest.mark.parametrize(
    ("path", "frames", "milliseconds"), [(ANIMATIONS[0], 36, 3000), (ANIMATIONS[1], 60, 3999)], ids=["gif", "webp"]
)
def test_an_animation_is_recognized_by_its_frames(path, frames, milliseconds):
    info = probed(path)

    assert (info.frames, info.duration_ms, info.is_animated) == (frames, milliseconds, True)
    assert not probed(path, without={"video"}).is_animated


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_a_single_frame_is_a_photo(kind):
    assert not probe(encoded(quarters(), kind)).is_animated


def test_too_many_frames_become_a_photo_of_the_first():
    info = probed(BOMB)

    assert info.frames > MAX_ANIMATION_FRAMES
    assert not info.is_animated
    with BOMB.open("rb") as file:
        assert render_photo(file).width == 640


def test_a_truncated_gif_keeps_its_complete_frames():
    data = ANIMATIONS[0].read_bytes()

    assert probe(io.BytesIO(data[: len(data) // 2])).frames in range(10, 30)


@pytest.mark.promise("U4")
def test_too_many_pixels_become_a_photo_of_the_first_frame(monkeypatch):
    file = moving("GIF", [100] * 4)

    assert probe(file).is_animated
    monkeypatch.setattr("media.probe.photo.MAX_ANIMATION_PIXELS", 4 * 400 * 300 - 1)
    assert not probe(file).is_animated


@pytest.mark.promise("U4")
@pytest.mark.parametrize("length", [1, 16])
def test_a_gif_of_millions_of_tiny_blocks_is_rejected(length):
    head = b"GIF89a\xc8\0\xc8\0\0\0\0" + b"\x2c\0\0\0\0\xc8\0\xc8\0\0\x08"
    piece = bytes([length]) + b"A" * length
    file = io.BytesIO(head + piece * (20 * 2**20 // len(piece)))

    with pytest.raises(MediaError):
        probe(file)
    assert file.tell() < 5 * 2**20


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_an_animation_keeps_its_colours_and_duration(kind, tmp_path):
    file = moving(kind, [500, 700, 900], **({"lossless": True} if kind == "WEBP" else {}))

    made, path = made_of(file, tmp_path)

    assert probe(file).duration_ms == 2100
    assert abs(made.duration_ms - 2100) < 30
    assert "bt709" in streams(path.read_bytes(), tmp_path)
    before, after = frame_at(path, 0.4, tmp_path), frame_at(path, 0.8, tmp_path)
    assert max(abs(a - b) for a, b in zip(before.getpixel((100, 70))[:3], (255, 0, 0), strict=True)) < 6
    assert corner_colours(before) == corner_colours(quarters())
    assert corner_colours(after) == corner_colours(quarters().rotate(180))


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_frames_without_a_delay_are_shown_as_long_as_in_browsers(kind, tmp_path):
    file = moving(kind, [10] * 12)

    made, path = made_of(file, tmp_path)

    assert probe(file).duration_ms == 1200
    assert abs(made.duration_ms - 1150) <= 60
    assert corner_colours(frame_at(path, 0.55, tmp_path)) == corner_colours(quarters().rotate(180))


def test_images_of_a_gif_without_delays_are_one_photo(tmp_path):
    one = encoded(quarters().quantize(8), "GIF").getvalue()
    head = 13 + (3 << ((one[10] & 7) + 1))

    assert not probe(io.BytesIO(one[:head] + one[head:-1] * 3 + b";")).is_animated


def test_the_pixel_aspect_ratio_of_a_gif_is_ignored(tmp_path):
    data = bytearray(moving("GIF", [500, 500]).getvalue())
    data[12] = 17

    assert made_of(io.BytesIO(data), tmp_path)[0].width == 400


def test_a_very_short_animation_is_repeated(tmp_path):
    made, path = made_of(moving("GIF", [60, 60]), tmp_path)

    assert 1000 <= made.duration_ms <= 1200
    assert corner_colours(frame_at(path, 0.68, tmp_path)) == corner_colours(quarters().rotate(180))


def test_an_animation_is_cut_after_a_minute(tmp_path, monkeypatch):
    for module in ("source", "command"):
        monkeypatch.setattr(f"media.video.{module}.MAX_ANIMATION_SECONDS", 2)

    # At most until the end of the frame that is displayed at the limit.
    assert 1990 <= made_of(moving("GIF", [900, 900, 900, 900]), tmp_path)[0].duration_ms <= 2700


@pytest.mark.promise("U4")
def test_conversion_of_an_animation_stops_at_the_cpu_limit():
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
def test_a_changed_byte_of_an_animation_is_accepted_or_rejected_with_a_sentence(kind, at, change):
    data = bytearray(MOVING[kind])
    data[at % len(data)] ^= change

    try:
        assert probe(io.BytesIO(data)).frames >= 1
    except MediaError as error:
        assert str(error).endswith(".")  # noqa: PT017  (both outcomes are allowed)


MOVING = {kind: moving(kind, [100, 100, 100]).getvalue() for kind in ("GIF", "WEBP")}


@pytest.mark.promise("U1")
@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_a_damaged_animation_gives_a_video_or_an_error_sentence(kind, tmp_path):
    data = MOVING[kind]
    for at in (len(data) // 3, len(data) // 2, len(data) * 9 // 10):
        broken = bytearray(data)
        broken[at] ^= 0x55
        try:
            with render_video(io.BytesIO(broken)) as made:
                assert made.bytes
        except MediaError as error:
            assert str(error).endswith(".") and not isinstance(error, TransientMediaError)  # noqa: PT017, PT018


@pytest.mark.parametrize("path", ANIMATIONS, ids=["gif", "webp"])
def test_an_animation_becomes_a_silent_looping_video(path, tmp_path):
    with path.open("rb") as file, render_video(file) as made:
        said = streams(made.mp4.read(), tmp_path)
        poster = decoded(made.poster.renditions[-1].jpeg)

    assert made.loops
    assert not made.hls
    assert "h264" in said
    assert "Audio" not in said
    assert 2_900 <= made.duration_ms <= 4_100
    assert poster.size == (made.width, made.height)


def test_transparency_in_an_animation_becomes_white(tmp_path):
    path = tmp_path / "clear.gif"
    pictures = [Image.new("RGBA", (200, 200), (255, 0, 0, 0)) for _ in range(10)]
    for number, picture in enumerate(pictures):
        picture.paste((0, 0, 255, 255), (10 * number, 0, 10 * number + 20, 20))
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100, disposal=2)
    with path.open("rb") as file, render_video(file) as made:
        movie = tmp_path / "made.mp4"
        movie.write_bytes(made.mp4.read())

    assert all(channel >= 250 for channel in frame_at(movie, 0, tmp_path).getpixel((100, 100)))


def test_a_photo_is_rejected_as_a_video():
    with pytest.raises(MediaError, match="This is a photo"), render_video(encoded(quarters(), "PNG")):
        pass


def test_the_worker_rejects_an_animation_whose_decoder_is_switched_off(settings):
    settings.DECODERS_OFF = {"gif"}
    with ANIMATIONS[0].open("rb") as file, pytest.raises(MediaError) as caught, render_video(file):
        pass
    assert caught.value.code == "switched-off"
