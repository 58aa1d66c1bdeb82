"""The messages of the hub, and the channels of Valkey on which they travel."""

from __future__ import annotations

import json
from functools import cache
from typing import Final
from urllib.parse import parse_qs, urlsplit

from django.conf import settings

CHECK: Final = "check"
"""A message to the hubs, not to browsers: ask PostgreSQL again about the sockets of this channel, now."""


def message(kind: str, **fields: str | int) -> str:
    """Return the text of a message for browsers: `{"t": kind, …}`. It says that something changed, never what."""
    return json.dumps({"t": kind} | fields, separators=(",", ":"))


LOOK: Final = message("look")
"""Messages may have been missed: fetch everything that the page shows again."""
BADGE: Final = message("badge")
"""The unread notifications have changed."""
POSTS: Final = message("posts")
"""The home timeline has a new post."""


def person_channel(person_id: int) -> str:
    """Return the channel of a person: all their sockets subscribe to it."""
    return f"{_prefix(settings.REDIS_URL)}person:{person_id}"


def post_channel(post_id: int) -> str:
    """Return the channel of a post, for sockets of pages that show it."""
    return f"{_prefix(settings.REDIS_URL)}post:{post_id}"


def author_channel(person_id: int) -> str:
    """Return the channel of an author, for sockets of pages that show one of their posts. It only carries CHECK."""
    return f"{_prefix(settings.REDIS_URL)}author:{person_id}"


@cache
def _prefix(url: str) -> str:
    """Return the prefix of channels. Valkey's databases share all channels, so it has the number of the database."""
    parts = urlsplit(url)
    number = parse_qs(parts.query).get("db", [""])[0] or (parts.path.strip("/") if parts.scheme != "unix" else "")
    return f"realtime:{number or 0}:"
