"""Rendering of photos: sizes, orientation, colours, and no metadata."""

import base64
import io

import pytest
from PIL import Image, ImageCms, ImageOps

from media.edit.square import square_box
from media.photo.avatar import render_avatar
from media.photo.render import render_photo
from tests.media.pictures import BAD, ORIGINALS, corner_colours, decoded, difference, encoded, pixel, quarters, turned


def render_file(path):
    with path.open("rb") as file:
        return render_photo(file)


@pytest.mark.parametrize(
    ("width", "widths"),
    [
        (200, [200]),
        (320, [320]),
        (340, [320]),
        (600, [320, 600]),
        (1024, [320, 640, 1024]),
        (1100, [320, 640, 1080]),
        (1439, [320, 640, 1080, 1439]),
        (4000, [320, 640, 1080, 1440]),
    ],
)
def test_widths_never_exceed_the_original(width, widths):
    rendered = render_photo(encoded(quarters(width, width // 2)))

    assert [one.width for one in rendered.renditions] == widths
    assert (rendered.width, rendered.height) == (width, width // 2)
    for one in rendered.renditions:
        assert one.height == round(one.width * (width // 2) / width)
        for data in (one.webp, one.jpeg):
            assert decoded(data).size == (one.width, one.height)


def test_every_rendition_has_webp_and_progressive_jpeg():
    (one,) = render_photo(encoded(quarters(320, 240))).renditions

    assert decoded(one.webp).format == "WEBP"
    assert decoded(one.jpeg).format == "JPEG"
    assert decoded(one.jpeg).info["progressive"]


@pytest.mark.parametrize(("kind", "orientation"), turned("JPEG", "PNG", "WEBP", "AVIF", "HEIC"))
def test_a_rotated_photo_is_rendered_upright(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = encoded(quarters(), kind, exif=exif)

    rendered = render_photo(file)

    upright = ImageOps.exif_transpose(decoded(file.getvalue()))
    for one in rendered.renditions:
        assert corner_colours(decoded(one.webp)) == corner_colours(upright)
        assert corner_colours(decoded(one.jpeg)) == corner_colours(upright)


@pytest.mark.parametrize("name", ["street-lamps-exif-orientation-6.jpg", "wisteria-portrait-orientation-6-gps.jpg"])
def test_a_rotated_phone_photo_is_rendered_upright(name):
    rendered = render_file(ORIGINALS / name)

    one = rendered.renditions[0]
    reference = ImageOps.exif_transpose(Image.open(ORIGINALS / name)).resize((one.width, one.height))
    assert rendered.height > rendered.width
    assert difference(decoded(one.jpeg), reference) < 6


@pytest.mark.parametrize("name", ["hazel-dragonfly-display-p3-13mp.jpg", "wildflower-iphone.heic"])
def test_wide_gamut_colours_are_converted_to_srgb(name):
    path = ORIGINALS / name
    one = render_file(path).renditions[1]

    with Image.open(path) as original:
        dull = original.resize((one.width, one.height), Image.Resampling.LANCZOS)
        profile = ImageCms.ImageCmsProfile(io.BytesIO(original.info["icc_profile"]))
    right = ImageCms.profileToProfile(dull, profile, ImageCms.createProfile("sRGB"))
    assert right
    for data in (one.webp, one.jpeg):
        assert difference(decoded(data), right) < difference(decoded(data), dull)
        assert difference(decoded(data), right) < 6


def test_cmyk_is_converted_to_rgb():
    path = ORIGINALS / "paint-brushes-cmyk.jpg"
    one = render_file(path).renditions[0]

    with Image.open(path) as original:
        assert original.mode == "CMYK"
        reference = original.convert("RGB").resize((one.width, one.height), Image.Resampling.LANCZOS)
    assert difference(decoded(one.jpeg), reference) < 6


def test_transparent_parts_become_white():
    one = render_file(ORIGINALS / "lute-transparent.png").renditions[0]

    for data in (one.webp, one.jpeg):
        assert min(pixel(decoded(data).convert("RGB"), (3, 3))) > 250


MODES = ["P", "LA", "RGBA", "1", "L"]


@pytest.mark.parametrize(
    ("mode", "side"),
    [
        *((mode, 400) for mode in MODES),
        *(pytest.param(mode, 3000, marks=[] if mode == "P" else [pytest.mark.deep]) for mode in MODES),
    ],
)
def test_every_mode_of_png_looks_the_same(mode, side):
    ramp = Image.linear_gradient("L").resize((side, side))
    picture = ramp.convert(mode) if mode != "P" else ramp.quantize(64)

    one = render_photo(encoded(picture, "PNG")).renditions[0]

    reference = ramp.resize((one.width, one.height))
    # Mode 1 is dithered, and 64 colours give visible steps.
    assert difference(decoded(one.jpeg), reference) < (40 if mode == "1" else 6)


def test_a_transparent_palette_colour_becomes_white():
    picture = quarters().quantize(8)
    red = picture.getpixel((10, 10))

    one = render_photo(encoded(picture, "PNG", transparency=red)).renditions[0]

    assert corner_colours(decoded(one.jpeg))[0] == (255, 255, 255)


def test_16_bit_grey_is_not_washed_out():
    grey = Image.new("I;16", (300, 300), 128 * 257)

    one = render_photo(encoded(grey, "PNG")).renditions[0]

    assert abs(pixel(decoded(one.jpeg).convert("L"), (150, 150)) - 128) <= 2


def test_16_bit_colour_looks_right():
    path = ORIGINALS / "wall-clock-16bit.png"
    one = render_file(path).renditions[0]

    with Image.open(path) as original:
        reference = original.convert("RGB").resize((one.width, one.height), Image.Resampling.LANCZOS)
    assert difference(decoded(one.jpeg), reference) < 4


@pytest.mark.parametrize("name", ["rosebud-animated.webp", "rosebud-animated.gif"])
def test_an_animation_is_rendered_as_its_first_frame(name):
    rendered = render_file(ORIGINALS / name)

    for one in rendered.renditions:
        assert not getattr(decoded(one.webp), "is_animated", False)


def metadata(data: bytes) -> dict:
    """Return all metadata of a file except values that decoders need."""
    image = decoded(data)
    allowed = {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}
    allowed |= {"loop", "background", "timestamp", "duration", "adobe", "adobe_transform"}
    return {key: value for key, value in image.info.items() if key not in allowed} | dict(image.getexif())


@pytest.mark.promise("P1")
@pytest.mark.parametrize(
    "path",
    [
        ORIGINALS / "wisteria-portrait-orientation-6-gps.jpg",
        pytest.param(ORIGINALS / "hazel-dragonfly-display-p3-13mp.jpg", marks=pytest.mark.deep),
        ORIGINALS / "wildflower-iphone.heic",
        pytest.param(ORIGINALS / "wall-clock-16bit.png", marks=pytest.mark.deep),
        BAD / "exif-script-in-description.jpg",
        BAD / "php-in-comment.php.jpg",
        BAD / "comment-segments-100k.jpg",
        BAD / "garbage-tail.jpg",
    ],
    ids=lambda path: path.name,
)
def test_renditions_contain_no_metadata(path):
    for one in render_file(path).renditions:
        for data in (one.webp, one.jpeg):
            assert metadata(data) == {}
            for trace in (b"Exif", b"http://ns.adobe.com", b"ICC_PROFILE", b"<?php", b"<script"):
                assert trace not in data


@pytest.mark.promise("P1")
def test_renditions_of_png_and_webp_contain_no_metadata():
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    for kind in ("PNG", "WEBP"):
        for one in render_photo(encoded(quarters(), kind, exif=exif)).renditions:
            assert metadata(one.webp) == metadata(one.jpeg) == {}


def test_the_placeholder_is_a_tiny_version_of_the_photo():
    rendered = render_photo(encoded(quarters()))

    head, _, payload = rendered.placeholder.partition(",")
    tiny = decoded(base64.b64decode(payload))
    assert head == "data:image/webp;base64"
    assert len(rendered.placeholder) < 200
    assert tiny.size == (16, 12)
    assert corner_colours(tiny) == corner_colours(quarters())


def test_an_avatar_is_the_middle_square_in_two_sizes():
    picture = Image.new("RGB", (900, 300), "black")
    picture.paste(quarters(300, 300), (300, 0))

    small, large = render_avatar(encoded(picture))

    assert (small.width, small.height, large.width, large.height) == (96, 96, 320, 320)
    for one in (small, large):
        for data in (one.webp, one.jpeg):
            assert decoded(data).size == (one.width, one.height)
            assert corner_colours(decoded(data)) == corner_colours(quarters())


@pytest.mark.parametrize(
    ("size", "crop", "box"),
    [
        ((900, 300), {}, (300, 0, 600, 300)),
        ((300, 900), {"x": 0, "y": 0}, (0, 0, 300, 300)),
        ((300, 900), {"y": 100}, (0, 600, 300, 900)),
        ((900, 300), {"x": 100, "y": 0, "zoom": 200}, (750, 0, 900, 150)),
        ((64, 48), {"x": 0, "y": 0, "zoom": 400}, (0, 0, 40, 40)),
    ],
)
def test_an_avatar_shows_the_chosen_square(size, crop, box):
    assert square_box(crop, *size) == box
    picture = Image.new("RGB", size, "black")
    side = box[2] - box[0]
    picture.paste(quarters(side, side), box)

    _, large = render_avatar(encoded(picture), crop=crop)

    assert corner_colours(decoded(large.webp)) == corner_colours(quarters())


def test_a_rotated_avatar_is_upright():
    exif = Image.Exif()
    exif[0x0112] = 6

    _, large = render_avatar(encoded(quarters(800, 600), exif=exif))

    # Rotated clockwise: the bottom left is now the top left.
    assert corner_colours(decoded(large.jpeg))[0] == (0, 0, 255)


def test_an_original_can_be_a_file_or_in_memory():
    path = BAD / "name-test.jpg"
    with path.open("rb") as file:
        file.seek(100)
        from_file = render_photo(file)

    assert render_photo(io.BytesIO(path.read_bytes())) == from_file
