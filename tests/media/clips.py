"""Videos for tests, and helpers to inspect converted videos."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
from PIL import Image

from tests.media.pictures import FILES, decoded

CLIPS = FILES / "video"
BEE = CLIPS / "bee-portrait-rotation-metadata.mov"
SPEECH = CLIPS / "his-girl-friday-speech.mp4"
STEEL = CLIPS / "tears-of-steel-clip.webm"

# HDR as phones record it: 10 bits per channel, HLG.
HDR = ("-pix_fmt", "yuv420p10le", "-vf", "setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc")


def ffmpeg(*arguments: str | Path, check: bool = True) -> str:
    """Run ffmpeg and return its standard error."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-hide_banner", "-y", *map(str, arguments)]
    return subprocess.run(command, check=check, capture_output=True, text=True).stderr


def clip(
    path: Path, *options: str, size: str = "320x240", seconds: float = 1.5, rate: int = 10, sound: str = ""
) -> Path:
    """Write a moving test image to `path` with ffmpeg's output `options`, and return the path."""
    sounds = ["-f", "lavfi", "-i", f"{sound}:duration={seconds}"] if sound else []
    picture = f"testsrc=size={size}:rate={rate}:duration={seconds}"
    ffmpeg("-f", "lavfi", "-i", picture, *sounds, "-pix_fmt", "yuv420p", "-preset", "ultrafast", *options, path)
    return path


def streams(data: bytes, tmp_path: Path) -> str:
    """Return ffmpeg's description of the streams of an MP4."""
    path = tmp_path / "looked-at.mp4"
    path.write_bytes(data)
    return "\n".join(re.findall(r"Stream #.*", ffmpeg("-i", path, check=False)))


def frames(path: Path) -> list[bytes]:
    """Return the luma (16 to 235) of all pixels of each frame."""
    picture = ["-f", "rawvideo", "-fps_mode", "passthrough", "-pix_fmt", "yuv420p"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), *picture, "-"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    found = re.search(r"Video:.*? (\d\d+)x(\d+)", ffmpeg("-i", path, check=False))
    assert found
    width, height = int(found[1]), int(found[2])
    return [data[at : at + width * height] for at in range(0, len(data), width * height * 3 // 2)]


def frame_at(path: Path, second: float, tmp_path: Path) -> Image.Image:
    """Return the frame of a video that is displayed at `second`."""
    picture = tmp_path / "frame.png"
    # At a constant frame rate, so that ffmpeg returns the displayed frame and not the next one.
    ffmpeg("-i", path, "-vf", "fps=100", "-ss", str(second), "-frames:v", "1", picture)
    return decoded(picture.read_bytes())
