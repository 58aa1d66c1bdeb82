"""Text as people count and see it."""

import unicodedata
from itertools import islice
from typing import Final

import regex

SPACELESS: Final = (
    r"\p{Script_Extensions=Han}\p{Script_Extensions=Hiragana}\p{Script_Extensions=Katakana}\p{Script_Extensions=Bopomofo}"
    r"\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
)
"""A regex class of scripts whose words touch what stands beside them. Korean has spaces, and particles on its words."""

INVISIBLE: Final = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""A class of what draws nothing by itself: Default_Ignorable_Code_Point of Unicode, the annotation signs, the blank
pattern of braille and the empty note head. White space is not in it. Of Python and of PostgreSQL."""

SPACE: Final = r"\u0001-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""A class of white space and control characters, likewise."""

SHOWS_SOMETHING: Final = f"[^{SPACE}{INVISIBLE}]"
"""A pattern, of Python and of PostgreSQL, that is found in any text on which a reader sees something."""

_GRAPHEME = regex.compile(r"\X")
_SHOWS_SOMETHING = regex.compile(SHOWS_SOMETHING)
_INVISIBLE = regex.compile(f"[{INVISIBLE}]")


def is_blank(text: str) -> bool:
    """Return True if a reader would see nothing: no text, or white space and characters that draw nothing alone."""
    return _SHOWS_SOMETHING.search(text) is None


def strip_invisible(text: str, *, keep: str = "") -> str:
    """`text` without the characters that draw nothing by themselves, but for those in `keep`."""
    return _INVISIBLE.sub(lambda found: found[0] if found[0] in keep else "", text)


def normalize_password(password: str) -> str:
    """`password` as OpaqueString of RFC 8265 has it: NFC, each kind of space a space.

    Keyboards and systems type the same letter in different ways: "ä" on one is "a" with a diaeresis on another.
    """
    return unicodedata.normalize("NFC", regex.sub(r"\p{Zs}", " ", password))


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
    """`text` in NFC with LF line ends, without NUL and other control characters, stripped at both ends; "" if blank.

    PostgreSQL refuses NUL. Embeddings, overrides and isolates of direction (U+202A–202E, U+2066–2069) can make a name
    read as another and reach beyond their text, so they are taken out; the marks U+200E, U+200F and U+061C stay, and
    templates isolate each text with `dir="auto"` or `<bdi>`.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = (char for char in text if char in "\n\t" or not _is_control(char))
    cleaned = "".join(kept).strip()
    return "" if is_blank(cleaned) else cleaned


def clean_line(text: str) -> str:
    """`clean_text` on one line: every run of white space becomes one space."""
    return " ".join(clean_text(text).split())


def _is_control(char: str) -> bool:
    return (
        unicodedata.category(char) in {"Cc", "Cs"} or char in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
