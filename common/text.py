"""Clean, measure and shorten text."""

import unicodedata
from itertools import islice
from typing import Final

import regex

SPACELESS: Final = (
    r"\p{Script_Extensions=Han}\p{Script_Extensions=Hiragana}\p{Script_Extensions=Katakana}\p{Script_Extensions=Bopomofo}"
    r"\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
)
"""Regex class of scripts written without spaces between words. Korean has spaces, but particles attached to words."""

INVISIBLE: Final = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Regex class of characters that are invisible by themselves: Unicode's Default_Ignorable_Code_Point, annotation
signs, the blank braille pattern and the empty note head; no white space. Valid in Python and in PostgreSQL."""

SPACE: Final = r"\u0001-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""Regex class of white space and control characters. Valid in Python and in PostgreSQL."""

SHOWS_SOMETHING: Final = f"[^{SPACE}{INVISIBLE}]"
"""Pattern that matches any text with a visible character. Valid in Python and in PostgreSQL."""

_GRAPHEME = regex.compile(r"\X")
_SHOWS_SOMETHING = regex.compile(SHOWS_SOMETHING)
_INVISIBLE = regex.compile(f"[{INVISIBLE}]")


def is_blank(text: str) -> bool:
    """Return True if `text` has no visible character."""
    return _SHOWS_SOMETHING.search(text) is None


def strip_invisible(text: str, *, keep: str = "") -> str:
    """Return `text` without invisible characters, except those in `keep`."""
    return _INVISIBLE.sub(lambda found: found[0] if found[0] in keep else "", text)


def normalize_password(password: str) -> str:
    """Return `password` as an OpaqueString (RFC 8265): in NFC, with every kind of space replaced by a space.

    Keyboards and systems encode the same letter differently: "ä", or "a" with a combining diaeresis.
    """
    return unicodedata.normalize("NFC", regex.sub(r"\p{Zs}", " ", password))


def grapheme_length(text: str) -> int:
    """Return the number of graphemes: a flag or a letter with its accents counts as one.

    A line break counts as one, both as CRLF (sent by forms) and as LF (sent by scripts).
    """
    return sum(1 for _ in _GRAPHEME.finditer(text.replace("\r\n", "\n")))


def shorten(text: str, max_chars: int) -> str:
    """Truncate `text` at the end of a word to at most `max_chars` graphemes, including "…".

    If its last word would be more than half of the result, as in scripts without spaces, it is cut inside the word.
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
    """Return `text` in NFC with LF line ends, without NUL and other control characters, stripped; "" if blank.

    PostgreSQL rejects NUL. Direction embeddings, overrides and isolates (U+202A–202E, U+2066–2069) are removed, because
    they can make one name look like another and affect the text after them. The marks U+200E, U+200F and U+061C stay;
    templates isolate each text with `dir="auto"` or `<bdi>`.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = (char for char in text if char in "\n\t" or not _is_control(char))
    cleaned = "".join(kept).strip()
    return "" if is_blank(cleaned) else cleaned


def isolate(text: str) -> str:
    """Return `text` within U+2068 and U+2069 if it has letters of a right-to-left script, and otherwise unchanged.

    For attributes, titles and messages, where `<bdi>` is impossible: the letters do not reorder the text around them.
    """
    is_rtl = any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text)
    return f"\u2068{text}\u2069" if is_rtl else text


def clean_line(text: str) -> str:
    """Apply `clean_text`, and replace every run of white space by one space."""
    return " ".join(clean_text(text).split())


def _is_control(char: str) -> bool:
    return (
        unicodedata.category(char) in {"Cc", "Cs"} or char in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
