"""Videos made for the tests, and ways of looking at the ones that come out."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import imageio_ffmpeg

from tests.media.pictures import FILES

CLIPS = FILES / "video"
BEE = CLIPS / "bee-portrait-rotation-metadata.mov"
SPEECH = CLIPS / "his-girl-friday-speech.mp4"
STEEL = CLIPS / "tears-of-steel-clip.webm"

# As phones film: 10 bits a channel in the HLG curve.
HDR = ("-pix_fmt", "yuv420p10le", "-vf", "setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc")


def ffmpeg(*arguments: str | Path, check: bool = True) -> str:
    """What ffmpeg says on standard error."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-hide_banner", "-y", *map(str, arguments)]
    return subprocess.run(command, check=check, capture_output=True, text=True).stderr


def clip(
    path: Path, *options: str, size: str = "320x240", seconds: float = 1.5, rate: int = 10, sound: str = ""
) -> Path:
    """A moving test picture at `path`; `options` are ffmpeg's for what is written."""
    sounds = ["-f", "lavfi", "-i", f"{sound}:duration={seconds}"] if sound else []
    picture = f"testsrc=size={size}:rate={rate}:duration={seconds}"
    ffmpeg("-f", "lavfi", "-i", picture, *sounds, "-pix_fmt", "yuv420p", "-preset", "ultrafast", *options, path)
    return path


def streams(data: bytes, tmp_path: Path) -> str:
    """ffmpeg's description of the streams of an MP4."""
    path = tmp_path / "looked-at.mp4"
    path.write_bytes(data)
    return "\n".join(re.findall(r"Stream #.*", ffmpeg("-i", path, check=False)))
