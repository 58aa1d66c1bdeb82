from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from social.queries import request_count_text


def requests(request: HttpRequest) -> dict[str, object]:
    """Add `follow_requests`, the text of `request_count_text`, to templates. Evaluated only if a template uses it."""
    return {"follow_requests": SimpleLazyObject(lambda: _text(request))}


def _text(request: HttpRequest) -> str:
    return request_count_text(request.user) if request.user.is_authenticated else ""
