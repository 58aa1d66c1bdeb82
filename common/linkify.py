"""Turn users' text into safe HTML, with links for #tags, @names and web addresses.

The boundaries of tags, names and addresses follow the public rules of twitter-text, with three additions: text in
scripts without spaces can touch any of them ("谢谢@anna", "今日は#東京", "详见https://example.org"), tags can touch
each other ("#a#b"), and an address can have letters of any script in its host and path.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import regex
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from common.fast_reverse import fast_reverse
from common.limits import MAX_USERNAME_CHARS
from common.text import SPACELESS, is_blank, strip_invisible

MAX_TAG_CHARS = 100
MAX_TAG_COLUMN = 400

_DRAWS_NOTHING: Final = r"\u115f\u1160\u200c\u200d\u3164\uffa0"
_KEYCAP: Final = r"\ufe0e\ufe0f\u20e3"
"""Characters that turn the preceding sign into an emoji, as in #️⃣ and 1️⃣."""
_TAG_LETTER: Final = rf"(?![{_DRAWS_NOTHING}{_KEYCAP}]|[0-9]\ufe0f?\u20e3)[\w\p{{M}}]"
_TAG_JOINER: Final = r"[\u00b7\u05be\u05f3\u05f4\u0f0b\u0f0c\u200c\u200d\u301c\u30a0\u30fb\uff65]"
"""Dots, joiners and hyphens that occur inside words, never at their ends."""
TAG: Final = rf"(?!\p{{M}}|{_TAG_JOINER})(?:{_TAG_LETTER}|{_TAG_JOINER}(?={_TAG_LETTER})){{1,{MAX_TAG_CHARS}}}"
"""A pattern for the tag after its sign."""

_EMOJI_END: Final = r"\u200d\ufe0e\ufe0f\u20e3"
_TOUCHABLE: Final = rf"(?<=[{SPACELESS}{_EMOJI_END}])"
_NAME_LETTER: Final = "[A-Za-z0-9_]"
_LINKABLE: Final = regex.compile(
    # Quotes and full-width signs end an address.
    r"(?<![A-Za-z0-9_@＠#＃$])(?P<url>(?i:https?)://"
    r"[^\s<>\"'`\u3000-\u3004\u3008-\u3020\u3030\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff64“”„«»]+)"
    # \G is the end of the previous tag: "#a#b" is two tags.
    rf"|(?:(?<![\w\p{{M}}&/#＃])|{_TOUCHABLE}|\G(?<=[\w\p{{M}}]))[#＃](?P<tag>{TAG})"
    # A name followed by a letter like "é" or by "@" is not linked at all, rather than its first letters.
    rf"|(?:(?<![\w\p{{M}}/@＠])|{_TOUCHABLE})[@＠](?P<name>{_NAME_LETTER}++(?:\.{_NAME_LETTER}++)*+)"
    r"(?![@＠\u0300-\u036f]|(?![A-Za-z])\p{Latin})"
)
_LABEL: Final = r"(?:[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}\p{N}])?)"
_HOST: Final = regex.compile(
    # The last label has letters of ASCII or others, not both: "example.org見て" ends at "org".
    rf"(?:{_LABEL}\.)*+(?:xn--[A-Za-z0-9-]+|[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?|(?:(?![A-Za-z])[\p{{L}}\p{{M}}])+)"
    r"(?::[0-9]{1,5})?"
)
_TEXT_AFTER_ADDRESS: Final = regex.compile(rf"(?<=[A-Za-z0-9])(?=[{SPACELESS}])")
"""The boundary between an ASCII address and following text. Such words after a slash belong to the address."""
_TRAILING: Final = frozenset(".,;:!?…*~|،؛؟۔।॥’‘›‥・·")
_BRACKETS: Final = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True)
class _Link:
    kind: Literal["url", "tag", "name"]
    start: int
    end: int
    value: str
    """The address, the tag as written, or the name in lower case."""


def normalize_tag(tag: str) -> str:
    """Return the form of a tag that is stored and searched, without differences of case and compatibility forms.

    Removes the dot that Unicode's case folding leaves on the Turkish İ, invisible characters other than joiners, and
    spaces that a compatibility form contains. A space in the text itself is kept, so that the result is not a tag.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", tag).casefold())
    visible = strip_invisible(folded.replace("i\u0307", "i"), keep="\u200c\u200d")
    return visible if any(char.isspace() for char in tag) else "".join(visible.split())


def extract_tags(text: str) -> list[str]:
    """Return the normalized tags in `text`, in order and without duplicates."""
    tags = (normalize_tag(link.value) for link in _links(text) if link.kind == "tag")
    # The normal form of a single character can have a dozen.
    return [tag for tag in dict.fromkeys(tags) if len(tag) <= MAX_TAG_COLUMN]


def extract_names(text: str) -> list[str]:
    """Return the usernames mentioned in `text`, lower-case, in order and without duplicates; they may not exist."""
    return list(dict.fromkeys(link.value for link in _links(text) if link.kind == "name"))


def linkify(
    text: str,
    *,
    linked: Collection[str] | None = None,
    unlinked: Collection[str] = (),
    anchor_of_name: Callable[[str, str], str] | None = None,
) -> SafeString:
    """Return `text` escaped, with links. Line breaks stay characters, which the stylesheet displays.

    Only @names in `linked` become links, or all if it is None, except those in `unlinked`; both are lower-case.
    `anchor_of_name(name, shown)` returns other HTML than a link to the profile for a name.
    """
    html: list[str] = []
    position = 0
    for link in _links(text):
        is_other = linked is not None and link.value not in linked
        if link.kind == "name" and (is_other or link.value in unlinked):
            continue
        shown = text[link.start : link.end]
        html.append(escape(text[position : link.start]))
        html.append(
            anchor_of_name(link.value, shown) if anchor_of_name and link.kind == "name" else _anchor(link, shown)
        )
        position = link.end
    html.append(escape(text[position:]))
    return mark_safe("".join(html))  # noqa: S308  (every part is escaped above or in _anchor)


def _links(text: str) -> Iterator[_Link]:
    """Yield the tags, names and addresses of `text` in order."""
    position = 0
    while found := _LINKABLE.search(text, position):
        position = found.end()
        if tag := found["tag"]:
            if _is_topic(tag):
                yield _Link("tag", found.start(), position, tag)
        elif name := found["name"]:
            if len(name) <= MAX_USERNAME_CHARS:
                yield _Link("name", found.start(), position, name.lower())
        elif url := _trim_address(found["url"], before=text[position : position + 1]):
            position = found.start() + len(url)
            yield _Link("url", found.start(), position, url)


def _is_topic(tag: str) -> bool:
    """Return True if `tag` has more than digits and underscores: "#1" is a number, not a tag."""
    word = normalize_tag(tag).strip("_")
    return not is_blank(word) and not word.isdecimal()


def _trim_address(found: str, *, before: str) -> str:
    """Return the web address at the beginning of `found`, "" if there is none; `before` is the character after `found`.

    Addresses with a user name before the host ("https://instagram.com@evil.example") are rejected because they look
    like another site, and so are those with a backslash there, which browsers treat as a slash. A closing bracket
    belongs to the address if it was opened in it.
    """
    scheme, _, rest = found.partition("://")
    authority = regex.split(r"[/?#]", rest, maxsplit=1)[0]
    if {"@", "\\"} & set(authority) or (before == "＠" and authority == rest):
        return ""
    host = _HOST.match(authority)
    # Other characters between host and path are adjacent text, except these, which make the address invalid.
    if host is None or (host.end() < len(authority) and authority[host.end()] in "%-_"):
        return ""
    url = f"{scheme}://{host[0]}"
    if host.end() == len(authority):
        path = rest[len(authority) :]
        if text := _TEXT_AFTER_ADDRESS.search(path):
            path = path[: text.start()]
        url += _without_open_end(path)
    return url


def _without_open_end(path: str) -> str:
    """Return `path` up to the first unmatched closing bracket, without trailing punctuation."""
    opened: list[str] = []
    for at, char in enumerate(path):
        if char in _BRACKETS.values():
            opened.append(char)
        elif char in _BRACKETS and (not opened or opened.pop() != _BRACKETS[char]):
            path = path[:at]
            break
    while path and path[-1] in _TRAILING | set(_BRACKETS.values()):
        path = path[:-1]
    return path


def _anchor(link: _Link, shown: str) -> str:
    if link.kind == "tag":
        return f'<a href="{escape(fast_reverse("feed:tag", normalize_tag(link.value)))}">{escape(shown)}</a>'
    if link.kind == "name":
        return f'<a href="{escape(fast_reverse("feed:profile", link.value))}">{escape(shown)}</a>'
    return f'<a href="{escape(shown)}" rel="nofollow noopener ugc">{escape(shown.split("://", 1)[1])}</a>'
