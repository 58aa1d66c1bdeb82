"""How allauth's sign-up, sign-in and mails behave here."""

from __future__ import annotations

import logging
from typing import Any, Final
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.password_reset import get_reset_password_from_key_url
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.deactivation import reactivate
from accounts.models import User
from accounts.sign_ins import Counted, count_attempt, remember_device, reset_attempts, uncount_attempt
from accounts.usernames import normalize_username, username_error, username_format_error
from common.ratelimit import client_address

log = logging.getLogger(__name__)

WRONG_PASSWORD = "That username, e-mail address or password is not right."  # noqa: S105  (a sentence)


class AccountAdapter(DefaultAccountAdapter):
    """Our words, our rules for usernames, and links in mails that no Host header can move."""

    _counted: Counted | None = None

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": "This account is suspended.",
        "duplicate_email": "This is your address already.",
        "email_password_mismatch": WRONG_PASSWORD,
        "email_taken": "There is an account with this e-mail address already. Log in, or reset its password.",
        "enter_current_password": "That is not your current password.",
        "incorrect_password": "That is not your password.",
        "invalid_login": WRONG_PASSWORD,
        "invalid_password_reset": "This link has been used or is too old.",
        "rate_limited": "You are doing that too often. Wait a moment and try again.",
        "too_many_login_attempts": "Too many attempts to log in. Wait a few minutes and try again.",
        "unverified_primary_email": "Confirm this address first.",
        "username_password_mismatch": WRONG_PASSWORD,
    }

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """`username` in lower case; refused with the reason. Allauth asks with `shallow` when it makes names up."""
        username = normalize_username(username)
        problem = username_format_error(username) if shallow else username_error(username)
        if problem:
            raise ValidationError(problem, code="invalid_username")
        return username

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Only the wish for another address can be taken back: an account is never without one."""
        return bool(email_address.email != email_address.user.email)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Confirm, unless another account goes by this address without ever having confirmed it.

        Both cannot have it (it is unique), and taking it from the other would change an account behind its back. Who
        reads that mailbox can get into the other account by resetting its password.
        """
        if User.objects.filter(email=email_address.email).exclude(pk=email_address.user_id).exists():
            self.add_message(
                request,
                messages.ERROR,
                message=f"Another account uses {email_address.email}. Reset its password to get into it.",
            )
            return False
        return bool(super().confirm_email(request, email_address))

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Save the password alone, and lift the limit on attempts to sign in.

        Allauth saves the whole row as it was before the slow hashing, and undoes what happened since.
        """
        user.set_password(password)
        user.save(update_fields=["password"])
        reset_attempts(user)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt before the password is looked at; refuse it if it is one too many."""
        self._counted = count_attempt(request, credentials)
        if self._counted is None:
            raise self.validation_error("too_many_login_attempts")

    def _rollback_login_failed_rl_usage(self) -> None:
        """Uncount the attempt: allauth calls this after a right password."""
        if self._counted:
            uncount_attempt(self._counted)

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """Do nothing: `set_password` lifts the limit. Allauth may name addresses that the user never confirmed."""

    def pre_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse | None:
        """Somebody whose account is to be deleted is asked whether to keep it, before they have a session."""
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        if response is not None or not isinstance(user, User) or user.deletes_at is None:
            return response
        clear_login(request)
        if user.deletes_at <= timezone.now():
            return render(request, "accounts/keep.html", {"deletes_at": None}, status=403)
        return _set_recovery_cookie(redirect("accounts:keep"), user)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse:
        """Whoever had deactivated their account is back by logging in."""
        if isinstance(user, User) and user.deactivated_at is not None and reactivate(user):
            messages.success(request, "Welcome back. Everybody can see you again.")
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if isinstance(user, User):
            remember_device(request, response, user)
        return response

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """For somebody suspended whose password was right: why, and nothing else of the account."""
        reason = getattr(user, "suspended_reason", "")
        return render(request, "account/account_inactive.html", {"reason": reason}, status=403)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send, or log that it failed: every mail of ours can be asked for again on the page that follows."""
        own = {"site_name": settings.SITE_NAME, "site_origin": settings.SITE_ORIGIN}
        context = (
            own | context | {"signup_url": site_url("account_signup"), "reset_url": site_url("account_reset_password")}
        )
        try:
            super().send_mail(template_prefix, email, context)
        except OSError as error:  # smtplib's errors are OSErrors too
            log.error("could not send the mail %s: %s", template_prefix.rpartition("/")[2], error)

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return site_url("account_confirm_email", emailconfirmation.key)

    def get_reset_password_from_key_url(self, key: str) -> str:
        return f"{settings.SITE_ORIGIN}{urlsplit(get_reset_password_from_key_url(self.request, key)).path}"


# --- Recovering an account in deletion --------------------------------------------------------------------------

_RECOVERY_COOKIE: Final = "account_recovery"
_RECOVERY_SECONDS: Final = 15 * 60


def _set_recovery_cookie(response: HttpResponse, user: User) -> HttpResponse:
    """Let this browser, which knows the password, cancel the deletion for a few minutes. It has no session yet."""
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
    said = request.get_signed_cookie(_RECOVERY_COOKIE, default="", salt="accounts.keep", max_age=_RECOVERY_SECONDS)
    pk, _, epoch = (said or "").partition(":")
    if not pk:
        return None
    waiting = User.objects.filter(suspended_at__isnull=True, deletes_at__gt=timezone.now())
    person: User | None = waiting.filter(pk=int(pk), session_epoch=epoch).first()
    return person


def delete_recovery_cookie(response: HttpResponse) -> HttpResponse:
    response.delete_cookie(_RECOVERY_COOKIE, samesite="Lax")
    return response


def site_url(name: str, *args: object) -> str:
    """An address for a mail, on `SITE_ORIGIN`: what a request calls the host is the sender's choice."""
    return f"{settings.SITE_ORIGIN}{reverse(name, args=args)}"
