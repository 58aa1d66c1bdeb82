"""What somebody looks for, read: words, "phrases", -without, from:name, #tag, before: and after: a day, has:video.

Whatever cannot be read as one of these is words: nobody is told of an error in a search box.
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
"""Further ones are left out."""

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
    """One thing that a post must have, or must not."""

    kind: Kind
    text: str
    is_excluded: bool = False


@dataclass(frozen=True)
class Query:
    text: str
    """As it was typed, on one line."""
    terms: tuple[Term, ...] = ()
    after: datetime | None = None
    """From this moment on."""
    before: datetime | None = None
    """Up to this moment, without it."""

    def __bool__(self) -> bool:
        return bool(self.terms or self.after or self.before)

    @property
    def is_plain(self) -> bool:
        """Whether it is words alone, which may be somebody's name or a place."""
        return all(term.kind == "words" and not term.is_excluded for term in self.terms) and not self._has_days

    @property
    def words(self) -> str:
        """The words that are looked for, for people, tags and places, which have nothing else."""
        return " ".join(
            term.text for term in self.terms if term.kind in {"words", "tag", "author"} and not term.is_excluded
        )

    @property
    def shown_words(self) -> list[str]:
        """What is to be marked in captions."""
        return [term.text for term in self.terms if term.kind in {"words", "tag"} and not term.is_excluded]

    @property
    def ids(self) -> tuple[int | None, int | None]:
        """The posts of these days have ids from the first to below the second."""
        return tuple(None if day is None else first_id_at(day) for day in (self.after, self.before))  # type: ignore[return-value]

    @property
    def _has_days(self) -> bool:
        return self.after is not None or self.before is not None


def clean_query(text: str) -> str:
    """What was typed, on one line and cut to MAX_SEARCH_CHARS."""
    return clean_line(text[: MAX_SEARCH_CHARS * 4])[:MAX_SEARCH_CHARS].strip()


def read_query(text: str) -> Query:
    """Never fails."""
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
    """The beginning, in UTC, of 2026-11-23, of 2026-11 or of 2026; None for anything else.

    Days that ids cannot hold are the first or the last that they do.
    """
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    try:
        day = datetime(int(match[1]), int(match[2] or 1), int(match[3] or 1), tzinfo=UTC)
    except ValueError:
        return None
    # Posts that were brought along from elsewhere may be older than EPOCH; ids hold 34 years around it.
    return min(max(day, EPOCH.replace(year=1992)), EPOCH.replace(year=2059))
