from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.core.files import File
from django.core.files.storage import FileSystemStorage, storages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from media.storage import CONTENT_TYPES, PUBLIC

RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@require_safe
@login_not_required
def rendition(request: HttpRequest, path: str) -> HttpResponseBase:
    """A public file from the local folder (with S3, its URLs lead there and this finds nothing).

    Anybody who has the address may see it, as on any CDN: addresses cannot be guessed, and the file goes with its
    post. A name is never used twice, so the file may be kept for ever.
    """
    storage = storages["default"]
    # Nothing but our own names is looked for, so no path can lead elsewhere.
    if not PUBLIC.fullmatch(path) or not isinstance(storage, FileSystemStorage):
        raise Http404
    try:
        file = storage.open(path)
    except OSError as error:
        raise Http404 from error
    etag = f'"{path}"'
    response: HttpResponseBase = _whole_or_part(request, file, CONTENT_TYPES[PurePosixPath(path).suffix], etag)
    unchanged = get_conditional_response(request, etag=etag)
    if isinstance(unchanged, HttpResponse):
        response.close()
        response = unchanged
    response.headers["ETag"] = etag
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Content-Disposition"] = "inline"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'"
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
