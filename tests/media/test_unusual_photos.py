"""Unusual photos that decoders read: each is accepted and looks as intended."""

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


def shown(file) -> Image.Image:
    """Probe and decode a file in this process."""
    info = probe_photo(file)
    return open_upright(file, info, (info.width, info.height))


def read(data: bytes) -> Image.Image:
    return shown(io.BytesIO(data))


# --- Reported files -------------------------------------------------------------------------------------------------


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
        # The same image, stored rotated.
        *(
            (name, (480, 640), [(151, 120, 100), (77, 120, 181), (77, 120, 181), (151, 120, 100)])
            for name in ("heic-exif-6-without-irot.heic", "exif-after-xmp-orientation-6.jpg")
        ),
        ("png-cicp-display-p3.png", (400, 300), [(215, 93, 73)] * 4),
    ],
)
def test_a_reported_file_looks_right(name, size, corners):
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
    """Return `data` with `stray` inserted between two segments, before the Huffman table."""
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
def test_a_jpeg_is_read_as_by_libjpeg(data):
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
def test_a_photo_with_missing_pixels_is_rejected_with_a_sentence_by_the_decoder(kind, kept):
    options = {"progressive": True} if kind.startswith("progressive") else {}
    picture = Image.effect_noise((300, 300), 90).convert("RGB")
    whole = encoded(picture, kind.split()[-1], **options).getvalue()

    with pytest.raises(MediaError, match="This photo is damaged: its end is missing"):
        read(whole[: int(len(whole) * kept)])


def test_the_sentence_about_a_missing_end_reaches_the_worker():
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
def test_a_jpeg_that_is_expensive_to_parse_is_rejected(body):
    with pytest.raises(MediaError) as caught:
        probe_photo(io.BytesIO(b"\xff\xd8\xff" + body))

    assert caught.value.code in {"too-complex", "unreadable"}


# --- PNG, GIF, WebP ------------------------------------------------------------------------------------------------

PNG = encoded(quarters(), "PNG").getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """Return `png` with chunks inserted after its header."""
    return png[:33] + b"".join(chunks) + png[33:]


@pytest.mark.promise("U2")
@pytest.mark.parametrize("cut", [1, 4, 11, 12, 13, 16, 20])
def test_a_png_without_its_end_is_accepted(cut):
    assert corner_colours(read(PNG[:-cut])) == QUARTERS


@pytest.mark.promise("U2")
def test_a_png_with_garbage_in_place_of_its_end_is_accepted():
    assert corner_colours(read(PNG[:-12] + b"garbage that is no chunk")) == QUARTERS


@pytest.mark.promise("U2")
@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_gif_without_its_end_is_accepted(cut):
    assert corner_colours(read(encoded(quarters(), "GIF").getvalue()[:-cut])) == QUARTERS


@pytest.mark.promise("U2")
@pytest.mark.parametrize("cut", [1, 5, 12])
def test_a_webp_with_truncated_metadata_is_accepted(cut):
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
def test_the_code_points_of_a_png_take_precedence_over_its_profile(numbers, colour, is_with_profile):
    profile = Image.open(ORIGINALS / "hazel-dragonfly-display-p3-13mp.jpg").info["icc_profile"]
    options = {"icc_profile": profile} if is_with_profile else {}
    png = encoded(Image.new("RGB", (200, 200), (200, 100, 80)), "PNG", **options).getvalue()

    assert read(with_chunks(png, chunk(b"cICP", numbers))).getpixel((9, 9)) == pytest.approx(colour, abs=2)


SRGB, P3 = (
    (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000),
    (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000),
)
ADOBE, PROPHOTO = (*SRGB[:4], 21000, 71000, 15000, 6000), (34570, 35850, 73470, 26530, 15960, 84040, 3660, 10)


def gama(gamma: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", gamma))


def chrm(chromaticities: tuple[int, ...]) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *chromaticities))


@pytest.mark.parametrize(
    ("chunks", "before", "after"),
    [
        ([gama(100_000)], (100, 2, 4), (168, 22, 34)),  # Linear light
        ([gama(55_556)], (128, 128, 128), (146, 146, 146)),  # Gamma 1.8 of old Macs
        ([chrm(P3)], (200, 100, 80), (215, 93, 73)),  # With the curve of sRGB
        ([gama(45_455), chrm(ADOBE)], (200, 100, 80), (227, 100, 78)),
        ([gama(55_556), chrm(PROPHOTO)], (255, 255, 255), (255, 255, 255)),
    ],
)
def test_gamma_and_primaries_of_a_png_are_converted_to_srgb(chunks, before, after):
    png = encoded(Image.new("RGB", (200, 200), before), "PNG").getvalue()

    assert read(with_chunks(png, *chunks)).getpixel((9, 9)) == pytest.approx(after, abs=1)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P"])
def test_the_gamma_of_a_grey_transparent_or_indexed_png_is_converted(mode):
    png = encoded(
        Image.new("RGB", (200, 200), (100,) * 3).convert(mode, palette=Image.Palette.ADAPTIVE), "PNG"
    ).getvalue()

    assert read(with_chunks(png, gama(100_000))).getpixel((9, 9)) == pytest.approx((168,) * 3, abs=1)


@pytest.mark.parametrize(
    "chunks",
    [
        [gama(45_455), chrm(SRGB)],
        [gama(45_455)],
        [chunk(b"sRGB", b"\0"), gama(100_000), chrm(P3)],
        [chunk(b"cICP", b"\1\x0d\0\1"), gama(100_000), chrm(P3)],
        [gama(0), chrm((0,) * 8)],
        [gama(1), chrm((30_000,) * 8)],
        [gama(2**32 - 1), chrm((2**32 - 1,) * 8)],
    ],
    ids=["sRGB", "gamma of sRGB", "sRGB wins", "cICP wins", "zeros", "a single point", "too large"],
)
def test_gamma_and_primaries_of_a_png_are_ignored_if_they_mean_srgb_or_nothing(chunks):
    png = encoded(Image.new("RGB", (200, 200), (200, 100, 80)), "PNG").getvalue()

    assert read(with_chunks(png, *chunks)).getpixel((9, 9)) == (200, 100, 80)


def test_the_profile_of_a_png_takes_precedence_over_gamma_and_primaries():
    profile = Image.open(ORIGINALS / "hazel-dragonfly-display-p3-13mp.jpg").info["icc_profile"]
    png = encoded(Image.new("RGB", (200, 200), (200, 100, 80)), "PNG", icc_profile=profile).getvalue()

    changed = with_chunks(png, gama(100_000), chrm(ADOBE))
    assert read(changed).getpixel((9, 9)) == pytest.approx((215, 93, 73), abs=2)


@pytest.mark.parametrize(("transfer", "grey"), [(16, 148), (18, 191)], ids=["PQ", "HLG"])
def test_diffuse_white_in_an_hdr_png_is_light_and_not_clipped(transfer, grey):
    # White at 203 nits: 58 % of PQ, 75 % of HLG.
    png = encoded(Image.new("RGB", (200, 200), (grey, grey, grey)), "PNG").getvalue()

    red, green, blue = pixel(read(with_chunks(png, chunk(b"cICP", bytes([9, transfer, 0, 1])))), (9, 9))
    assert max(red, green, blue) - min(red, green, blue) <= 3
    assert 190 < red < 250


@pytest.mark.promise("U4")
def test_a_compressed_text_that_unpacks_to_megabytes_is_rejected():
    packed = zlib.compress(b"a" * 2_000_000)
    for bomb in (
        chunk(b"zTXt", b"Comment\0\0" + packed),
        chunk(b"iTXt", b"Comment\0\1\0en\0\0" + packed),
    ):
        with pytest.raises(MediaError, match="more than 1 MB of metadata"):
            probe_photo(io.BytesIO(with_chunks(PNG, bomb)))


def test_a_compressed_text_of_usual_size_is_accepted():
    assert read(with_chunks(PNG, chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 100_000)))).size == (400, 300)


# --- HEIC and AVIF -------------------------------------------------------------------------------------------------


@pytest.mark.promise("U2")
@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_bytes_after_the_last_box_are_ignored(kind):
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
    except Exception:  # Decoders raise all kinds of exceptions.
        return False
    return True


def rejection_by_the_probe(data: bytes) -> str:
    try:
        probe_photo(io.BytesIO(data))
    except MediaError as error:
        return "" if error.code in LIMITS else str(error)
    return ""


@pytest.mark.promise("U2")
@pytest.mark.parametrize("kind", list(WHOLE))
def test_the_probe_accepts_everything_that_the_decoder_reads(kind):
    whole = WHOLE[kind]
    odd = [whole + tail for tail in (b"\0", bytes(100), b"\xff\xd9", b"\xff\xda" * 200, b"\0\0\0\x10junkjunk", whole)]
    odd += [whole[:-cut] for cut in range(1, 40)]
    # Insert, delete and change bytes all over the file, except in the length of PNG's data, by which the probe rejects
    # truncated files.
    data_length = range(whole.find(b"IDAT") - 4, whole.find(b"IDAT"))
    for at in [at for at in range(2, len(whole), max(1, len(whole) // 60)) if at not in data_length]:
        odd += [whole[:at] + b"\0" + whole[at:], whole[:at] + whole[at + 1 :], whole[:at] + b"\x5a" + whole[at + 1 :]]
    refused = [
        (len(data), why) for data in odd if (why := rejection_by_the_probe(data)) and is_decoded(kind.split()[-1], data)
    ]

    assert refused == []


@pytest.mark.promise("U2")
def test_the_probe_accepts_all_test_files_that_a_decoder_reads():
    refused = []
    for path in [*BAD.iterdir(), *FIELD.iterdir(), *ORIGINALS.iterdir()]:
        data = path.read_bytes()
        if why := rejection_by_the_probe(data):
            refused += [(path.name, why) for kind in DECODERS if is_decoded(kind, data)]

    assert refused == []
