"""Adapt allauth's sign-up, sign-in and e-mails to this site."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.password_reset import get_reset_password_from_key_url
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.models import Session, User
from accounts.sign_ins import Counted, count_attempt, remember_device, reset_attempts, uncount_attempt
from accounts.usernames import normalize_username, username_error, username_format_error
from common.ratelimit import client_address
from realtime.tell import check_people

log = logging.getLogger(__name__)

WRONG_PASSWORD = "That username, email address or password isn’t right."  # noqa: S105  (a sentence)


class AccountAdapter(DefaultAccountAdapter):
    """allauth with this site's messages, username rules, sign-in limits and e-mail links.

    `personal_data.adapter` extends it for accounts that are deactivated or scheduled for deletion.
    """

    _counted: Counted | None = None

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": "This account is suspended.",
        "duplicate_email": "This is already your address.",
        "email_password_mismatch": WRONG_PASSWORD,
        "email_taken": "An account with this email address already exists. Log in, or reset its password.",
        "enter_current_password": "That isn’t your current password.",
        "incorrect_password": "That isn’t your password.",
        "invalid_login": WRONG_PASSWORD,
        "invalid_password_reset": "This link has been used or has expired.",
        "rate_limited": "Slow down a moment and try again.",
        "too_many_login_attempts": "Too many attempts to log in. Wait a few minutes and try again.",
        "unverified_primary_email": "Confirm this address first.",
        "username_password_mismatch": WRONG_PASSWORD,
    }

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """Return `username` in lower case; raise ValidationError if it is not available.

        allauth passes `shallow` when it generates usernames.
        """
        username = normalize_username(username)
        problem = username_format_error(username) if shallow else username_error(username)
        if problem:
            raise ValidationError(problem, code="invalid_username")
        return username

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Return True for a pending address; the present address can only be replaced."""
        return bool(email_address.email != email_address.user.email)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Confirm the address, unless another account uses it without having confirmed it.

        Addresses are unique, and taking it from the other account would change that account silently. The owner of the
        mailbox can get into the other account by resetting its password.
        """
        if User.objects.filter(email=email_address.email).exclude(pk=email_address.user_id).exists():
            self.add_message(
                request,
                messages.ERROR,
                message=f"Another account uses {email_address.email}. To use that account, reset its password.",
            )
            return False
        return bool(super().confirm_email(request, email_address))

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Save only the password, end the other sessions, and reset the sign-in limit.

        allauth saves the whole row as read before the slow hashing, which would undo concurrent changes. Sessions with
        the old hash would be refused anyway.
        """
        user.set_password(password)
        user.save(update_fields=["password"])
        this_session = self.request.session.session_key if self.request else None
        Session.objects.of(user.pk).exclude(pk=this_session or "").delete()
        check_people([user.pk])
        reset_attempts(user)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt before the password is checked; raise ValidationError if it exceeds a limit."""
        self._counted = count_attempt(request, credentials)
        if self._counted is None:
            raise self.validation_error("too_many_login_attempts")

    def _rollback_login_failed_rl_usage(self) -> None:
        """Uncount the attempt: allauth calls this after a right password."""
        if self._counted:
            uncount_attempt(self._counted)

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """Do nothing: `set_password` lifts the limit. Allauth may name addresses that the user never confirmed."""

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse:
        """Mark this browser as one in which the user has signed in."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if isinstance(user, User):
            remember_device(request, response, user)
        return response

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """Show a suspended user, after the right password, the reason and nothing else."""
        reason = getattr(user, "suspended_reason", "")
        return render(request, "account/account_inactive.html", {"reason": reason}, status=403)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send an e-mail; log failures, because the user can request each of these e-mails again."""
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


def site_url(name: str, *args: object) -> str:
    """Return a URL for an e-mail. It is on `SITE_ORIGIN`, because clients can forge the Host header."""
    return f"{settings.SITE_ORIGIN}{reverse(name, args=args)}"
