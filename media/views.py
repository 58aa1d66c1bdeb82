"""The bytes of a rendition for somebody who may have them. Who that is, the views that call this have asked."""

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
"""A browser keeps it for a day. A cache that many share asks again after ten seconds: it is then that a picture is gone
that was deleted, or is not for everybody any more. A file never changes under its address, so mostly a 304 answers.
"""
PRIVATE_CACHING: Final = "private, max-age=50"
"""Not for everybody: no shared cache keeps it, and a browser asks again within the minute."""
SIGNED_SECONDS: Final = 40
SIGNED_PUBLIC_CACHING: Final = "public, max-age=10"
SIGNED_PRIVATE_CACHING: Final = "private, max-age=10"
"""A bucket's signed address lasts a while of its own, and the one given out last may come from a cache."""


def serve_rendition(request: HttpRequest, key: str, *, is_public: bool) -> HttpResponseBase:
    """The file of the storage "default"; Http404 if it is gone. `is_public`: anybody may have it, session or not.

    From a local folder it is sent by this process, or by the server in front (`MEDIA_ACCEL_PREFIX`); a bucket's own
    address is given out signed, for SIGNED_SECONDS.
    """
    # Nothing but our own names is looked for, so no path can lead elsewhere.
    if not PUBLIC.fullmatch(key):
        raise Http404
    content_type = CONTENT_TYPES[PurePosixPath(key).suffix]
    caching = PUBLIC_CACHING if is_public else PRIVATE_CACHING
    response: HttpResponseBase
    if settings.MEDIA_ACCEL_PREFIX:
        response = HttpResponse(
            content_type=content_type, headers={"X-Accel-Redirect": settings.MEDIA_ACCEL_PREFIX + key}
        )
    # What lies beside a playlist is found relative to where that came from: it comes from here.
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
    """The file, or the one range of it that is asked for: without, Safari plays no video and nobody can seek.

    Several ranges at once, other units and ranges of an older file are answered with the whole, as the standard allows.
    """
    asked = RANGE.fullmatch(request.headers.get("Range", ""))
    if asked is None or not any(asked.groups()) or request.headers.get("If-Range", etag) != etag:
        return FileResponse(file, content_type=content_type)
    size, (first, last) = file.size, asked.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = FileResponse(_Part(file, start, end), content_type=content_type, status=206)
    response.headers["Content-Length"] = str(end - start)
    response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return response


class _Part:
    """A file from `start` to `end`, as far as answering with it needs."""

    def __init__(self, file: File, start: int, end: int) -> None:
        self._file, self._left = file, end - start
        file.seek(start)

    def read(self, size: int) -> bytes:
        data: bytes = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._file.close()
