"""Make hostile files: with metadata of their owner, references to other files, or absurd dimensions."""

from __future__ import annotations

import struct
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.media.clips import clip
from tests.media.pictures import encoded, quarters

CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"dinf"}
TOKEN = "Ursula-7Qx9-secret"
"""Personal metadata of an owner, which no public file may contain."""


# --- Metadata of the owner ---------------------------------------------------------------------------------------

XMP = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><owner>{TOKEN}</owner></x:xmpmeta>".encode()


def exif_of_an_owner(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = exif[0x013B] = exif[0x8298] = TOKEN  # description, artist, copyright
    exif[0x010F], exif[0x0110] = TOKEN, TOKEN  # make and model
    camera = exif.get_ifd(0x8769)
    camera[0xA430] = camera[0xA431] = camera[0xA435] = TOKEN  # owner, serials of body and lens
    camera[0x927C] = TOKEN.encode()  # maker note
    position = exif.get_ifd(0x8825)
    position[1], position[2] = "N", (40.0, 25.0, 26.5)
    position[3], position[4] = "W", (3.0, 43.0, 3.9)
    position[0x1B] = TOKEN.encode()  # how it was found
    return exif


def photo_of_an_owner(kind: str) -> bytes:
    """Return a photo of 640 × 480 pixels with all metadata about its owner that the format can hold.

    A JPEG is stored rotated, with orientation 6, and contains a second picture.
    """
    picture = quarters(640, 480)
    if kind == "JPEG":
        data = encoded(picture.transpose(Image.Transpose.ROTATE_90), exif=exif_of_an_owner(6), comment=TOKEN).getvalue()
        return with_segments(data, (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP), (0xED, IPTC), (0xE2, PREVIEW))
    if kind == "PNG":
        text = PngInfo()
        text.add_text("Author", TOKEN)
        text.add_itxt("XML:com.adobe.xmp", XMP.decode())
        return encoded(picture, "PNG", exif=exif_of_an_owner(), pnginfo=text).getvalue()
    return encoded(picture, kind, exif=exif_of_an_owner(), xmp=XMP).getvalue()


IPTC = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(TOKEN) + 5) + b"\x1c\x02\x50\0\x12" + TOKEN.encode()
# The second picture that phones embed, with metadata of its own.
PREVIEW = b"MPF\0" + encoded(Image.new("RGB", (16, 16)), comment=TOKEN).getvalue()


def with_segments(jpeg: bytes, *segments: tuple[int, bytes]) -> bytes:
    """Insert marker segments right after the start of a JPEG."""
    added = b"".join(b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body for marker, body in segments)
    return jpeg[:2] + added + jpeg[2:]


def video_of_an_owner(folder: Path) -> bytes:
    """Return a clip whose metadata names the owner, the place and the camera."""
    keys = ["title", "artist", "comment", "location", "com.apple.quicktime.location.ISO6709", "make"]
    options = [option for name in keys for option in ("-metadata", f"{name}={TOKEN}")]
    options += ["-metadata:s:v:0", f"handler_name={TOKEN}", "-movflags", "use_metadata_tags"]
    return clip(folder / "owner.mov", *options).read_bytes()


# --- References to other files -----------------------------------------------------------------------------------


def files_with_references(port: int, secret: Path, folder: Path) -> dict[str, bytes]:
    """Return files that refer to http://127.0.0.1:port and to local files, by file name.

    "elsewhere-on-disk.mov" contains no pictures, so it can be played only by reading another file.
    """
    address = f"http://127.0.0.1:{port}"
    movie = clip(folder / "plain.mov", seconds=1.2).read_bytes()
    return {
        "playlist.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}/1\n#EXTINF:1,\nfile://{secret}\n"
        "#EXT-X-ENDLIST\n".encode(),
        "list.mov": f"ffconcat version 1.0\nfile '{secret}'\nfile '{address}/2'\n".encode(),
        "dash.webm": f'<MPD type="static"><Period><BaseURL>{address}/3</BaseURL></Period></MPD>'.encode(),
        "picture.svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{address}/4"/>'
        f'<image href="file://{secret}"/></svg>'.encode(),
        "picture.mvg.jpg": f"push graphic-context\nviewbox 0 0 640 480\nimage over 0,0 0,0 '{address}/5'\n"
        f"image over 0,0 0,0 'text:{secret}'\npop graphic-context\n".encode(),
        "entity.png": f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file://{secret}">'
        f'<!ENTITY b SYSTEM "{address}/6">]><x>&a;&b;</x>'.encode(),
        "elsewhere-by-address.mov": with_data_elsewhere(movie, b"url ", f"{address}/7".encode() + b"\0"),
        "elsewhere-on-disk.mov": with_data_elsewhere(blank(movie), b"alis", alias(folder / "plain.mov")),
    }


def with_data_elsewhere(movie: bytes, kind: bytes, where: bytes) -> bytes:
    """Change the index at the end of a QuickTime file so that its pictures are read from elsewhere."""
    entry = struct.pack(">I4sI", 12 + len(where), kind, 0) + where
    reference = struct.pack(">I4sII", 16 + len(entry), b"dref", 0, 1) + entry
    assert movie.index(b"mdat") < movie.index(b"moov"), "offsets into the data would have to move"
    return _replaced(movie, b"dref", reference)


def blank(movie: bytes) -> bytes:
    """Replace the picture data of a QuickTime file by zeros."""
    start, end = movie.index(b"mdat") + 4, movie.index(b"moov") - 4
    return movie[:start] + bytes(end - start) + movie[end:]


def alias(path: Path) -> bytes:
    """Return a QuickTime alias record of the path: the kind of reference that ffmpeg can follow."""
    name = str(path).encode() + b"\0" * (len(str(path)) % 2)
    levels = struct.pack(">hh", -1, -1)  # not relative to the folder of the file
    entry = struct.pack(">HH", 2, len(name)) + name
    return bytes(10 + 28 + 12 + 64 + 16) + levels + bytes(16) + entry + b"\xff\xff\0\0"


def _replaced(data: bytes, kind: bytes, new: bytes) -> bytes:
    """Replace every box of this kind in `data`, at any depth."""
    made, at = b"", 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if size < 8:
            return made + data[at:]
        body = data[at + 8 : at + size]
        if name == kind:
            made += new
        elif name in CONTAINERS:
            body = _replaced(body, kind, new)
            made += struct.pack(">I4s", len(body) + 8, name) + body
        else:
            made += data[at : at + size]
        at += size
    return made + data[at:]


# --- Expensive files ---------------------------------------------------------------------------------------------


def odd_videos(folder: Path) -> dict[str, bytes]:
    """Return videos with extreme dimensions, lengths or frame rates, or without frames, by file name."""
    quick = ("-preset", "ultrafast")
    still = clip(folder / "no-frames.mp4", seconds=1).read_bytes()
    return {
        "thousand-frames-a-second.mp4": clip(folder / "1000.mp4", *quick, rate=1000).read_bytes(),
        "four-hours.mp4": clip(
            folder / "hours.mp4", *quick, "-vf", "fps=1/10", size="160x160", seconds=14_400, rate=1
        ).read_bytes(),
        "eight-thousand-wide.mp4": clip(folder / "8192.mp4", *quick, size="8192x2732", rate=2, seconds=1).read_bytes(),
        "too-wide.mp4": clip(folder / "wide.mp4", *quick, size="8200x2736", rate=2, seconds=1).read_bytes(),
        "cut.webm": (Path(__file__).parent / "files" / "video" / "tears-of-steel-clip.webm").read_bytes()[:400_000],
        "index-only.mp4": still[: still.index(b"mdat") - 4] + still[still.index(b"moov") - 4 :],
    }
