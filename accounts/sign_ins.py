"""How often one may try to sign in.

Every attempt is counted before its password is looked at, and uncounted if the password was right. The limits hold for
an address and for an account, whichever of its names was typed; a browser in which the account's owner has signed in
before has limits of its own, so that guesses of strangers do not lock the owner out.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from accounts.usernames import normalize_username
from common.ratelimit import (
    SIGN_INS,
    SIGN_INS_OF_ONE,
    Limit,
    Usage,
    client_address,
    forget,
    refund_hits,
    usage_after_hit,
)

_DEVICE_SALT: Final = "accounts.device"
_DEVICE_SECONDS: Final = 365 * 24 * 60 * 60

Counted = list[tuple[Limit, str, Usage]]
"""Hits of one attempt: the limit, who was counted, and how it stood."""


def normalize_login(credentials: Mapping[str, Any]) -> str:
    """Return the typed username or e-mail address in its stored form."""
    return normalize_username(str(credentials.get("email") or credentials.get("username") or ""))


def find_account(credentials: Mapping[str, Any]) -> User | None:
    """Return the account with the typed login, or None. One query: only e-mail addresses contain an "@"."""
    name = normalize_login(credentials)
    found: User | None = User.objects.filter(**{"email" if "@" in name else "username": name}).first()
    return found


def count_attempt(request: HttpRequest, credentials: Mapping[str, Any]) -> Counted | None:
    """Count an attempt to sign in; return its hits, or None if it was one too many.

    An attempt that the limit of the address refuses does not count against the account.
    """
    account = find_account(credentials)
    device = _device(request, account) if account else ""
    if account is None:
        # Exactly the text that was looked up: otherwise a second spelling would tell whether there is an account.
        limited = [(limit, f"name:{normalize_login(credentials)}") for limit in SIGN_INS_OF_ONE]
    else:
        limited = [(limit, f"device:{device}" if device else f"person:{account.pk}") for limit in SIGN_INS_OF_ONE]
    if not device:
        limited.insert(0, (SIGN_INS, f"address:{client_address(request)}"))
    counted: Counted = []
    for limit, who in limited:
        usage = usage_after_hit(limit, who)
        if usage.wait_seconds:
            return None
        counted.append((limit, who, usage))
    return counted


def uncount_attempt(counted: Counted) -> None:
    """Take the hits of an attempt back, because its password was right."""
    for hit in counted:
        refund_hits(*hit)


def reset_attempts(user: AbstractBaseUser) -> None:
    """Lift the limit of an account, for example after its password was reset by mail."""
    for limit in SIGN_INS_OF_ONE:
        forget(limit, f"person:{user.pk}")


def remember_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Mark this browser as one in which `user` has signed in. The mark says nothing else and opens nothing."""
    response.set_signed_cookie(
        settings.DEVICE_COOKIE_NAME,
        f"{user.pk}:{_device(request, user) or secrets.token_urlsafe(12)}",
        salt=_DEVICE_SALT,
        max_age=_DEVICE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _device(request: HttpRequest, user: User) -> str:
    """The mark of this browser if `user` has signed in here, else ""."""
    mark = request.get_signed_cookie(
        settings.DEVICE_COOKIE_NAME, default="", salt=_DEVICE_SALT, max_age=_DEVICE_SECONDS
    )
    pk, _, device = (mark or "").partition(":")
    return device if pk == str(user.pk) else ""
