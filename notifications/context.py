from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from notifications.inbox import badge_text


def badge(request: HttpRequest) -> dict[str, object]:
    """`unread_notifications` for the frame, as `badge_text` says it. Asked for only where the frame is drawn."""
    return {"unread_notifications": SimpleLazyObject(lambda: _badge(request))}


def _badge(request: HttpRequest) -> str:
    return badge_text(request.user) if request.user.is_authenticated else ""
