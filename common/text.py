"""Text as people count and search it."""

import unicodedata

import regex

_GRAPHEME = regex.compile(r"\X")


def grapheme_length(text: str) -> int:
    """The number of characters as people count them: a flag or a letter with its accents is one.

    Lines count once however the browser ended them (forms send CRLF, scripts LF).
    """
    return sum(1 for _ in _GRAPHEME.finditer(text.replace("\r\n", "\n")))


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
