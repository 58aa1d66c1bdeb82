"""Unusual videos of phones, cameras and editors: audio codecs, HDR, transparency, interlacing, additional tracks."""

import io

import pytest
from PIL import Image

from media.errors import MediaError
from media.photo.render import render_photo
from media.probe import probe
from media.video.render import render_video
from tests.conftest import FILES
from tests.media.clips import clip, ffmpeg, frames, streams
from tests.media.pictures import decoded, encoded, pixel

FIELD = FILES / "field"


def made_of(source, tmp_path):
    """Return the result, ffmpeg's description of its streams, and the path of its MP4."""
    path = tmp_path / "made.mp4"
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file, render_video(file) as made:
        data = made.mp4.read()
    path.write_bytes(data)
    return made, streams(data, tmp_path), path


def probed(path):
    with path.open("rb") as file:
        return probe(file)


# --- Sound --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["iphone-apac-first-aac-second.mov", "old-phone-amr.3gp", "camera-mjpeg-ulaw.mov"])
def test_a_video_gets_the_first_audio_track_that_can_be_decoded(name, tmp_path):
    made, said, path = made_of(FIELD / name, tmp_path)

    assert (made.width, made.height, made.lost_sound) == (320, 240, False)
    assert abs(made.duration_ms - 2000) < 60
    assert "Audio: aac (LC)" in said
    # The audio is not silent.
    assert "mean_volume: -91" not in ffmpeg("-i", path, "-af", "volumedetect", "-vn", "-f", "null", "-")


def test_a_video_without_decodable_audio_is_silent_and_marked(tmp_path):
    data = (FIELD / "iphone-apac-first-aac-second.mov").read_bytes()
    data = data.replace(b"mp4a", b"apac").replace(b"esds", b"free")

    made, said, _ = made_of(data, tmp_path)

    assert made.lost_sound
    assert "Audio" not in said
    assert abs(made.duration_ms - 2000) < 60


def test_a_video_without_audio_is_not_marked_as_having_lost_it(tmp_path):
    assert not made_of(clip(tmp_path / "quiet.mp4"), tmp_path)[0].lost_sound


@pytest.mark.parametrize(
    ("ending", "picture", "sound"),
    [
        ("mov", "mpeg4", "adpcm_ima_qt"),
        ("mov", "mpeg2video", "pcm_alaw"),
        ("mov", "mjpeg", "pcm_s24be"),
        ("mp4", "libx264", "alac"),
        ("mp4", "libx265", "eac3"),
        ("mkv", "libtheora", "flac"),
        ("mkv", "libx264", "libvorbis"),
        ("3gp", "h263", "libopencore_amrnb"),
    ],
)
def test_other_codecs_are_converted_with_sound(ending, picture, sound, tmp_path):
    options = ("-c:v", picture, "-c:a", sound, *(("-ar", "8000") if "amr" in sound else ()), "-ac", "1")
    path = clip(tmp_path / f"other.{ending}", *options, size="176x144", sound="sine=frequency=440")

    made, said, _ = made_of(path, tmp_path)

    assert (made.width, made.height) == (176, 144)
    assert "Audio: aac (LC)" in said


def test_the_error_names_an_unsupported_codec(tmp_path):
    path = clip(tmp_path / "animation.mov", "-c:v", "qtrle", "-pix_fmt", "rgb24")

    with pytest.raises(MediaError, match=r'uses a format \("rle"\)') as caught:
        made_of(path, tmp_path)
    assert caught.value.code == "unsupported"


# --- Colours ------------------------------------------------------------------------------------------------------

TAGS = "setparams=color_primaries={}:color_trc={}:colorspace={}"


@pytest.mark.parametrize(
    ("name", "luma"), [("hdr-pq-vp9.webm", 171), ("hdr-hlg-hevc-no-colr.mp4", 140), ("hdr-hlg-hevc-colr.mp4", 140)]
)
def test_hdr_is_converted_wherever_it_is_declared(name, luma, tmp_path):
    _, said, path = made_of(FIELD / name, tmp_path)

    assert "yuv420p(tv, bt709, " in said
    first = frames(path)[0]
    assert abs(first[120 * 320 + 160] - luma) <= 2


@pytest.mark.parametrize(
    ("coding", "primaries", "matrix"), [("libsvtav1", "bt2020", "bt2020nc"), ("libx265", "unknown", "unknown")]
)
def test_hdr_is_converted_with_other_codecs(coding, primaries, matrix, tmp_path):
    path = tmp_path / "bright.mp4"
    grey = "color=color=gray:size=320x240:rate=5:duration=1.2,format=yuv420p10le"
    tags = TAGS.format(primaries, "arib-std-b67", matrix)
    ffmpeg("-f", "lavfi", "-i", f"{grey},{tags}", "-c:v", coding, path)

    _, said, path = made_of(path, tmp_path)

    assert "yuv420p(tv, bt709, " in said
    assert abs(frames(path)[0][120 * 320 + 160] - 140) <= 2


def test_full_range_becomes_limited_range(tmp_path):
    path = clip(tmp_path / "white.mov", "-c:v", "mjpeg", "-vf", "drawbox=color=white:t=fill,format=yuvj420p")

    _, said, path = made_of(path, tmp_path)

    assert "yuv420p(tv" in said
    assert abs(frames(path)[0][120 * 320 + 160] - 235) <= 2


# --- Transparency -------------------------------------------------------------------------------------------------


def test_transparency_in_a_video_becomes_white(tmp_path, transparent_video):
    _, said, path = made_of(transparent_video, tmp_path)

    picture = tmp_path / "frame.png"
    ffmpeg("-i", path, "-frames:v", "1", picture)
    frame = decoded(picture.read_bytes())
    assert min(pixel(frame, (4, 4))) >= 250
    assert all(abs(a - b) < 8 for a, b in zip(pixel(frame, (160, 120)), (255, 0, 0), strict=True))
    assert "yuv420p(tv, bt709, " in said


@pytest.fixture(params=["vp9-alpha.webm", "prores4444-alpha.mov", "vp8"])
def transparent_video(request, tmp_path):
    if request.param != "vp8":
        return FIELD / request.param
    path = tmp_path / "clear.webm"
    disc = "geq=r=255:g=0:b=0:a='255*lt(hypot(X-160,Y-120),80)'"
    source = f"color=color=red:size=320x240:rate=5:duration=1.2,format=rgba,{disc},format=yuva420p"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libvpx", "-auto-alt-ref", "0", path)
    return path


# --- Interlacing --------------------------------------------------------------------------------------------------


def count_comb_pixels(path):
    """Count pixels that differ from similar lines above and below, in some frames of a video of 320 × 240."""
    count = 0
    for frame in frames(path)[5:30:5]:
        for at in range(0, 320 * 238, 3):
            above, line, below = frame[at], frame[at + 320], frame[at + 640]
            count += abs(above - below) < 10 and abs(above - line) > 40
    return count


@pytest.fixture(params=["top", "bottom"])
def interlaced(request, tmp_path):
    if request.param == "top":
        return FIELD / "interlaced-25i.mp4"
    path = tmp_path / "bottom.mp4"
    source = "testsrc2=size=320x240:rate=50:duration=1.5,tinterlace=interleave_bottom,setfield=bff,format=yuv420p"
    ffmpeg("-f", "lavfi", "-i", source, "-flags", "+ildct+ilme", "-x264-params", "bff=1", path)
    return path


def test_interlaced_video_is_deinterlaced(interlaced, tmp_path):
    made, said, path = made_of(interlaced, tmp_path)

    assert count_comb_pixels(interlaced) > 4 * count_comb_pixels(path)
    assert "progressive" in said
    assert "25 fps" in said
    assert abs(made.duration_ms - probed(interlaced).duration_ms) < 50


# --- Tracks and containers ---------------------------------------------------------------------------------


def test_a_still_image_before_the_video_is_ignored(tmp_path):
    info = probed(FIELD / "thumbnail-track-first.mov")

    made, said, path = made_of(FIELD / "thumbnail-track-first.mov", tmp_path)

    assert (info.width, info.height, info.track) == (320, 240, "i:2")
    assert (made.width, made.height) == (320, 240)
    assert "15 fps" in said
    assert len({bytes(frame) for frame in frames(path)}) > 20


@pytest.mark.parametrize(
    ("ending", "still", "film"),
    # Matroska headers do not state the number of frames.
    [("mov", "640x480", "i:2"), ("mp4", "640x480", "i:2"), ("mp4", "160x120", "i:2"), ("mkv", "160x120", "v:1")],
)
def test_a_still_image_is_recognized_by_its_frame_count_or_size(ending, still, film, tmp_path):
    path = tmp_path / f"two.{ending}"
    sources = [f"testsrc=size={still}:rate=1:duration=1", "testsrc=size=320x240:rate=10:duration=1.5"]
    inputs = [part for source in sources for part in ("-f", "lavfi", "-i", source)]
    ffmpeg(*inputs, "-map", "0", "-map", "1", "-c:v:0", "mjpeg", "-c:v:1", "libx264", "-pix_fmt", "yuv420p", path)

    assert probed(path).track == film


def test_matroska_with_a_wrong_extension_is_accepted(tmp_path):
    made, said, _ = made_of(FIELD / "matroska-named.mp4", tmp_path)

    assert probed(FIELD / "matroska-named.mp4").extension == ".mkv"
    assert (made.width, made.height) == (320, 240)
    assert abs(made.duration_ms - 2020) < 50
    assert "Audio: aac (LC)" in said


# --- Image sequences ----------------------------------------------------------------------------------------


def test_an_animated_png_becomes_a_short_video(tmp_path):
    info = probed(FIELD / "animated.png")

    made, said, path = made_of(FIELD / "animated.png", tmp_path)

    assert (info.is_animated, info.frames, info.duration_ms) == (True, 3, 900)
    assert (made.width, made.height, made.loops) == (240, 240, True)
    assert "bt709" in said
    assert len({bytes(frame) for frame in frames(path)}) == 3


def test_the_default_image_of_an_animated_png_is_not_shown(tmp_path):
    colours = ["black", "red", "blue"]
    pictures = [Image.new("RGB", (200, 160), colour) for colour in colours]
    data = encoded(pictures[0], "PNG", save_all=True, append_images=pictures[1:], duration=600, default_image=True)

    assert probe(data).frames == 2
    _, _, path = made_of(data.getvalue(), tmp_path)

    assert [frame[0] for frame in frames(path)] == [63, 32]


def squares(mode):
    """Yield frames with a blue square that moves to the right, on transparency (RGBA) or grey (RGB)."""
    for number in range(4):
        picture = Image.new("RGBA", (200, 160), (255, 0, 0, 0) if mode == "RGBA" else (128, 128, 128, 255))
        picture.paste((0, 0, 255, 255), (40 * number, 0, 40 * number + 40, 40))
        yield picture.convert(mode)


def sequence(mode, kind="AVIF"):
    first, *others = squares(mode)
    return encoded(first, kind, save_all=True, append_images=others, duration=300).getvalue()


@pytest.mark.parametrize("kind", ["AVIF", "PNG"])
@pytest.mark.parametrize(("mode", "ground"), [("RGB", 126), ("RGBA", 235)])
def test_a_sequence_becomes_a_short_video_on_white(kind, mode, ground, tmp_path):
    made, said, path = made_of(sequence(mode, kind), tmp_path)

    assert (made.width, made.height, made.loops, made.duration_ms) == (200, 160, True, 1200)
    assert "bt709" in said
    shown = frames(path)
    assert len(shown) == 4
    for number, frame in enumerate(shown):
        assert abs(frame[20 * 200 + 40 * number + 20] - 32) <= 4
        assert abs(frame[150 * 200 + 100] - ground) <= 2


def without_main_picture(data):
    return data.replace(b"meta", b"free", 1)


def test_an_avif_sequence_is_a_video_unless_it_has_a_single_frame():
    info = probe(io.BytesIO(without_main_picture(sequence("RGB"))))
    assert (info.format, info.width, info.height, info.frames) == ("AVIF", 200, 160, 4)

    first, second, *_ = squares("RGB")
    two = encoded(first, "AVIF", save_all=True, append_images=[second], duration=300).getvalue()
    at = two.index(b"stsz") + 12
    single = without_main_picture(two[:at] + (1).to_bytes(4) + two[at + 4 :])
    assert not probe(io.BytesIO(single)).is_animated
    # Still images have the brands of a still and remain photos.
    assert not probe(encoded(first, "AVIF")).is_animated


def test_an_avif_sequence_with_a_primary_image_is_a_photo_if_videos_are_off():
    data = sequence("RGB")

    assert not probe(io.BytesIO(data), without={"video"}).is_animated
    assert render_photo(io.BytesIO(data)).width == 200
