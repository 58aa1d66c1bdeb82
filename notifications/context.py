from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from notifications.queries import badge_text


def badge(request: HttpRequest) -> dict[str, object]:
    """Add `unread_notifications`, the text of `badge_text`, to templates. Evaluated only if a template uses it."""
    return {"unread_notifications": SimpleLazyObject(lambda: _badge(request))}


def _badge(request: HttpRequest) -> str:
    return badge_text(request.user) if request.user.is_authenticated else ""
