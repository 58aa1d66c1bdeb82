"""Checking a name and a password."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from accounts.sign_ins import find_account


class OneHashBackend(AuthenticationBackend):
    """Allauth's backend, with exactly one password hash computed at every attempt.

    Allauth's own compares the password with the account that has the typed text as its e-mail address and then with
    the one that has it as its username, so how long a refusal took told whether an address has an account.
    """

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        """Return the active user if the password is right. The caller computes a hash if there is no such account."""
        return self._check_password(find_account(credentials), credentials.get("password") or "")  # type: ignore[no-any-return]
