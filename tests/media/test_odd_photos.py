"""Photos that programs write in odd ways and that decoders read: each is taken, and looks as its maker meant it."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pillow_heif
import pytest
from PIL import AvifImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from media.errors import MediaError
from media.photo.render import render_photo
from media.photo.upright import open_upright
from media.probe import probe_photo
from media.probe.limits import MAX_JPEG_SEGMENTS
from tests.hostile import with_segments
from tests.media.pictures import BAD, FILES, ORIGINALS, corner_colours, encoded, jpeg_of_many_scans, pixel, quarters

FIELD = FILES / "field"
QUARTERS = [(255, 0, 0), (0, 255, 0), (255, 255, 255), (0, 0, 255)]
TURNED_RIGHT = [QUARTERS[3], *QUARTERS[:3]]


def shown(file) -> Image.Image:
    """What the probe and the decoder make of a file, in this process."""
    info = probe_photo(file)
    return open_upright(file, info, (info.width, info.height))


def read(data: bytes) -> Image.Image:
    return shown(io.BytesIO(data))


# --- Files that people reported ------------------------------------------------------------------------------------


@pytest.mark.promise("U2")
@pytest.mark.parametrize(
    ("name", "size", "corners"),
    [
        *(
            (name, (640, 480), [(78, 120, 180), (78, 120, 180), (152, 119, 100), (152, 119, 100)])
            for name in (
                "motion-photo-ffda-in-video.jpg",
                "motion-photo-small-video.jpg",
                "two-pictures-mpo.jpg",
                "ultrahdr-like.jpg",
                "jpeg-extraneous-bytes-before-dqt.jpg",
            )
        ),
        # The same picture, lying on its side in the file.
        *(
            (name, (480, 640), [(151, 120, 100), (77, 120, 181), (77, 120, 181), (151, 120, 100)])
            for name in ("heic-exif-6-without-irot.heic", "exif-after-xmp-orientation-6.jpg")
        ),
        ("png-cicp-display-p3.png", (400, 300), [(215, 93, 73)] * 4),
    ],
)
def test_a_file_that_was_refused_or_shown_wrong_looks_right(name, size, corners):
    with (FIELD / name).open("rb") as file:
        picture = shown(file)

    width, height = size
    places = [(width // 4, height // 4), (3 * width // 4, height // 4)]
    places += [(3 * width // 4, 3 * height // 4), (width // 4, 3 * height // 4)]
    assert picture.size == size
    for place, colour in zip(places, corners, strict=True):
        assert picture.getpixel(place) == pytest.approx(colour, abs=3)


# --- JPEG ----------------------------------------------------------------------------------------------------------

JPEG = encoded(quarters(), quality=90).getvalue()
PROGRESSIVE = encoded(quarters(), quality=90, progressive=True).getvalue()
NOISE = encoded(Image.effect_noise((300, 300), 90).convert("RGB"), quality=80).getvalue()


def with_stray(data: bytes, stray: bytes) -> bytes:
    """`data` with `stray` in front of the table of Huffman codes, between two segments."""
    at = data.index(b"\xff\xc4")
    return data[:at] + stray + data[at:]


@pytest.mark.promise("U2")
@pytest.mark.parametrize(
    "data",
    [
        with_stray(JPEG, bytes(7)),
        with_stray(JPEG, b"any\xff\x00thing\xff\x00"),
        with_stray(JPEG, b"\xff" * 1000),
        with_segments(JPEG, (0xFE, b"\xff\xda" * 200)),
        encoded(quarters(), quality=90, restart_marker_blocks=1).getvalue(),
        JPEG + PROGRESSIVE + b"\xff\xda" * 500,
        PROGRESSIVE + JPEG,
        JPEG[:-2],
        JPEG[:-1],
        JPEG[:-2] + bytes(5000),
        PROGRESSIVE[:-2],
    ],
    ids=[
        *("zeros", "escaped", "fill bytes", "scans in a comment", "restarts", "data after the end"),
        *("a picture after the end", "no end mark", "half an end mark", "zeros for an end", "progressive without end"),
    ],
)
def test_a_jpeg_is_read_as_libjpeg_reads_it(data):
    picture = read(data)

    assert picture.size == (400, 300)
    assert corner_colours(picture) == QUARTERS


@pytest.mark.parametrize("block", [4, 5, 7])
def test_a_marker_split_between_two_reads_is_found(block, monkeypatch):
    monkeypatch.setattr("media.probe.jpeg.BLOCK_BYTES", block)

    for stray in range(7):
        assert probe_photo(io.BytesIO(with_stray(JPEG, bytes(stray)))).truncated_at == 0


@pytest.mark.parametrize("kind", ["JPEG", "progressive JPEG", "GIF"])
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_photo_that_lacks_a_part_of_its_picture_is_refused_in_words_when_it_is_decoded(kind, kept):
    options = {"progressive": True} if kind.startswith("progressive") else {}
    picture = Image.effect_noise((300, 300), 90).convert("RGB")
    whole = encoded(picture, kind.split()[-1], **options).getvalue()

    with pytest.raises(MediaError, match="This photo is damaged: its end is missing"):
        read(whole[: int(len(whole) * kept)])


def test_the_words_about_a_missing_end_reach_the_worker():
    with pytest.raises(MediaError, match="its end is missing") as caught:
        render_photo(io.BytesIO(NOISE[: len(NOISE) // 2]))

    assert caught.value.code == "unreadable"


@pytest.mark.promise("U4")
@pytest.mark.parametrize(
    "body",
    [
        b"\xff" * 1_000_000,
        b"\xff\xe0\0\2" * (MAX_JPEG_SEGMENTS + 1),
        b"\xff\xd8" * (MAX_JPEG_SEGMENTS + 1),
        jpeg_of_many_scans(101).getvalue()[3:],
    ],
    ids=["fill bytes", "empty segments", "starts", "scans"],
)
def test_a_jpeg_that_costs_much_to_look_through_is_refused(body):
    with pytest.raises(MediaError) as caught:
        probe_photo(io.BytesIO(b"\xff\xd8\xff" + body))

    assert caught.value.code in {"too-complex", "unreadable"}


# --- PNG, GIF, WebP ------------------------------------------------------------------------------------------------

PNG = encoded(quarters(), "PNG").getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """`png` with chunks right after its header."""
    return png[:33] + b"".join(chunks) + png[33:]


@pytest.mark.promise("U2")
@pytest.mark.parametrize("cut", [1, 4, 11, 12, 13, 16, 20])
def test_a_png_without_its_end_is_taken(cut):
    assert corner_colours(read(PNG[:-cut])) == QUARTERS


@pytest.mark.promise("U2")
def test_a_png_with_something_else_instead_of_its_end_is_taken():
    assert corner_colours(read(PNG[:-12] + b"garbage that is no chunk")) == QUARTERS


@pytest.mark.promise("U2")
@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_gif_with_a_cut_tail_is_taken(cut):
    assert corner_colours(read(encoded(quarters(), "GIF").getvalue()[:-cut])) == QUARTERS


@pytest.mark.promise("U2")
@pytest.mark.parametrize("cut", [1, 5, 12])
def test_a_webp_whose_metadata_are_cut_off_is_taken(cut):
    exif = Image.Exif()
    exif[0x010E] = "a description"
    data = encoded(quarters(), "WEBP", exif=exif).getvalue()

    assert corner_colours(read(data[:-cut])) == QUARTERS


@pytest.mark.parametrize(
    ("numbers", "colour"),
    [
        (b"\x0c\x0d\0\1", (215, 93, 73)),  # Display P3
        (b"\x09\x0d\0\1", (241, 76, 73)),  # BT.2020 with the curve of sRGB
        (b"\x01\x0d\0\1", (200, 100, 80)),  # sRGB
    ],
)
@pytest.mark.parametrize("is_with_profile", [False, True])
def test_the_colours_that_a_png_states_by_numbers_count_more_than_its_profile(numbers, colour, is_with_profile):
    profile = Image.open(ORIGINALS / "hazel-dragonfly-display-p3-13mp.jpg").info["icc_profile"]
    options = {"icc_profile": profile} if is_with_profile else {}
    png = encoded(Image.new("RGB", (200, 200), (200, 100, 80)), "PNG", **options).getvalue()

    assert read(with_chunks(png, chunk(b"cICP", numbers))).getpixel((9, 9)) == pytest.approx(colour, abs=2)


@pytest.mark.parametrize(("transfer", "grey"), [(16, 148), (18, 191)], ids=["PQ", "HLG"])
def test_the_white_of_a_page_in_an_hdr_png_is_light_and_not_clipped(transfer, grey):
    # White at 203 nits: 58 % of PQ, 75 % of HLG.
    png = encoded(Image.new("RGB", (200, 200), (grey, grey, grey)), "PNG").getvalue()

    red, green, blue = pixel(read(with_chunks(png, chunk(b"cICP", bytes([9, transfer, 0, 1])))), (9, 9))
    assert max(red, green, blue) - min(red, green, blue) <= 3
    assert 190 < red < 250


@pytest.mark.promise("U4")
def test_a_compressed_text_that_unpacks_to_megabytes_is_refused_at_once():
    packed = zlib.compress(b"a" * 2_000_000)
    for bomb in (
        chunk(b"zTXt", b"Comment\0\0" + packed),
        chunk(b"iTXt", b"Comment\0\1\0en\0\0" + packed),
    ):
        with pytest.raises(MediaError, match="contains a text of more than 1 MB"):
            probe_photo(io.BytesIO(with_chunks(PNG, bomb)))


def test_a_compressed_text_of_a_usual_size_is_no_matter():
    assert read(with_chunks(PNG, chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 100_000)))).size == (400, 300)


# --- Which way is up -----------------------------------------------------------------------------------------------


def exif_of(orientation: int, *, kind: int = 3, order: str = "<") -> bytes:
    """EXIF of one entry, the orientation as a short or (kind 4) a long number."""
    value = struct.pack(order + ("HH" if kind == 3 else "I"), *([orientation, 0] if kind == 3 else [orientation]))
    head = b"II*\0" if order == "<" else b"MM\0*"
    return b"Exif\0\0" + head + struct.pack(order + "IHHHI", 8, 1, 0x0112, kind, 1) + value + bytes(4)


XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
EXIF_WITHOUT = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"
XMP_SEGMENT = (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)


@pytest.mark.parametrize(
    ("segments", "is_turned"),
    [
        ([XMP_SEGMENT, (0xE1, exif_of(6))], True),
        ([(0xE1, EXIF_WITHOUT), (0xE1, exif_of(6))], True),
        ([(0xE1, exif_of(6, kind=4, order=">"))], True),
        ([XMP_SEGMENT], True),
        ([(0xE1, EXIF_WITHOUT), XMP_SEGMENT], True),
        # What is stated first, and by EXIF, counts.
        ([(0xE1, exif_of(1)), (0xE1, exif_of(6)), XMP_SEGMENT], False),
        ([(0xE1, exif_of(9))], False),
    ],
    ids=[
        "after XMP",
        "the second EXIF",
        "a long number",
        "XMP",
        "XMP beside EXIF without",
        "upright first",
        "nonsense",
    ],
)
def test_a_jpeg_is_upright_wherever_it_states_its_orientation(segments, is_turned):
    assert corner_colours(read(with_segments(JPEG, *segments))) == (TURNED_RIGHT if is_turned else QUARTERS)


def test_png_and_webp_are_upright_by_their_xmp_too():
    text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
    webp = encoded(quarters(), "WEBP", xmp=XMP).getvalue()

    assert corner_colours(read(with_chunks(PNG, text))) == TURNED_RIGHT
    assert corner_colours(read(webp)) == TURNED_RIGHT
    assert corner_colours(read(with_chunks(PNG, chunk(b"eXIf", exif_of(1)), text))) == QUARTERS


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_a_heic_or_avif_with_a_turn_of_its_own_is_not_turned_by_its_exif_again(kind):
    # The encoders take the orientation out of EXIF; under the number of another tag they leave it there.
    exif = Image.Exif()
    exif[0x0112], exif[0x0113] = 6, 6
    data = encoded(quarters(), kind, exif=exif).getvalue()
    assert data.count(b"irot") == 1

    picture = read(as_orientation(data))

    assert picture.size == (300, 400)
    assert corner_colours(picture) == TURNED_RIGHT


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_a_heic_or_avif_that_is_turned_in_exif_alone_is_upright(kind):
    exif = Image.Exif()
    exif[0x0113] = 6
    data = encoded(quarters(), kind, exif=exif).getvalue()
    assert b"irot" not in data

    picture = read(as_orientation(data))

    assert picture.size == (300, 400)
    assert corner_colours(picture) == TURNED_RIGHT


def as_orientation(data: bytes) -> bytes:
    """`data` with the tag 0x0113 of its EXIF as the orientation, and its own orientation as another tag."""
    for own, other in ((b"\x12\x01\3\0", b"\x13\x01\3\0"), (b"\x01\x12\0\3", b"\x01\x13\0\3")):
        if other in data:
            return data.replace(own, b"\xff" + own[1:]).replace(other, own)
    raise AssertionError("no tag to rename")


@pytest.mark.promise("U2")
@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_bytes_after_the_last_box_are_no_matter(kind):
    data = encoded(quarters(), kind).getvalue()

    assert corner_colours(read(data + b"garbage, longer than it says")) == QUARTERS


# --- The probe and the decoders agree ------------------------------------------------------------------------------

DECODERS: dict[str, Callable[[io.BytesIO], Any]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "HEIC": lambda file: pillow_heif.open_heif(file)[0],
}
WHOLE = {
    "JPEG": JPEG,
    "progressive JPEG": PROGRESSIVE,
    "PNG": PNG,
    "palette PNG": encoded(quarters().quantize(4), "PNG").getvalue(),
    "GIF": encoded(quarters(), "GIF").getvalue(),
    "WEBP": encoded(quarters(), "WEBP").getvalue(),
    "lossless WEBP": encoded(quarters(), "WEBP", lossless=True).getvalue(),
    "AVIF": encoded(quarters(), "AVIF").getvalue(),
    "HEIC": encoded(quarters(), "HEIC").getvalue(),
}
LIMITS = {"too-complex", "too-small", "too-many-pixels", "shape"}


def is_decoded(kind: str, data: bytes) -> bool:
    try:
        picture = DECODERS[kind](io.BytesIO(data))
        picture.load()
    except Exception:  # Whatever it is, it does not read it.
        return False
    return True


def refused_by_the_probe(data: bytes) -> str:
    try:
        probe_photo(io.BytesIO(data))
    except MediaError as error:
        return "" if error.code in LIMITS else str(error)
    return ""


@pytest.mark.promise("U2")
@pytest.mark.parametrize("kind", list(WHOLE))
def test_the_probe_refuses_nothing_that_the_decoder_reads(kind):
    whole = WHOLE[kind]
    odd = [whole + tail for tail in (b"\0", bytes(100), b"\xff\xd9", b"\xff\xda" * 200, b"\0\0\0\x10junkjunk", whole)]
    odd += [whole[:-cut] for cut in range(1, 40)]
    # A byte more, a byte less, another byte, all over the file; but for the length of PNG's data, by which a file that
    # was cut short is refused at once.
    data_length = range(whole.find(b"IDAT") - 4, whole.find(b"IDAT"))
    for at in [at for at in range(2, len(whole), max(1, len(whole) // 60)) if at not in data_length]:
        odd += [whole[:at] + b"\0" + whole[at:], whole[:at] + whole[at + 1 :], whole[:at] + b"\x5a" + whole[at + 1 :]]
    refused = [
        (len(data), why) for data in odd if (why := refused_by_the_probe(data)) and is_decoded(kind.split()[-1], data)
    ]

    assert refused == []


@pytest.mark.promise("U2")
def test_the_probe_refuses_no_file_of_the_test_sets_that_a_decoder_reads():
    refused = []
    for path in [*BAD.iterdir(), *FIELD.iterdir(), *ORIGINALS.iterdir()]:
        data = path.read_bytes()
        if why := refused_by_the_probe(data):
            refused += [(path.name, why) for kind in DECODERS if is_decoded(kind, data)]

    assert refused == []
