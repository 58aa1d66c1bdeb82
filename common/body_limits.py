"""How large a request body may be, by address. Checked before a byte of it is read."""

from __future__ import annotations

import re
from typing import Final

from common.limits import (
    MAX_CAPTIONS_BYTES,
    MAX_FORM_BYTES,
    MAX_PHOTO_BYTES,
    MAX_REQUEST_BYTES,
    MAX_VIDEO_BYTES,
    PART_BYTES,
)

UPLOADS: Final = {
    r"/create/": MAX_REQUEST_BYTES,
    r"/create/uploads/\d+/parts/\d+/": PART_BYTES + MAX_FORM_BYTES,
    r"/create/media/\d+/captions/": MAX_CAPTIONS_BYTES + MAX_FORM_BYTES,
    r"/accounts/edit/": MAX_PHOTO_BYTES + MAX_FORM_BYTES,
    r"/api/media": max(MAX_PHOTO_BYTES, MAX_VIDEO_BYTES) + MAX_FORM_BYTES,
    r"/api/posts": MAX_REQUEST_BYTES,
    r"/api/user/profile/avatar/": MAX_PHOTO_BYTES + MAX_FORM_BYTES,
}
"""Addresses that take files, and only from people who are signed in: {pattern of the path: bytes}."""

ONLY_CHECK: Final = "everyframe.only_check"
"""Set in the environ by a server that asks whether a body may be sent, before it reads the body: 204 means yes."""

_UPLOADS: Final = tuple((re.compile(pattern), size) for pattern, size in UPLOADS.items())


def body_limit(path: str) -> int:
    """The largest body that `path` takes, in bytes. Above MAX_FORM_BYTES the sender must be signed in."""
    return next((size for pattern, size in _UPLOADS if pattern.fullmatch(path)), MAX_FORM_BYTES)
