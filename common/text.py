"""Text as people count and search it."""

import unicodedata
from itertools import islice

import regex

_GRAPHEME = regex.compile(r"\X")


def grapheme_length(text: str) -> int:
    """The number of characters as people count them: a flag or a letter with its accents is one.

    Lines count once however the browser ended them (forms send CRLF, scripts LF).
    """
    return sum(1 for _ in _GRAPHEME.finditer(text.replace("\r\n", "\n")))


def shorten(text: str, max_chars: int) -> str:
    """Cut `text` to at most `max_chars` characters as people count them, "…" included, at the end of a word.

    A text whose last word alone would take more than half of that, as in scripts without spaces, is cut inside it.
    """
    characters = [found[0] for found in islice(_GRAPHEME.finditer(text), max_chars + 1)]
    if len(characters) <= max_chars:
        return text
    kept = "".join(characters[: max_chars - 1])
    if not characters[max_chars - 1].isspace():
        words = regex.sub(r"\s\S*$", "", kept)
        kept = words if len(words) * 2 >= len(kept) else kept
    return kept.rstrip().rstrip(",;:.-–(") + "…"


def clean_text(text: str) -> str:
    """`text` in NFC with LF line ends, without NUL and other control characters, stripped at both ends.

    PostgreSQL refuses NUL, and direction overrides (U+202A–202E, U+2066–2069) can make a name read as another.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = (char for char in text if char in "\n\t" or not _is_control(char))
    return "".join(kept).strip()


def clean_line(text: str) -> str:
    """`clean_text` on one line: every run of white space becomes one space."""
    return " ".join(clean_text(text).split())


def _is_control(char: str) -> bool:
    return (
        unicodedata.category(char) in {"Cc", "Cs"} or char in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
