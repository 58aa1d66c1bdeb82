"""Compare WebP with AVIF: bytes and milliseconds at the same similarity to the original.

`python -m bench.formats`. Each format gets the lowest quality that reaches the PSNR (luma) of our WebP.
"""

from __future__ import annotations

import io
import math
import statistics
import time
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageStat

ROOT = Path(__file__).resolve().parent.parent
PHOTOS = sorted((ROOT / "demo/photos").glob("*.jpg"))[::3]
WIDTH = 1080
FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    "WebP, method 2": ("WEBP", {"method": 2}),
    "WebP, method 4": ("WEBP", {"method": 4}),
    "AVIF, speed 10": ("AVIF", {"speed": 10, "max_threads": 1}),
    "AVIF, speed 8": ("AVIF", {"speed": 8, "max_threads": 1}),
    "AVIF, speed 6": ("AVIF", {"speed": 6, "max_threads": 1}),
    "JPEG, progressive": ("JPEG", {"progressive": True, "optimize": True}),
}
OURS = "WebP, method 2", 80


def likeness(image: Image.Image, data: bytes) -> float:
    """Return the PSNR of the luma in dB."""
    other = Image.open(io.BytesIO(data)).convert("L")
    [mean] = ImageStat.Stat(ImageChops.difference(image.convert("L"), other)).sum2
    return 10 * math.log10(255**2 * image.width * image.height / mean) if mean else math.inf


def encode(image: Image.Image, name: str, quality: int) -> tuple[bytes, float]:
    kind, options = FORMATS[name]
    output = io.BytesIO()
    began = time.process_time()
    image.save(output, kind, quality=quality, **options)
    return output.getvalue(), (time.process_time() - began) * 1000


def as_good_as(image: Image.Image, name: str, wanted: float) -> tuple[int, int, float]:
    """Return the lowest quality that reaches `wanted` dB, with its bytes and milliseconds."""
    low, high = 1, 99
    while low < high:
        middle = (low + high) // 2
        if likeness(image, encode(image, name, middle)[0]) >= wanted:
            high = middle
        else:
            low = middle + 1
    data, milliseconds = encode(image, name, low)
    return low, len(data), milliseconds


def main() -> None:
    found: dict[str, list[tuple[int, int, float]]] = {name: [] for name in FORMATS}
    for path in PHOTOS:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        image = image.resize((WIDTH, round(WIDTH * image.height / image.width)), Image.Resampling.LANCZOS)
        wanted = likeness(image, encode(image, *OURS)[0])
        for name in FORMATS:
            found[name].append(as_good_as(image, name, wanted))
    print(f"{len(PHOTOS)} photographs, {WIDTH} px wide, each as near to its original as {OURS[0]}, quality {OURS[1]}\n")
    print("| | quality (median) | KB (mean) | ms of CPU (median) |\n|---|---|---|---|")
    for name, rows in found.items():
        quality = statistics.median(row[0] for row in rows)
        kilobytes = statistics.mean(row[1] for row in rows) / 1024
        print(f"| {name} | {quality:.0f} | {kilobytes:.0f} | {statistics.median(row[2] for row in rows):.0f} |")


if __name__ == "__main__":
    main()
