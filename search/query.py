"""Parse search queries: words, "phrases", -without, from:name, #tag, before: and after: a date, has:video.

Everything else is taken as words, so a query never causes an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

import regex

from common.ids import EPOCH, first_id_at
from common.limits import MAX_SEARCH_CHARS
from common.linkify import TAG, normalize_tag
from common.text import clean_line

MAX_TERMS: Final = 20
"""Further terms are ignored."""

Kind = Literal["words", "author", "tag", "has"]

_QUOTES = str.maketrans("“”„«»＂", '""""""')
_TERM = regex.compile(
    r"(?P<minus>[-−–](?=[^\s-−–]))?"
    r'(?:"(?P<phrase>[^"]*)"?'
    r'|(?P<operator>from|before|after|has):"?(?P<value>[^\s"]+)"?'
    rf"|[#＃](?P<tag>{TAG})"
    r'|(?P<plain>[^\s"]+))',
    regex.IGNORECASE,
)
_DAY = regex.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?")
_HAS = {"video": "video", "videos": "video", "photo": "photo", "photos": "photo", "place": "place", "location": "place"}


@dataclass(frozen=True)
class Term:
    """One condition of a query, which posts must match, or must not if `is_excluded`."""

    kind: Kind
    text: str
    is_excluded: bool = False


@dataclass(frozen=True)
class Query:
    text: str
    """The query as typed, on one line."""
    terms: tuple[Term, ...] = ()
    after: datetime | None = None
    """Only posts from this time on."""
    before: datetime | None = None
    """Only posts before this time."""

    def __bool__(self) -> bool:
        return bool(self.terms or self.after or self.before)

    @property
    def is_plain(self) -> bool:
        """Return True if the query consists of words only, which may be the name of a person or a place."""
        return all(term.kind == "words" and not term.is_excluded for term in self.terms) and not self._has_days

    @property
    def words(self) -> str:
        """Return the query as words, for people, tags and places, which have no other properties."""
        return " ".join(
            term.text for term in self.terms if term.kind in {"words", "tag", "author"} and not term.is_excluded
        )

    @property
    def shown_words(self) -> list[str]:
        """Return the words to mark in captions."""
        return [term.text for term in self.terms if term.kind in {"words", "tag"} and not term.is_excluded]

    @property
    def ids(self) -> tuple[int | None, int | None]:
        """Return the range of ids for `after` and `before`: from the first one to below the second one."""
        return tuple(None if day is None else first_id_at(day) for day in (self.after, self.before))  # type: ignore[return-value]

    @property
    def _has_days(self) -> bool:
        return self.after is not None or self.before is not None


def clean_query(text: str) -> str:
    """Return the text on one line, cut to MAX_SEARCH_CHARS."""
    return clean_line(text[: MAX_SEARCH_CHARS * 4])[:MAX_SEARCH_CHARS].strip()


def read_query(text: str) -> Query:
    """Parse a query. Accepts every text."""
    text = clean_query(text)
    found = _Found()
    for match in _TERM.finditer(text.translate(_QUOTES)):
        if len(found.terms) < MAX_TERMS:
            found.take(match)
    return Query(text, tuple(dict.fromkeys(found.terms)), found.after, found.before)


@dataclass
class _Found:
    terms: list[Term] = field(default_factory=list)
    after: datetime | None = None
    before: datetime | None = None

    def take(self, match: regex.Match[str]) -> None:
        is_excluded = bool(match["minus"])
        if match["phrase"] is not None:
            self._add("words", match["phrase"], is_excluded)
        elif match["tag"]:
            self._add("tag", normalize_tag(match["tag"]), is_excluded)
        elif not match["operator"] or not self._take_operator(match["operator"].lower(), match["value"], is_excluded):
            plain = match["plain"] or f"{match['operator']}:{match['value']}"
            self._add("words", plain, is_excluded)

    def _take_operator(self, operator: str, value: str, is_excluded: bool) -> bool:
        if operator == "from":
            self._add("author", value.removeprefix("@").lower(), is_excluded)
            return value not in {"", "@"}
        if operator == "has":
            kind = _HAS.get(value.lower())
            if kind:
                self._add("has", kind, is_excluded)
            return kind is not None
        day = None if is_excluded else read_day(value)
        if day is None:
            return False
        if operator == "after":
            self.after = max(self.after or day, day)
        else:
            self.before = min(self.before or day, day)
        return True

    def _add(self, kind: Kind, text: str, is_excluded: bool) -> None:
        if text.strip():
            self.terms.append(Term(kind, text.strip(), is_excluded))


def read_day(text: str) -> datetime | None:
    """Return the beginning of "2026-11-23", "2026-11" or "2026" in UTC, or None for other texts.

    Dates outside the range of ids are moved to its ends.
    """
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    try:
        day = datetime(int(match[1]), int(match[2] or 1), int(match[3] or 1), tzinfo=UTC)
    except ValueError:
        return None
    # Imported posts may be older than EPOCH; ids cover 34 years before and after it.
    return min(max(day, EPOCH.replace(year=1992)), EPOCH.replace(year=2059))
