"""Maximum size of request bodies by address, checked before any of the body is read."""

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
"""Addresses that accept files, from signed-in people only: {pattern of the path: bytes}.

Paths instead of names of URLs: deploy/nginx.conf has the same list, and the size is checked for every body, before the
URL is resolved. Tests compare them with nginx.conf and with the names of the URLs.
"""

ONLY_CHECK: Final = "everyframe.only_check"
"""Set in the environ by a server that asks for permission before it reads a body; a 204 response grants it."""

_UPLOADS: Final = tuple((re.compile(pattern), size) for pattern, size in UPLOADS.items())


def body_limit(path: str) -> int:
    """Return the maximum size of a body for `path`, in bytes. Above MAX_FORM_BYTES the sender must be signed in."""
    return next((size for pattern, size in _UPLOADS if pattern.fullmatch(path)), MAX_FORM_BYTES)
