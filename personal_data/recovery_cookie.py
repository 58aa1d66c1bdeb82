"""A signed cookie that lets a browser cancel the deletion of an account without a session."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import User

_RECOVERY_COOKIE: Final = "account_recovery"
_RECOVERY_SECONDS: Final = 15 * 60


def set_recovery_cookie(response: HttpResponse, user: User) -> HttpResponse:
    """Let this browser, where the right password was entered, cancel the deletion for _RECOVERY_SECONDS."""
    response.set_signed_cookie(
        _RECOVERY_COOKIE,
        f"{user.pk}:{user.session_epoch}",
        salt="accounts.keep",
        max_age=_RECOVERY_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def user_from_recovery_cookie(request: HttpRequest) -> User | None:
    """Return the user whose deletion this browser may cancel, or None."""
    value = request.get_signed_cookie(_RECOVERY_COOKIE, default="", salt="accounts.keep", max_age=_RECOVERY_SECONDS)
    pk, _, epoch = (value or "").partition(":")
    if not pk:
        return None
    waiting = User.objects.filter(suspended_at__isnull=True, deletes_at__gt=timezone.now())
    person: User | None = waiting.filter(pk=int(pk), session_epoch=epoch).first()
    return person


def delete_recovery_cookie(response: HttpResponse) -> HttpResponse:
    response.delete_cookie(_RECOVERY_COOKIE, samesite="Lax")
    return response
