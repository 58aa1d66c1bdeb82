"""The process in which pictures are decoded: `python -P -m media.child JOB` with the original on standard input.

Knows neither Django nor a setting nor a secret, can write no file, and ends by itself at its limits of CPU and memory
or when its parent dies. Answers on standard output: a line of JSON, then the bytes of the files it names, in order.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any, BinaryIO

from PIL import Image

from media import edits, pixels, rlimits
from media.errors import MediaError
from media.probe import probe_photo


def main() -> None:
    job = json.loads(sys.argv[1])
    # The worker's Ctrl-C lets it finish the task it has: the picture included.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Image.preinit()
    rlimits.die_with_parent(job["parent"])
    rlimits.set_limits(cpu_seconds=job["cpu_seconds"], memory_bytes=job["memory_bytes"])
    # The descriptor may have been read by the parent: its position is shared.
    os.lseek(0, 0, os.SEEK_SET)
    try:
        answer, files = _JOBS[job["kind"]](sys.stdin.buffer, job)
    except MediaError as error:
        answer, files = {"error": error.code, "message": str(error)}, []
    except MemoryError:
        answer, files = {"error": "memory"}, []
    except Exception as error:  # Whatever a decoder trips over, the file is at fault.
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        answer, files = {"error": "undecodable"}, []
    output = sys.stdout.buffer
    output.write(json.dumps(answer).encode() + b"\n")
    for file in files:
        output.write(file)
    output.flush()
    # Without the interpreter's tidying up of hundreds of megabytes.
    os._exit(0)


def _photo(file: BinaryIO, job: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    info = probe_photo(file, without=job["without"])
    box = edits.crop_box(job["edits"], info.width, info.height)
    across, down = box[2] - box[0], box[3] - box[1]
    widths = pixels.widths_for(across, job["widths"])
    largest = (widths[-1], max(1, round(down * widths[-1] / across)))
    picture = edits.apply_edits(pixels.open_upright(file, info, largest, box, ffmpeg=job["ffmpeg"]), job["edits"])
    renditions: list[dict[str, int]] = []
    files: list[bytes] = []
    for width in reversed(widths):
        picture = pixels.shrink(picture, width)
        pair = [pixels.encode_webp(picture), pixels.encode_jpeg(picture)]
        renditions.append(_described(picture, pair))
        files += pair
    answer = {
        "width": across,
        "height": down,
        "placeholder": pixels.placeholder(picture),
        "renditions": renditions,
    }
    return answer, files


def _avatar(file: BinaryIO, job: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    info = probe_photo(file, without=job["without"], is_avatar=True)
    shorter, side = min(info.width, info.height), max(job["sides"])
    left, top = (info.width - shorter) // 2, (info.height - shorter) // 2
    box = left, top, left + shorter, top + shorter
    picture = pixels.open_upright(file, info, (side, side), box, ffmpeg=job["ffmpeg"])
    renditions: list[dict[str, int]] = []
    files: list[bytes] = []
    for width in sorted(job["sides"], reverse=True):
        picture = pixels.shrink(picture, width)
        pair = [pixels.encode_webp(picture), pixels.encode_jpeg(picture)]
        renditions.append(_described(picture, pair))
        files += pair
    return {"renditions": renditions}, files


_JOBS = {"photo": _photo, "avatar": _avatar}


def _described(picture: Image.Image, pair: list[bytes]) -> dict[str, int]:
    return {"width": picture.width, "height": picture.height, "webp": len(pair[0]), "jpeg": len(pair[1])}


if __name__ == "__main__":
    main()
