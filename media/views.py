"""Responses with the bytes of a rendition. The calling views have already checked the permission."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, storages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

from media.storage import CONTENT_TYPES, PUBLIC, signed_rendition_url

RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")

PUBLIC_CACHING: Final = "public, max-age=86400, s-maxage=10"
"""Caching of files that everybody may see. Browsers keep them for a day. Shared caches revalidate after ten seconds, so
that deleted or no longer public files disappear; a URL's content never changes, so the answer is usually a 304.
"""
PRIVATE_CACHING: Final = "private, max-age=50"
"""Caching of other files. Shared caches do not keep them, and browsers check the permission again within a minute."""
SIGNED_SECONDS: Final = 40
SIGNED_PUBLIC_CACHING: Final = "public, max-age=10"
SIGNED_PRIVATE_CACHING: Final = "private, max-age=10"
"""Caching of redirects to signed URLs, which must still be valid when they come from a cache."""


def serve_rendition(request: HttpRequest, key: str, *, is_public: bool) -> HttpResponseBase:
    """Return a response with the rendition `key`; `is_public` allows shared caches to keep it.

    A local file is sent by this process or by the web server in front (`MEDIA_ACCEL_PREFIX`). For a bucket the response
    redirects to a signed URL, valid for SIGNED_SECONDS. Raises Http404 if the file does not exist.
    """
    # Only keys that we generate are looked up, so no path can leave the storage.
    if not PUBLIC.fullmatch(key):
        raise Http404
    content_type = CONTENT_TYPES[PurePosixPath(key).suffix]
    caching = PUBLIC_CACHING if is_public else PRIVATE_CACHING
    response: HttpResponseBase
    if settings.MEDIA_ACCEL_PREFIX:
        response = HttpResponse(
            content_type=content_type, headers={"X-Accel-Redirect": settings.MEDIA_ACCEL_PREFIX + key}
        )
    # A playlist refers to files by relative URLs, so it must be served from here and not by redirect.
    elif isinstance(storages["default"], FileSystemStorage) or key.endswith(".m3u8"):
        response = _sent(request, key, content_type)
    else:
        response = HttpResponseRedirect(signed_rendition_url(key, seconds=SIGNED_SECONDS))
        caching = SIGNED_PUBLIC_CACHING if is_public else SIGNED_PRIVATE_CACHING
    response.headers["Cache-Control"] = caching
    response.headers["Content-Disposition"] = "inline"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    return response


def _sent(request: HttpRequest, key: str, content_type: str) -> HttpResponseBase:
    try:
        file = storages["default"].open(key)
    except OSError as error:
        raise Http404 from error
    etag = f'"{key}"'
    response: HttpResponseBase = _whole_or_part(request, file, content_type, etag)
    unchanged = get_conditional_response(request, etag=etag)
    if isinstance(unchanged, HttpResponse):
        response.close()
        response = unchanged
    response.headers["ETag"] = etag
    response.headers["Accept-Ranges"] = "bytes"
    return response


def _whole_or_part(request: HttpRequest, file: File, content_type: str, etag: str) -> HttpResponseBase:
    """Return the file or the requested byte range, without which Safari plays no video and players cannot seek.

    Sends the whole file for several ranges, other units and an outdated If-Range, as RFC 9110, section 14.2, allows.
    """
    requested = RANGE.fullmatch(request.headers.get("Range", ""))
    if requested is None or not any(requested.groups()) or request.headers.get("If-Range", etag) != etag:
        return FileResponse(file, content_type=content_type)
    size, (first, last) = file.size, requested.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = FileResponse(_FileRange(file, start, end), content_type=content_type, status=206)
    response.headers["Content-Length"] = str(end - start)
    response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return response


class _FileRange:
    """Minimal file over the bytes from `start` to before `end` of another file, for FileResponse."""

    def __init__(self, file: File, start: int, end: int) -> None:
        self._file, self._left = file, end - start
        file.seek(start)

    def read(self, size: int) -> bytes:
        data: bytes = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._file.close()
