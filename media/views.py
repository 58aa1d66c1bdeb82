from __future__ import annotations

import re
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import FileSystemStorage, storages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from media.storage import CONTENT_TYPES

KEY: Final = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{28}(\.(?:jpg|png|webp))")
"""What `media.storage.new_key` makes for the public. Nothing else is looked for, so no path can lead elsewhere."""


@require_safe
@login_not_required
def rendition(request: HttpRequest, path: str) -> HttpResponseBase:
    """A public file from the local folder (with S3, its URLs lead there and this finds nothing).

    Anybody who has the address may see it, as on any CDN: addresses cannot be guessed, and the file goes with its
    post. A name is never used twice, so the file may be kept for ever.
    """
    storage, key = storages["default"], KEY.fullmatch(path)
    if key is None or not isinstance(storage, FileSystemStorage):
        raise Http404
    try:
        file = storage.open(path)
    except OSError as error:
        raise Http404 from error
    etag = f'"{path[6:34]}"'
    response: HttpResponseBase = FileResponse(file, content_type=CONTENT_TYPES[key[1]])
    unchanged = get_conditional_response(request, etag=etag)
    if isinstance(unchanged, HttpResponse):
        file.close()
        response = unchanged
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Content-Disposition"] = "inline"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    return response
