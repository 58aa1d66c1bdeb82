"""Orientation of photos: EXIF, XMP and the rotation properties of HEIC and AVIF."""

import struct

import pytest
from PIL import Image

from tests.hostile import with_segments
from tests.media.pictures import corner_colours, encoded, quarters
from tests.media.test_unusual_photos import JPEG, PNG, QUARTERS, chunk, read, with_chunks

TURNED_RIGHT = [QUARTERS[3], *QUARTERS[:3]]


def exif_of(orientation: int, *, kind: int = 3, order: str = "<") -> bytes:
    """Return EXIF with only the orientation, as a short (kind 3) or long (kind 4) integer."""
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
        # EXIF takes precedence over XMP, and the first value over later ones.
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
def test_a_jpeg_is_upright_wherever_its_orientation_is_stored(segments, is_turned):
    assert corner_colours(read(with_segments(JPEG, *segments))) == (TURNED_RIGHT if is_turned else QUARTERS)


def test_png_and_webp_follow_the_orientation_in_xmp():
    text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
    webp = encoded(quarters(), "WEBP", xmp=XMP).getvalue()

    assert corner_colours(read(with_chunks(PNG, text))) == TURNED_RIGHT
    assert corner_colours(read(webp)) == TURNED_RIGHT
    assert corner_colours(read(with_chunks(PNG, chunk(b"eXIf", exif_of(1)), text))) == QUARTERS


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_a_heic_or_avif_with_a_rotation_property_ignores_its_exif(kind):
    # The encoders remove the orientation from EXIF, but not a tag with another number.
    exif = Image.Exif()
    exif[0x0112], exif[0x0113] = 6, 6
    data = encoded(quarters(), kind, exif=exif).getvalue()
    assert data.count(b"irot") == 1

    picture = read(as_orientation(data))

    assert picture.size == (300, 400)
    assert corner_colours(picture) == TURNED_RIGHT


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_a_heic_or_avif_without_a_rotation_property_follows_its_exif(kind):
    exif = Image.Exif()
    exif[0x0113] = 6
    data = encoded(quarters(), kind, exif=exif).getvalue()
    assert b"irot" not in data

    picture = read(as_orientation(data))

    assert picture.size == (300, 400)
    assert corner_colours(picture) == TURNED_RIGHT


def as_orientation(data: bytes) -> bytes:
    """Return `data` with the tag 0x0113 of its EXIF renamed to the orientation, and the orientation to another tag."""
    for own, other in ((b"\x12\x01\3\0", b"\x13\x01\3\0"), (b"\x01\x12\0\3", b"\x01\x13\0\3")):
        if other in data:
            return data.replace(own, b"\xff" + own[1:]).replace(other, own)
    raise AssertionError("no tag to rename")
