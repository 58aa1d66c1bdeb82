"""Limit attempts to sign in.

Every attempt is counted before its password is checked, and uncounted if the password was right. There are limits per
client address and per account, whether the username or the e-mail address was typed. A browser in which the account's
owner has signed in before has its own limits, so that strangers' guesses do not lock the owner out.
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
"""The hits of one attempt: the limit, its key, and the usage after the hit."""


def normalize_login(credentials: Mapping[str, Any]) -> str:
    """Return the typed username or e-mail address in its stored form."""
    return normalize_username(str(credentials.get("email") or credentials.get("username") or ""))


def find_account(credentials: Mapping[str, Any]) -> User | None:
    """Return the account with the typed login, or None. One query: only e-mail addresses contain an "@"."""
    name = normalize_login(credentials)
    found: User | None = User.objects.filter(**{"email" if "@" in name else "username": name}).first()
    return found


def count_attempt(request: HttpRequest, credentials: Mapping[str, Any]) -> Counted | None:
    """Count an attempt to sign in; return its hits, or None if it exceeds a limit.

    An attempt that exceeds the limit of the client address does not count against the account.
    """
    account = find_account(credentials)
    device = _device(request, account) if account else ""
    if account is None:
        # The same text that was looked up; otherwise another spelling would disclose whether there is an account.
        limited = [(limit, f"name:{normalize_login(credentials)}") for limit in SIGN_INS_OF_ONE]
    else:
        limited = [(limit, f"device:{device}" if device else f"person:{account.pk}") for limit in SIGN_INS_OF_ONE]
    if not device:
        limited.insert(0, (SIGN_INS, f"address:{client_address(request)}"))
    counted: Counted = []
    for limit, key in limited:
        usage = usage_after_hit(limit, key)
        if usage.wait_seconds:
            return None
        counted.append((limit, key, usage))
    return counted


def uncount_attempt(counted: Counted) -> None:
    """Refund the hits of an attempt whose password was right."""
    for hit in counted:
        refund_hits(*hit)


def reset_attempts(user: AbstractBaseUser) -> None:
    """Reset the limit of an account, for example after its password was reset by e-mail."""
    for limit in SIGN_INS_OF_ONE:
        forget(limit, f"person:{user.pk}")


def remember_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Set a signed cookie that marks this browser as one in which `user` has signed in. It grants no access."""
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
    """Return the id of this browser if `user` has signed in here, else ""."""
    value = request.get_signed_cookie(
        settings.DEVICE_COOKIE_NAME, default="", salt=_DEVICE_SALT, max_age=_DEVICE_SECONDS
    )
    pk, _, device = (value or "").partition(":")
    return device if pk == str(user.pk) else ""
