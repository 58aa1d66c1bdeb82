"""Check usernames, e-mail addresses and passwords."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from accounts.sign_ins import find_account
from common.replicas import reading_from_primary


class OneHashBackend(AuthenticationBackend):
    """allauth's backend, with exactly one password hash computed per attempt.

    allauth's own checks the password against the account with the typed e-mail address and then against the one with
    the typed username, so its response time discloses whether an address has an account.
    """

    def get_user(self, user_id: Any) -> AbstractBaseUser | None:
        """Return the person of a session, from the primary: a suspension acts at once."""
        with reading_from_primary():
            found: AbstractBaseUser | None = super().get_user(user_id)
        return found

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        """Return the active user if the password is right. The caller computes a hash if the account does not exist."""
        return self._check_password(find_account(credentials), credentials.get("password") or "")  # type: ignore[no-any-return]
