"""Print the table of `docs/media.md`: `python -m bench.media_table FOLDER… > table.md` renders all their files.

Bytes in, bytes of each rendition (WebP / JPEG, by width; MP4), and milliseconds of the whole, with `--look FOLDER`
also the renditions themselves, to be looked at.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from django.conf import settings

from media.errors import MediaError
from media.photo.render import Rendered, render_photo
from media.probe import probe
from media.probe.video import VideoInfo
from media.video.render import render_video


def kilobytes(size: int) -> str:
    return f"{size / 1024:,.0f}"


def row(path: Path, look: Path | None) -> str:
    began = time.perf_counter()
    movie = ""
    try:
        with path.open("rb") as file:
            info = probe(file)
            if isinstance(info, VideoInfo) or info.is_animated:
                with render_video(file) as made:
                    rendered, movie = made.poster, f"MP4 {kilobytes(made.bytes)}; poster "
                    size = f"{made.width} × {made.height}, {made.duration_ms / 1000:.1f} s"
                    if look:
                        (look / f"{path.name}.mp4").write_bytes(made.mp4.read())
            else:
                rendered = render_photo(file)
                size = f"{rendered.width} × {rendered.height}"
    except MediaError as error:
        return f"| {path.name} | {kilobytes(path.stat().st_size)} | | refused: {error} | |"
    milliseconds = (time.perf_counter() - began) * 1000
    if look:
        (look / f"{path.name}.jpg").write_bytes(_of_a_tile(rendered))
    sizes = "; ".join(
        f"{one.width}: {kilobytes(len(one.webp))} / {kilobytes(len(one.jpeg))}" for one in rendered.renditions
    )
    return f"| {path.name} | {kilobytes(path.stat().st_size)} | {size} | {movie}{sizes} | {milliseconds:,.0f} |"


def _of_a_tile(rendered: Rendered) -> bytes:
    return rendered.renditions[min(1, len(rendered.renditions) - 1)].jpeg


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--look", type=Path)
    options = parser.parse_args()
    settings.configure(DECODERS_OFF=frozenset())
    print("| file | KB in | seen as | KB out: width: WebP / JPEG | ms |\n|---|---|---|---|---|")
    for folder in options.folders:
        for path in sorted(folder.iterdir()):
            if path.suffix not in {".md", ".txt"}:
                print(row(path, options.look), flush=True)


if __name__ == "__main__":
    main()
