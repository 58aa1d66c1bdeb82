"""What people write, as safe HTML with its #tags, @names and addresses made links."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from urllib.parse import quote

import regex
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

MAX_TAG_CHARS = 100
MAX_TAG_COLUMN = 400

_TAG = r"(?<![\w\p{M}&/#])[#＃](?P<tag>[\w\p{M}]{1,100})"
_NAME = r"(?<![\w@/.])@(?P<name>[A-Za-z0-9_](?:[A-Za-z0-9._]{0,28}[A-Za-z0-9_])?)"
_URL = r"(?P<url>\bhttps?://[^\s<>\"'`]+)"
_LINKABLE = regex.compile(f"{_URL}|{_TAG}|{_NAME}", regex.IGNORECASE)
_TRAILING = ".,;:!?…)]}»”’"


def normalize_tag(tag: str) -> str:
    """The form under which a tag is kept and found: letter case and compatibility forms do not matter."""
    return "".join(unicodedata.normalize("NFKC", tag).casefold().split())


def extract_tags(text: str) -> list[str]:
    """The normalized tags in `text`, each once, in order."""
    tags = (normalize_tag(found["tag"]) for found in _matches(text) if found["tag"])
    # One sign can become a dozen in its normal form.
    return [tag for tag in dict.fromkeys(tags) if len(tag) <= MAX_TAG_COLUMN]


def extract_names(text: str) -> list[str]:
    """The lower-case usernames mentioned in `text`, each once, in order, whether or not anyone has them."""
    return list(dict.fromkeys(found["name"].lower() for found in _matches(text) if found["name"]))


def linkify(text: str, *, linked: Collection[str] | None = None, unlinked: Collection[str] = ()) -> SafeString:
    """`text` escaped, with links. Line breaks stay characters (the stylesheet shows them).

    Only @names in `linked` are links, or all with None, and none in `unlinked`; both are in lower case.
    """
    html: list[str] = []
    position = 0
    for found in _matches(text):
        html.append(escape(text[position : found.start()]))
        name = (found["name"] or "").lower()
        is_plain = bool(name) and (name in unlinked or (linked is not None and name not in linked))
        html.append(escape(found[0]) if is_plain else _link(found))
        position = found.end()
    html.append(escape(text[position:]))
    return mark_safe("".join(html))  # noqa: S308  (every part is escaped above or in _link)


def _matches(text: str) -> list[regex.Match[str]]:
    return [found for found in _LINKABLE.finditer(text) if not found["tag"] or _says_something(found["tag"])]


def _says_something(tag: str) -> bool:
    """Whether there is more in `tag` than digits and underscores: «#1» is a number, not a topic."""
    word = tag.strip("_")
    return bool(word) and not word.isdecimal()


def _link(found: regex.Match[str]) -> str:
    whole = escape(found[0])
    if tag := found["tag"]:
        return f'<a href="/explore/tags/{quote(normalize_tag(tag), safe="")}/">{whole}</a>'
    if name := found["name"]:
        return f'<a href="/{quote(name.lower())}/">{whole}</a>'
    url = found["url"].rstrip(_TRAILING)
    rest = found["url"][len(url) :]
    if url.endswith("://"):
        return whole
    shown = escape(url.split("://", 1)[1])
    return f'<a href="{escape(url)}" rel="nofollow noopener ugc">{shown}</a>{escape(rest)}'
