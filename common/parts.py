"""HTML that is rendered once for all readers, with slots for what differs between them.

A template marks slots with `{% slot "name" %}`. `render_parts` renders it without a request, so it cannot contain
anything of one reader, and `Parts.fill` inserts the values of a reader. Filling costs about 0.5 µs a slot; rendering a
card of a post costs about 1 ms.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final, cast

from django.template import Context
from django.template.backends.django import Template as EngineTemplate
from django.template.loader import get_template
from django.utils.safestring import SafeString

from common.fast_reverse import Paths, current_paths

_OF_ONE_READER: Final = frozenset({"user", "request", "csrf_token", "perms", "messages", "view"})


@dataclass(frozen=True)
class Parts:
    """Rendered HTML with slots."""

    data: bytes
    """The HTML in UTF-8 as a %-format with one `%s` for each slot."""
    slots: tuple[str, ...]
    """The names of the slots in order; a name can occur several times."""

    @cached_property
    def text(self) -> str:
        """`data` as text."""
        return self.data.decode()

    def fill(self, values: Mapping[str, Any]) -> SafeString:
        """Return the HTML with `values`, which are HTML already. Raises KeyError if a slot has no value."""
        return SafeString(self.text % tuple([values[name] for name in self.slots]))

    def fill_bytes(self, values: Mapping[str, str], encoded: Mapping[str, bytes] | None = None) -> bytes:
        """Return the HTML in UTF-8 with `values`, and instead of them with those in `encoded`. Otherwise like `fill`.

        For large pieces: a page of 60 KB as text has 2 or 4 bytes for each character as soon as one of them is not
        Latin, and encoding it takes longer than joining all of its parts as bytes.
        """
        if not encoded:
            return self.data % tuple(map(str.encode, [values[name] for name in self.slots]))
        return self.data % tuple([encoded[name] if name in encoded else values[name].encode() for name in self.slots])

    def with_marks(self, slots: Slots, **values: str) -> SafeString:
        """Return the HTML with `values`, and the marks of `slots` for all others, to be a piece of larger parts."""
        return self.fill({name: slots(name) for name in self.slots} | values)

    def dump(self) -> bytes:
        """Return these parts as bytes, for a cache."""
        return " ".join(self.slots).encode() + b"\n" + self.data

    @classmethod
    def load(cls, stored: bytes) -> Parts:
        """Return the parts that `dump` turned into bytes."""
        slots, _, data = stored.partition(b"\n")
        return cls(data, tuple(slots.decode().split()))


class ReaderInPartsError(Exception):
    """Raised when a template of parts uses something of one reader, which other readers would see."""


class _SharedContext(Context):
    """A context without request and user. Reading them is an error, and not empty text as elsewhere in templates.

    `{% csrf_token %}` reads its token by `get`, and is empty here.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(dict(values))
        self.misread: list[str] = []
        """Names of one reader that the template has read. Contexts of included templates share the list."""

    def __getitem__(self, key: Any) -> Any:
        if key in _OF_ONE_READER:
            self.misread.append(key)
            raise ReaderInPartsError(f"{key!r} differs between readers: use a slot")
        return super().__getitem__(key)


class Slots:
    """Makes the marks of slots, which no text of a user can contain, because they are random."""

    def __init__(self) -> None:
        self._mark = secrets.token_hex(12)

    def __call__(self, name: str) -> SafeString:
        return SafeString(f"{self._mark}:{name};")

    def split(self, html: str) -> Parts:
        """Return `html`, which contains marks, as parts."""
        pieces = re.split(rf"{self._mark}:([\w:.-]+);", html)
        text = "%s".join(text.replace("%", "%%") for text in pieces[::2])
        return Parts(text.encode(), tuple(pieces[1::2]))


def render_parts(template: str, context: Mapping[str, Any], slots: Slots | None = None) -> Parts:
    """Render a template with slots. `slots` is given if `context` contains marks, too."""
    slots = slots or Slots()
    # The engine's own template: its wrapper would add the context processors.
    engine_template = cast("EngineTemplate", get_template(template)).template
    shared = _SharedContext({**context, "slots": slots})
    html = engine_template.render(shared)
    if shared.misread:
        # Operators of {% if %} take every error for False.
        raise ReaderInPartsError(f"{shared.misread} differ between readers: use slots")
    return slots.split(html)


def static_parts(template: str, **context: str | bool) -> Parts:
    """Render a template with slots that depends on nothing else, once per process and prefix of its addresses."""
    return _static_parts(template, current_paths(), **context)


@cache
def _static_parts(template: str, paths: Paths, **context: str | bool) -> Parts:
    return render_parts(template, context)
