"""Forms for signing up, signing in and passwords: allauth's, with this site's labels."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.core.validators import MaxLengthValidator
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.forms.usernames import USERNAME_ATTRS
from accounts.models import User
from accounts.usernames import normalize_username, username_error
from common.limits import (
    MAX_USERNAME_CHARS,
)
from common.ratelimit import PASSWORDS, seconds_to_wait
from common.ratelimit_responses import rate_limit_message

MAX_PASSWORD_CHARS = 1_000
MAX_EMAIL_CHARS = 254
PASSWORD_HELP = "At least 8 characters. Avoid common passwords."  # noqa: S105  (a sentence)


class SiteFormMixin:
    """Give the fields of allauth's forms this site's labels and help texts, and remove placeholders."""

    labels: dict[str, str] = {}
    helps: dict[str, str] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.helps.get(name, "")
            if isinstance(field, forms.EmailField):
                # allauth's field accepts longer addresses than its column.
                field.validators.append(
                    MaxLengthValidator(MAX_EMAIL_CHARS, "Use at most %(limit_value)d characters in an address.")
                )
            if isinstance(field.widget, forms.PasswordInput):
                field.validators.append(
                    MaxLengthValidator(MAX_PASSWORD_CHARS, "Use at most %(limit_value)d characters.")
                )


class SignupForm(SiteFormMixin, allauth_forms.SignupForm):
    labels = {"username": "Username", "email": "Email", "password1": "Password"}
    helps = {
        "username": f"Up to {MAX_USERNAME_CHARS} letters, digits, dots and underscores.",
        "password1": PASSWORD_HELP,
    }
    field_order = ["email", "username", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        username = self.fields["username"]
        # `accounts.usernames` has a message for each problem, so drop the generic validator and maxlength.
        username.validators = [check for check in username.validators if not isinstance(check, MaxLengthValidator)]
        username.widget.attrs.pop("maxlength", None)
        username.widget.attrs |= USERNAME_ATTRS
        for name, message in {
            "username": "Choose a username.",
            "email": "Enter your email address.",
            "password1": "Choose a password.",
        }.items():
            self.fields[name].error_messages["required"] = message

    def try_save(self, request: HttpRequest) -> tuple[Any, HttpResponse | None]:
        """Save like allauth; if a concurrent request took the username, return the form with the error.

        If the address has an account, allauth e-mails its owner and creates nothing. A password hash is computed in
        that case too, so that both cases take the same time.
        """
        if self.account_already_exists:
            User().set_password(self.cleaned_data["password1"])
        try:
            with transaction.atomic():
                return super().try_save(request)  # type: ignore[no-any-return]
        except IntegrityError:
            username, email = self.cleaned_data["username"], self.cleaned_data["email"]
            if problem := username_error(normalize_username(username)):
                self.add_error("username", problem)
            elif User.objects.filter(email=email).exists():
                self.add_error("email", allauth_forms.get_adapter().error_messages["email_taken"])
            else:
                raise
            return None, render(request, "account/signup.html", {"form": self}, status=409)


class LoginForm(SiteFormMixin, allauth_forms.LoginForm):
    labels = {"login": "Username or email", "password": "Password"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs |= {
            "autocomplete": "username",
            "autocapitalize": "none",
            "autocorrect": "off",
            "spellcheck": "false",
        }
        self.fields["login"].error_messages["required"] = "Enter your username or email address."
        self.fields["password"].error_messages["required"] = "Enter your password."


class ChangePasswordForm(SiteFormMixin, allauth_forms.ChangePasswordForm):
    labels = {"oldpassword": "Current password", "password1": "New password"}
    helps = {"password1": PASSWORD_HELP}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["password2"]


class SetPasswordForm(SiteFormMixin, allauth_forms.SetPasswordForm):
    labels = {"password1": "New password"}
    helps = {"password1": PASSWORD_HELP}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["password2"]


class ResetPasswordForm(SiteFormMixin, allauth_forms.ResetPasswordForm):
    labels = {"email": "Email"}


class ResetPasswordKeyForm(SiteFormMixin, allauth_forms.ResetPasswordKeyForm):
    labels = {"password1": "New password"}
    helps = {"password1": PASSWORD_HELP}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["password2"]


class ReauthenticateForm(SiteFormMixin, allauth_forms.ReauthenticateForm):
    labels = {"password": "Password"}


class PasswordForm(forms.Form):
    """Asks for the password again before an action that a session alone should not allow."""

    password = forms.CharField(
        strip=False,
        label="Your password",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        validators=[MaxLengthValidator(MAX_PASSWORD_CHARS, "Use at most %(limit_value)d characters.")],
        error_messages={"required": "Enter your password."},
    )

    def __init__(self, *args: Any, user: User, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.request = user, request

    def clean_password(self) -> str:
        """Check the password; attempts are rate-limited, as at sign-in."""
        password: str = self.cleaned_data["password"]
        if seconds := seconds_to_wait(PASSWORDS, f"person:{self.user.pk}"):
            raise forms.ValidationError(rate_limit_message(seconds))
        if not self.user.check_password(password):
            raise forms.ValidationError("That isn’t your password.")
        return password
