"""Highlight search terms in the results."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

import regex
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from common.text import SPACELESS

SNIPPET_CHARS: Final = 160
MIN_STEM_CHARS: Final = 4
MAX_ENDING_CHARS: Final = 3
"""Words with a common stem and an ending of at most this length are treated as forms of one word: photo, photos."""
_WORD = regex.compile(r"[\w\p{M}]+")
_TERM = regex.compile(r"[\w\p{M}]+(?:'[\w\p{M}]+)*")
"""A word of the query. "l'été" is one word, so that a single "l" is not marked."""
_APOSTROPHES = str.maketrans("’‘ʼʻ", "''''")
_NO_SPACES = regex.compile(rf"[{SPACELESS}\p{{So}}]")


def highlight(text: str, terms: Iterable[str], *, inside: bool = False) -> SafeString:
    """Return `text` escaped, with <mark> around words that begin with one of `terms`, or contain it with `inside`."""
    html: list[str] = []
    position = 0
    for start, end in _merged(_spans(text, list(terms), inside=inside)):
        html += [escape(text[position:start]), "<mark>", escape(text[start:end]), "</mark>"]
        position = end
    html.append(escape(text[position:]))
    return mark_safe("".join(html))  # noqa: S308  (every part is escaped above)


def snippet(text: str, terms: Iterable[str]) -> SafeString:
    """Return the part of `text` around the first match, on one line, with all matches marked."""
    text, terms = " ".join(text.split()), list(terms)
    spans = _spans(text, terms, inside=False)
    start = max(0, spans[0][0] - SNIPPET_CHARS // 3) if spans and len(text) > SNIPPET_CHARS else 0
    if start:
        # Begin at a word, if the script separates words.
        start = text.find(" ", start, spans[0][0]) + 1 or start
    cut = text[start : start + SNIPPET_CHARS]
    if start + SNIPPET_CHARS < len(text):
        cut = cut.rstrip() + "…"
    return highlight(("…" if start else "") + cut, terms)


def fold(text: str) -> tuple[str, list[int]]:
    """Return `text` without case and accents and with one kind of apostrophe, and each letter's position in `text`."""
    letters: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for letter in unicodedata.normalize("NFKD", char.translate(_APOSTROPHES)).casefold():
            if not unicodedata.combining(letter):
                letters.append(letter)
                places.append(place)
    return "".join(letters), places


def _spans(text: str, terms: Sequence[str], *, inside: bool) -> list[tuple[int, int]]:
    folded, places = fold(text)
    wanted = {word for term in terms for word in _TERM.findall(fold(term)[0]) + _NO_SPACES.findall(term)}
    found: list[tuple[int, int]] = []
    for word in wanted:
        at = folded.find(word)
        while at >= 0:
            if inside or at == 0 or not _WORD.match(folded[at - 1]) or _NO_SPACES.match(word):
                found.append((at, at + len(word)))
            at = folded.find(word, at + len(word))
        if not inside and len(word) >= MIN_STEM_CHARS:
            found += [match.span() for match in _WORD.finditer(folded) if _is_form(match[0], word)]
    return sorted((places[start], places[end - 1] + 1) for start, end in found)


def _is_form(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    stem = shorter[: max(MIN_STEM_CHARS, len(shorter) - 2)]
    return len(shorter) >= MIN_STEM_CHARS and longer.startswith(stem) and len(longer) - len(stem) <= MAX_ENDING_CHARS


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
