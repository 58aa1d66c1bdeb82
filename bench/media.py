"""Measure a photo and a second of video: our whole task next to a plain script that makes the same files.

`python -m bench.media` prints milliseconds and the peak memory of the process that decodes. Every candidate makes four
widths as WebP and as JPEG of the same photo, in a separate process whose start counts, because ours starts one too.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import imageio_ffmpeg

ROOT = Path(__file__).resolve().parent.parent
PHOTO = ROOT / "tests/files/originals/hazel-dragonfly-display-p3-13mp.jpg"
FILM = ROOT / "tests/files/video/tears-of-steel-clip.webm"
WIDTHS = (1440, 1080, 640, 320)
ROUNDS = 7
SIDE_OF_60_MEGAPIXELS = 7745


# --- The candidates, each in a process of its own ------------------------------------------------------------------


def ours(path: Path) -> None:
    """Run the task without its database: open, decode in the child, store. Django is loaded before, as in a worker."""
    _django()
    from media.photo.render import render_photo
    from media.storage import store_rendition

    began = time.perf_counter()
    with path.open("rb") as original:
        rendered = render_photo(original)
    for one in rendered.renditions:
        store_rendition(one.webp, ".webp")
        store_rendition(one.jpeg, ".jpg")
    seconds = time.perf_counter() - began
    print(json.dumps({"ms": seconds * 1000, "mb": _peak_mb(resource.RUSAGE_CHILDREN)}))


def bare_pillow(path: Path) -> None:
    import io

    from PIL import Image, ImageCms, ImageOps

    with Image.open(path) as opened, tempfile.TemporaryDirectory() as folder:
        profile = opened.info.get("icc_profile")
        opened.draft("RGB", (WIDTHS[0] * 2, WIDTHS[0] * 2))
        height = round(WIDTHS[0] * opened.height / opened.width)
        image = ImageOps.exif_transpose(opened).convert("RGB")
        image = image.resize((WIDTHS[0], height), Image.Resampling.LANCZOS, reducing_gap=2.0)
        if profile:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            image = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        image.info = {}
        for width in WIDTHS:
            image = image.resize((width, round(width * image.height / image.width)), Image.Resampling.LANCZOS)
            image.save(Path(folder) / f"{width}.webp", quality=80, method=2)
            image.save(Path(folder) / f"{width}.jpg", quality=82, progressive=True, optimize=True)


def bare_vips(path: Path) -> None:
    import pyvips

    with tempfile.TemporaryDirectory() as folder:
        image = pyvips.Image.thumbnail(str(path), WIDTHS[0], height=10_000, output_profile="srgb").copy_memory()
        for width in WIDTHS:
            image = image.resize(width / image.width).copy_memory()
            image.webpsave(f"{folder}/{width}.webp", Q=80, effort=2, keep="none")
            image.jpegsave(f"{folder}/{width}.jpg", Q=82, interlace=True, optimize_coding=True, keep="none")


def our_video(path: Path) -> None:
    _django()
    from media.storage import store_rendition, store_rendition_file
    from media.video.render import render_video

    began = time.perf_counter()
    with path.open("rb") as original, render_video(original) as made:
        store_rendition_file(made.mp4, ".mp4")
        for one in made.poster.renditions:
            store_rendition(one.webp, ".webp")
            store_rendition(one.jpeg, ".jpg")
    seconds = time.perf_counter() - began
    print(json.dumps({"ms": seconds * 1000, "mb": _peak_mb(resource.RUSAGE_CHILDREN)}))


CANDIDATES = {"ours": ours, "pillow": bare_pillow, "vips": bare_vips, "our-video": our_video}


def _django() -> None:
    from django.conf import settings

    folder = tempfile.mkdtemp(dir=os.environ["BENCH_FOLDER"])
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": folder}}
    settings.configure(DECODERS_OFF=frozenset(), STORAGES={"default": backend, "originals": backend})


def _peak_mb(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024


# --- Measuring -----------------------------------------------------------------------------------------------------


def run(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Return (milliseconds, peak memory in MB) of a command. Figures that the command prints itself take precedence."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{command} ended with {process.returncode}")
        output.seek(0)
        said = output.read()
    if said.startswith(b"{"):
        own = json.loads(said)
        return own["ms"], own["mb"]
    return seconds * 1000, usage.ru_maxrss / 1024


def compare(title: str, commands: dict[str, list[str]], environment: dict[str, str], *, per: float = 1) -> None:
    """Measure in rounds, so that a busy minute of the machine affects all candidates. `per` divides the time."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            found[name].append(run(command, environment))
    print(f"\n{title}\n\n| | ms | peak MB |\n|---|---|---|")
    for name, rounds in found.items():
        print(f"| {name} | {statistics.median(ms for ms, _ in rounds) / per:.0f} | {max(mb for _, mb in rounds):.0f} |")


def large_photos(folder: Path) -> dict[str, Path]:
    """Yield a picture of 60 megapixels in each format that we accept."""
    import pillow_heif
    from PIL import Image

    pillow_heif.register_heif_opener()
    with Image.open(PHOTO) as opened:
        large = opened.convert("RGB").resize((SIDE_OF_60_MEGAPIXELS, SIDE_OF_60_MEGAPIXELS))
    kinds = {
        "JPEG": ("large.jpg", {}),
        "progressive JPEG": ("progressive.jpg", {"progressive": True}),
        "PNG": ("large.png", {"compress_level": 6}),
        "WebP": ("large.webp", {"quality": 60, "method": 0}),
        "AVIF": ("large.avif", {"quality": 50, "speed": 10}),
        "HEIC": ("large.heif", {"quality": 40, "enc_params": {"preset": "ultrafast"}}),
    }
    for kind, (name, options) in kinds.items():
        # With the noise of a camera, a PNG of this size would exceed our limit of 30 MB.
        picture = large.resize((800, 800)).resize(large.size, Image.Resampling.NEAREST) if kind == "PNG" else large
        picture.save(folder / name, **options)
    return {kind: folder / name for kind, (name, _) in kinds.items()}


def main() -> None:
    if len(sys.argv) == 3:
        CANDIDATES[sys.argv[1]](Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = dict(os.environ) | {"BENCH_FOLDER": name, "PYTHONPATH": str(ROOT), "VIPS_CONCURRENCY": "1"}
        me = [sys.executable, "-m", "bench.media"]
        photo = {
            "our whole task": [*me, "ours", str(PHOTO)],
            "bare Pillow script": [*me, "pillow", str(PHOTO)],
            "pyvips script": [*me, "vips", str(PHOTO)],
        }
        compare("A photo of 13 megapixels", photo, environment)

        ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-y", "-loglevel", "error"]
        film, seconds = folder / "720p.mp4", 10
        subprocess.run([*ffmpeg, "-i", FILM, "-t", str(seconds), "-vf", "scale=1280:720,setsar=1", film], check=True)
        options = "-c:v libx264 -preset veryfast -crf 23 -threads 1 -c:a aac -b:a 128k -ac 2 -movflags +faststart"
        video = {
            "our whole task, with its poster": [*me, "our-video", str(film)],
            "bare ffmpeg": [*ffmpeg, "-threads", "1", "-i", str(film), *options.split(), str(folder / "out.mp4")],
        }
        compare("A second of 720p video", video, environment, per=seconds)

        print("\nMemory of the decoder for 60 megapixels\n\n| | ms | peak MB |\n|---|---|---|")
        for kind, path in large_photos(folder).items():
            milliseconds, megabytes = run([*me, "ours", str(path)], environment)
            print(f"| {kind} | {milliseconds:.0f} | {megabytes:.0f} |")


if __name__ == "__main__":
    main()
