"""Captions of videos: uploaded WebVTT (W3C) is parsed strictly and rewritten with cues only."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import BinaryIO, Final

from common.limits import MAX_CAPTIONS_BYTES, MAX_CAPTIONS_CUES
from media.errors import MediaError

_TIME: Final = re.compile(r"(?:(\d{1,4}):)?([0-5]\d):([0-5]\d)[.,](\d{3})")
_TIMING: Final = re.compile(rf"({_TIME.pattern})[ \t]+-->[ \t]+({_TIME.pattern})(?:[ \t].*)?")
_TAG: Final = re.compile(r"<[^<>]*>")
_MAX_CUE_CHARS: Final = 1_000
_MAX_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True)
class Cue:
    start_ms: int
    end_ms: int
    text: str
    """Plain text, without tags and with entities decoded."""


def read_captions(file: BinaryIO) -> str:
    """Return the captions in `file` as new WebVTT with each cue as plain text, sorted by start time.

    Drops headers, styles, regions, notes, positions and tags, so that only words and times of an uploaded file reach a
    browser. Raises MediaError with a sentence that names the line and the remedy.
    """
    data = file.read(MAX_CAPTIONS_BYTES + 1)
    if len(data) > MAX_CAPTIONS_BYTES:
        raise MediaError("too-large", f"Captions can have at most {MAX_CAPTIONS_BYTES // 2**20} MB. Shorten them.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MediaError("unreadable", "The captions are not UTF-8 text. Save them as WebVTT in UTF-8.") from error
    if not re.match(r"WEBVTT(?:[ \t\r\n]|$)", text):
        raise MediaError("unsupported", "This is not a WebVTT file: its first line must be WEBVTT. Save it as .vtt.")
    cues = _cues(text.replace("\0", "\ufffd"))
    if not cues:
        raise MediaError(
            "empty",
            "This file has no captions. Each needs a line like 00:01.000 --> 00:04.000, followed by words.",
        )
    return "\n".join(["WEBVTT", "", *(_format_cue(cue) for cue in sorted(cues, key=lambda cue: cue.start_ms))])


def _cues(text: str) -> list[Cue]:
    cues: list[Cue] = []
    for block, line in _blocks(text):
        at = next((index for index, one in enumerate(block[:2]) if "-->" in one), None)
        if at is None:
            # A header, note, style or region.
            continue
        cue = _cue(block[at], block[at + 1 :], line + at)
        if cue.text:
            cues.append(cue)
        if len(cues) > MAX_CAPTIONS_CUES:
            raise MediaError("too-many", f"Captions can have at most {MAX_CAPTIONS_CUES:,} cues. Join some.")
    return cues


def _blocks(text: str) -> list[tuple[list[str], int]]:
    """Return the blocks of lines between blank lines, each with the number of its first line."""
    blocks: list[tuple[list[str], int]] = []
    block: list[str] = []
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if line.strip():
            block.append(line)
        elif block:
            blocks.append((block, number - len(block)))
            block = []
    if block:
        blocks.append((block, len(re.split(r"\r\n|\n|\r", text)) - len(block) + 1))
    return blocks


def _cue(timing: str, lines: list[str], line: int) -> Cue:
    found = _TIMING.fullmatch(timing.strip())
    if found is None:
        raise MediaError("unreadable", f"Line {line} of the captions is not a time like 00:01.000 --> 00:04.000.")
    start, end = _milliseconds(found[1]), _milliseconds(found[6])
    if not start < end <= _MAX_MS:
        raise MediaError("unreadable", f"Line {line} of the captions ends before it begins, or after a day.")
    words = html.unescape(_TAG.sub("", "\n".join(one.strip() for one in lines)))
    if len(words) > _MAX_CUE_CHARS:
        raise MediaError(
            "too-long", f"The caption at line {line} has more than {_MAX_CUE_CHARS:,} characters. Split it."
        )
    return Cue(start, end, words.strip())


def _milliseconds(time: str) -> int:
    found = _TIME.fullmatch(time)
    assert found is not None
    hours, minutes, seconds, rest = (int(part or 0) for part in found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest


def _format_cue(cue: Cue) -> str:
    # An arrow in the text would be parsed as a time, and a blank line would end the cue.
    words = "\n".join(line for line in cue.text.replace("-->", "→").splitlines() if line.strip())
    return f"{_clock(cue.start_ms)} --> {_clock(cue.end_ms)}\n{html.escape(words, quote=False)}\n"


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}.{rest:03}"
