from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from social.queries import request_count_text


def requests(request: HttpRequest) -> dict[str, object]:
    """`follow_requests` for the frame, as `request_count_text` says it. Asked for only where the frame is drawn."""
    return {"follow_requests": SimpleLazyObject(lambda: _text(request))}


def _text(request: HttpRequest) -> str:
    return request_count_text(request.user) if request.user.is_authenticated else ""
