"""The program that renders one photo in a child process: `python -P -m media.photo.renderer JOB`.

Reads the original from standard input and writes to standard output a line of JSON, followed by the rendered files in
the order in which the JSON lists their sizes. Has no Django, settings or secrets, cannot write files, and is stopped
by its limits of CPU and memory or by its parent's death.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterable
from typing import Any, BinaryIO

from PIL import Image

from media import rlimits
from media.edit.apply import apply_edits
from media.edit.crop import crop_box
from media.edit.square import square_box
from media.errors import MediaError
from media.photo.encode import encode_jpeg, encode_webp, placeholder, shrink, widths_for
from media.photo.upright import open_upright
from media.probe import probe_photo


def main() -> None:
    job = json.loads(sys.argv[1])
    # Ctrl-C in the worker's terminal lets the worker finish its task, and thus this photo.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Image.preinit()
    rlimits.die_with_parent(job["parent"])
    rlimits.set_limits(cpu_seconds=job["cpu_seconds"], memory_bytes=job["memory_bytes"])
    # The parent may have read from the descriptor, and the position is shared.
    os.lseek(0, 0, os.SEEK_SET)
    try:
        answer, files = _JOBS[job["kind"]](sys.stdin.buffer, job)
    except MediaError as error:
        answer, files = {"error": error.code, "message": str(error)}, []
    except MemoryError:
        answer, files = {"error": "memory"}, []
    except Exception as error:  # Decoders raise all kinds of exceptions for damaged files.
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        answer, files = {"error": "undecodable"}, []
    output = sys.stdout.buffer
    output.write(json.dumps(answer).encode() + b"\n")
    for file in files:
        output.write(file)
    output.flush()
    # Skips the interpreter's cleanup of hundreds of megabytes.
    os._exit(0)


def _photo(file: BinaryIO, job: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    info = probe_photo(file, without=job["without"])
    box = crop_box(job["edits"], info.width, info.height)
    across, down = box[2] - box[0], box[3] - box[1]
    widths = widths_for(across, job["widths"])
    largest = (widths[-1], max(1, round(down * widths[-1] / across)))
    picture = apply_edits(open_upright(file, info, largest, box, ffmpeg=job["ffmpeg"]), job["edits"])
    picture, renditions, files = _renditions(picture, reversed(widths))
    answer = {"width": across, "height": down, "placeholder": placeholder(picture), "renditions": renditions}
    return answer, files


def _avatar(file: BinaryIO, job: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    info = probe_photo(file, without=job["without"], is_avatar=True)
    side, box = max(job["sides"]), square_box(job["crop"], info.width, info.height)
    picture = open_upright(file, info, (side, side), box, ffmpeg=job["ffmpeg"])
    _, renditions, files = _renditions(picture, sorted(job["sides"], reverse=True))
    return {"renditions": renditions}, files


def _renditions(picture: Image.Image, widths: Iterable[int]) -> tuple[Image.Image, list[dict[str, int]], list[bytes]]:
    """Encode `picture` at decreasing `widths`; return the smallest image, the sizes, and the files in WebP and JPEG.

    Each image is shrunk from the one before it, because that is faster than from the largest.
    """
    renditions: list[dict[str, int]] = []
    files: list[bytes] = []
    for width in widths:
        picture = shrink(picture, width)
        webp, jpeg = encode_webp(picture), encode_jpeg(picture)
        renditions.append({"width": picture.width, "height": picture.height, "webp": len(webp), "jpeg": len(jpeg)})
        files += [webp, jpeg]
    return picture, renditions, files


_JOBS = {"photo": _photo, "avatar": _avatar}


if __name__ == "__main__":
    main()
