"""Edits: validation of what clients send, and their effect on photos."""

import json
from typing import Any

import pytest
from PIL import Image, ImageOps

from media.edit.apply import apply_edits
from media.edit.colour import SIDE, colour_table
from media.edit.crop import crop_box
from media.edit.filters import FILTERS
from media.edit.parse import ADJUSTMENTS, MAX_EDITS_CHARS, parse_edits
from media.errors import MediaError
from media.photo.render import render_photo
from tests.media.pictures import ORIGINALS, decoded, difference, encoded, pixel, quarters, turned

WHOLE = {"ratio": "original", "x": 0, "y": 0, "width": 1, "height": 1}


# --- Validation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "",
        "  ",
        b"",
        "{}",
        "null",
        {},
        {"crop": None, "filter": None, "brightness": None},
        {"crop": {}, "filter": ""},
        {"crop": WHOLE, "filter": "", **dict.fromkeys(ADJUSTMENTS, 0)},
        json.dumps({"crop": WHOLE, "filter": "", **dict.fromkeys(ADJUSTMENTS, 0)}),
    ],
)
def test_edits_without_effect_are_empty(raw):
    assert parse_edits(raw) == {}
    assert parse_edits(raw, video=True) == {}


def test_parsing_keeps_only_edits_with_an_effect():
    raw = '{"crop": {"ratio": "4:5", "x": 0.1, "width": 0.8}, "filter": "dusk", "warmth": -100, "contrast": 0}'

    edits = parse_edits(raw)

    assert edits == {
        "crop": {"ratio": "4:5", "x": 0.1, "y": 0, "width": 0.8, "height": 1},
        "filter": "dusk",
        "warmth": -100,
    }
    assert parse_edits(edits) == parse_edits(json.dumps(edits)) == edits


@pytest.mark.promise("U1")
@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("[" * 10_000, f"{MAX_EDITS_CHARS:,} characters"),
        ("[" * (MAX_EDITS_CHARS - 1), "cannot be read"),
        ('{"crop":' * 200, "cannot be read"),
        ('{"brightness": ' + "9" * 1_900 + "}", "from -100 to 100"),
        ('{"brightness": 1', "cannot be read"),
        (b"\xff\xfe{}", "cannot be read"),
        ("\ud800", "cannot be read"),
        ("[]", "an object"),
        ("7", "an object"),
        ([], "an object"),
        (True, "an object"),
        ({"brightnes": 3}, "1 unknown fields"),
        ({1: 2, (): 3}, "2 unknown fields"),
        ({"__proto__": {}}, "unknown fields"),
        ({"filter": "Sepia"}, "This filter does not exist. Choose one of Clear, Harvest"),
        ({"filter": ["dusk"]}, "This filter does not exist"),
        ({"filter": {"id": "dusk"}}, "This filter does not exist"),
        ({"filter": 7}, "This filter does not exist"),
        ({"brightness": 101}, "Brightness must be a whole number from -100 to 100"),
        ({"contrast": -101}, "Contrast must be a whole number from -100 to 100"),
        ({"vignette": -1}, "Vignette must be a whole number from 0 to 100"),
        ({"warmth": 0.5}, "Warmth must be a whole number"),
        ({"warmth": True}, "Warmth must be a whole number"),
        ({"warmth": "3"}, "Warmth must be a whole number"),
        ({"warmth": []}, "Warmth must be a whole number"),
        ('{"warmth": NaN}', "Warmth must be a whole number"),
        ('{"saturation": Infinity}', "Saturation must be a whole number"),
        ({"crop": "4:5"}, "ratio, x, y, width and height"),
        ({"crop": [0, 0, 1, 1]}, "ratio, x, y, width and height"),
        ({"crop": {"ratio": "4:5", "zoom": 2}}, "nothing else"),
        ({"crop": {"ratio": "2:1"}}, "one of original, 1:1, 4:5, 16:9"),
        ({"crop": {"ratio": ["1:1"]}}, "one of original, 1:1, 4:5, 16:9"),
        ({"crop": {"ratio": None}}, "one of original, 1:1, 4:5, 16:9"),
        ({"crop": {"x": -0.1}}, "The crop's x must be a number from 0 to 1"),
        ({"crop": {"y": "0"}}, "The crop's y must be a number from 0 to 1"),
        ({"crop": {"width": False}}, "The crop's width must be a number from 0 to 1"),
        ({"crop": {"height": 10**400}}, "The crop's height must be a number from 0 to 1"),
        ('{"crop": {"height": NaN}}', "The crop's height must be a number from 0 to 1"),
        ('{"crop": {"height": 1e999}}', "The crop's height must be a number from 0 to 1"),
        ({"crop": {"width": 0}}, "width and height must be above 0"),
        ({"crop": {"height": 1e-30}}, "width and height must be above 0"),
        ({"crop": {"x": 0.6, "width": 0.5}}, "x and width add up to 1.100; they can reach at most 1"),
        ({"crop": {"y": 1, "height": 1}}, "y and height add up to 2.000; they can reach at most 1"),
    ],
    ids=lambda one: str(one)[:40],
)
def test_invalid_edits_are_rejected_with_a_sentence(raw, told):
    with pytest.raises(MediaError) as caught:
        parse_edits(raw)

    assert caught.value.code == "edits"
    assert told in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_video_can_only_be_cropped():
    crop = {"crop": {"ratio": "1:1", "x": 0.2, "y": 0, "width": 0.5, "height": 1}}
    assert parse_edits(crop, video=True) == crop

    for more in ({"filter": "dusk"}, {"vignette": 10}):
        with pytest.raises(MediaError, match="Videos can be cropped, but not filtered"):
            parse_edits(crop | more, video=True)


# --- The crop ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("crop", "size", "box"),
    [
        ({"ratio": "1:1", "x": 0.125, "y": 0, "width": 0.75, "height": 1}, (400, 300), (50, 0, 350, 300)),
        ({"ratio": "original", "x": 0.5, "y": 0.5, "width": 0.5, "height": 0.5}, (400, 300), (200, 150, 400, 300)),
        ({"ratio": "16:9", "x": 0, "y": 0.1, "width": 1, "height": 0.75}, (400, 300), (0, 30, 400, 255)),
        # Fractions have six digits and pixels are whole, yet the ratio is exact and the crop lies inside.
        ({"ratio": "1:1", "x": 0.333333, "y": 0, "width": 0.666667, "height": 1}, (1000, 667), (333, 0, 1000, 667)),
        ({"ratio": "4:5", "x": 0.4664, "y": 0.0, "width": 0.5336, "height": 1}, (3001, 2003), (1400, 0, 3001, 2001)),
    ],
)
def test_a_crop_becomes_whole_pixels_of_exactly_its_ratio(crop, size, box):
    left, top, right, bottom = crop_box({"crop": crop}, *size)

    assert max(abs(one - other) for one, other in zip((left, top, right, bottom), box, strict=True)) <= 2
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
    if crop["ratio"] != "original":
        across, down = map(int, crop["ratio"].split(":"))
        assert abs((right - left) - (bottom - top) * across / down) <= 1


@pytest.mark.parametrize(
    ("crop", "told"),
    [
        ({"ratio": "1:1"}, "1.33 times as wide as high; its ratio, 1:1, is 1.00"),
        ({"ratio": "4:5", "width": 0.5, "height": 0.5}, "its ratio, 4:5, is 0.80"),
        ({"ratio": "original", "width": 0.5}, "its ratio, original, is 1.33"),
        ({"width": 0.1, "height": 0.1}, "The crop has 40 × 30 pixels. Photos need at least 150 on the longer side"),
        ({"width": 0.000001, "height": 0.000001}, "at least 150"),
    ],
)
def test_a_crop_that_does_not_fit_its_photo_is_rejected_with_a_sentence(crop, told):
    edits = parse_edits({"crop": crop})

    with pytest.raises(MediaError) as direct:
        crop_box(edits, 400, 300)
    with pytest.raises(MediaError) as from_the_child:
        render_photo(encoded(quarters(400, 300)), edits=edits)

    assert told in str(direct.value)
    assert (from_the_child.value.code, str(from_the_child.value)) == ("edits", str(direct.value))


@pytest.mark.parametrize(("kind", "orientation"), turned("JPEG", "PNG", "WEBP", "HEIC"))
def test_a_rotated_photo_is_cropped_after_its_orientation(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = encoded(quarters(800, 600), kind, exif=exif)
    upright = ImageOps.exif_transpose(decoded(file.getvalue()))
    # The top right quarter and some of its neighbours.
    edits = parse_edits({"crop": {"x": 0.45, "y": 0, "width": 0.55, "height": 0.55}})

    rendered = render_photo(file, edits=edits)

    box = crop_box(edits, *upright.size)
    assert (rendered.width, rendered.height) == (box[2] - box[0], box[3] - box[1])
    for one in rendered.renditions:
        reference = upright.convert("RGB").crop(box).resize((one.width, one.height), Image.Resampling.LANCZOS)
        assert difference(decoded(one.webp), reference) < 4
        assert difference(decoded(one.jpeg), reference) < 4


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "I;16"])
@pytest.mark.parametrize("width", [600, 320, 120])
def test_every_image_mode_is_cropped_at_the_right_place(mode, width):
    """Crop far from the edges, with and without an initial reduction by a whole factor."""
    ramp = Image.linear_gradient("L").resize((1203, 1203))
    picture = ramp.convert("I").point(lambda grey: grey * 257).convert("I;16") if mode == "I;16" else ramp.convert(mode)
    edits = parse_edits({"crop": {"ratio": "1:1", "x": 0.3, "y": 0.403, "width": 0.5, "height": 0.5}})

    (one,) = render_photo(encoded(picture, "PNG"), [width], edits=edits).renditions

    assert (one.width, one.height) == (width, width)
    shown = decoded(one.webp).convert("L")
    reference = ramp.crop(crop_box(edits, *ramp.size)).resize(shown.size, Image.Resampling.LANCZOS)
    assert difference(shown, reference) < 1.5


@pytest.mark.parametrize(
    ("part", "widths"), [(1.0, [320, 640, 1080, 1440]), (0.6, [320, 640, 1080, 1200]), (0.1, [200])]
)
def test_widths_never_exceed_the_cropped_size(part, widths):
    edits = parse_edits({"crop": {"width": part, "height": part}})

    rendered = render_photo(encoded(quarters(2000, 1500)), edits=edits)

    assert [one.width for one in rendered.renditions] == widths
    assert (rendered.width, rendered.height) == (round(2000 * part), round(1500 * part))


# --- Colours -------------------------------------------------------------------------------------------------------


def test_the_twelve_filters_differ_from_each_other():
    with Image.open(ORIGINALS / "hazel-dragonfly-display-p3-13mp.jpg") as opened:
        opened.draft("RGB", (400, 400))
        photo = opened.convert("RGB").resize((200, 150))
    shown = [apply_edits(photo.copy(), {"filter": one["id"]}) for one in FILTERS]

    assert len({one["id"] for one in FILTERS}) == len({one["name"] for one in FILTERS}) == 12
    for at, one in enumerate(shown):
        assert min(difference(one, other) for other in [photo, *shown[:at]]) > 2
        # Filters keep the lightness of most of the image.
        assert difference(one.convert("L"), photo.convert("L")) < 40


def test_neutral_edits_give_the_identity_table():
    table = colour_table({})
    steps = [step / (SIDE - 1) for step in range(SIDE)]

    assert table == pytest.approx([one for b in steps for g in steps for r in steps for one in (r, g, b)], abs=1e-9)


@pytest.mark.parametrize(
    ("name", "shows"),
    [
        ("brightness", lambda colour: sum(colour)),
        ("contrast", lambda colour: max(colour) - min(colour)),
        ("saturation", lambda colour: max(colour) - min(colour)),
        ("warmth", lambda colour: colour[0] - colour[2]),
    ],
)
def test_an_adjustment_has_a_monotonic_effect(name, shows):
    photo = Image.new("RGB", (1, 1), (170, 120, 90))

    shown = [shows(apply_edits(photo.copy(), {name: amount}).getpixel((0, 0))) for amount in range(-100, 101, 20)]

    assert shown == sorted(set(shown))
    assert shown[5] == shows((170, 120, 90))


@pytest.mark.parametrize("amount", [-100, 100])
def test_brightness_does_not_change_black_and_white(amount):
    for grey in (0, 255):
        photo = Image.new("RGB", (1, 1), (grey,) * 3)
        assert apply_edits(photo, {"brightness": amount}).getpixel((0, 0)) == (grey,) * 3


def test_a_vignette_darkens_all_corners_equally_and_not_the_middle():
    white = apply_edits(Image.new("RGB", (301, 701), "white"), {"vignette": 100})

    corners = {pixel(white, place) for place in ((0, 0), (300, 0), (0, 700), (300, 700))}
    assert len(corners) == 1
    assert max(corners.pop()) < 60
    assert white.getpixel((150, 350)) == (255, 255, 255)
    column = [pixel(white, (150, y))[0] for y in range(351)]
    assert column == sorted(column)


def test_the_placeholder_shows_the_edited_photo():
    plain = render_photo(encoded(quarters()))
    edited = render_photo(encoded(quarters()), edits={"filter": "graphite"})

    assert plain.placeholder != edited.placeholder
    grey = decoded(edited.renditions[0].jpeg).convert("HSV").getchannel("S")
    extrema: Any = grey.getextrema()
    assert extrema[1] < 12
