"""The forms about oneself: allauth's in our words, and the profile."""

from __future__ import annotations

import re
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxLengthValidator, URLValidator
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy

from accounts.models import User
from accounts.usernames import normalize_username, username_error
from common.forms import GraphemeField
from common.limits import (
    CODE_DIGITS,
    MAX_BIO_CHARS,
    MAX_LINK_CHARS,
    MAX_NAME_CHARS,
    MAX_PHOTO_BYTES,
    MAX_USERNAME_CHARS,
)
from common.ratelimit import PASSWORDS, seconds_to_wait
from common.ratelimit_responses import rate_limit_message
from media.upload_probe import accepted_pictures

MAX_PASSWORD_CHARS = 1_000
MAX_EMAIL_CHARS = 254
NO_ADDRESS = "Type a web address, such as example.org."
PASSWORD_HELP = "At least 8 characters, and not one of the common ones."  # noqa: S105  (a sentence)


USERNAME_ATTRS: dict[str, Any] = {
    "autocapitalize": "none",
    "autocorrect": "off",
    "spellcheck": "false",
    "data-quiet": True,
    "hx-get": reverse_lazy("accounts:username_available"),
    "hx-trigger": "input changed delay:300ms",
    "hx-target": "#username-status",
    "hx-sync": "this:replace",
}
"""Of a field in which a new name is typed: a line below says whether it is free."""


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
                # Allauth's field takes longer ones than its column.
                field.validators.append(
                    MaxLengthValidator(MAX_EMAIL_CHARS, "Use at most %(limit_value)d characters in an address.")
                )
            if isinstance(field.widget, forms.PasswordInput):
                field.validators.append(
                    MaxLengthValidator(MAX_PASSWORD_CHARS, "Use at most %(limit_value)d characters.")
                )


class SignupForm(SiteFormMixin, allauth_forms.SignupForm):
    labels = {"username": "Username", "email": "E-mail", "password1": "Password"}
    helps = {
        "username": f"Up to {MAX_USERNAME_CHARS} letters, digits, dots and underscores.",
        "password1": PASSWORD_HELP,
    }
    field_order = ["email", "username", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        username = self.fields["username"]
        # Not cut short while typing and not refused in general words: usernames.py says what is wrong.
        username.validators = [check for check in username.validators if not isinstance(check, MaxLengthValidator)]
        username.widget.attrs.pop("maxlength", None)
        username.widget.attrs |= USERNAME_ATTRS
        for name, message in {
            "username": "Choose a username.",
            "email": "Type your e-mail address.",
            "password1": "Choose a password.",
        }.items():
            self.fields[name].error_messages["required"] = message

    def try_save(self, request: HttpRequest) -> tuple[Any, HttpResponse | None]:
        """Save as allauth does; if another request took the name meanwhile, return the form with the reason.

        For an address that has an account allauth mails its owner and creates nothing. A hash is computed for it too,
        so that it takes the time of a new account.
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
    labels = {"login": "Username or e-mail", "password": "Password"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs |= {
            "autocomplete": "username",
            "autocapitalize": "none",
            "autocorrect": "off",
            "spellcheck": "false",
        }
        self.fields["login"].error_messages["required"] = "Type your username or e-mail address."
        self.fields["password"].error_messages["required"] = "Type your password."


class ChangeEmailForm(SiteFormMixin, allauth_forms.AddEmailForm):
    labels = {"email": "New e-mail address"}
    helps = {"email": "We send a link to it. The address changes once you have followed the link."}

    def save(self, request: HttpRequest) -> EmailAddress:
        """Mail the link. Replaces an earlier wish, and unlike allauth's leaves the present address alone, which an
        account may have without ever having confirmed it."""
        addresses = EmailAddress.objects.filter(user=self.user)
        with transaction.atomic():
            addresses.filter(verified=False).exclude(email=self.user.email).delete()
            address: EmailAddress = addresses.get_or_create(user=self.user, email=self.cleaned_data["email"])[0]
        send_verification_email_to_address(request, address)
        return address


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
    labels = {"email": "E-mail"}


class ResetPasswordKeyForm(SiteFormMixin, allauth_forms.ResetPasswordKeyForm):
    labels = {"password1": "New password"}
    helps = {"password1": PASSWORD_HELP}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["password2"]


class ReauthenticateForm(SiteFormMixin, allauth_forms.ReauthenticateForm):
    labels = {"password": "Password"}


class UsernameForm(forms.Form):
    """A new name, judged by `change_username`."""

    username = forms.CharField(
        help_text=f"Up to {MAX_USERNAME_CHARS} letters, digits, dots and underscores.",
        widget=forms.TextInput(attrs=USERNAME_ATTRS | {"autocomplete": "off"}),
        error_messages={"required": "Choose a username."},
    )

    def clean_username(self) -> str:
        return normalize_username(self.cleaned_data["username"])


class PasswordForm(forms.Form):
    """The password once more, for what a borrowed phone should not be able to do."""

    password = forms.CharField(
        strip=False,
        label="Your password",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        validators=[MaxLengthValidator(MAX_PASSWORD_CHARS, "Use at most %(limit_value)d characters.")],
        error_messages={"required": "Type your password."},
    )

    def __init__(self, *args: Any, user: User, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.request = user, request

    def clean_password(self) -> str:
        """Checked as at log-in, guesses limited."""
        password: str = self.cleaned_data["password"]
        if seconds := seconds_to_wait(PASSWORDS, f"person:{self.user.pk}"):
            raise forms.ValidationError(rate_limit_message(seconds))
        if not self.user.check_password(password):
            raise forms.ValidationError("That is not your password.")
        return password


class MobileForm(forms.Form):
    """A number, judged by `change_mobile`."""

    mobile = forms.CharField(
        label="Mobile number",
        max_length=40,
        help_text="With its country code, such as +41 79 123 45 67.",
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
        error_messages={"required": "Type a mobile number.", "max_length": "Use at most 40 characters."},
    )


class CodeForm(forms.Form):
    """The code that came to the phone, judged by `confirm_mobile`."""

    code = forms.CharField(
        label=f"The {CODE_DIGITS} digits of the message",
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
        error_messages={"required": "Type the code.", "max_length": f"The code has {CODE_DIGITS} digits."},
    )


def check_no_userinfo(url: str) -> None:
    """Raise ValidationError if `url` has a user's name before its host: "https://example.org@evil.example" reads as
    another site. Browsers take a backslash for a slash, so one before the path is refused too.
    """
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    if {"@", "＠", "\\"} & set(authority):
        raise forms.ValidationError("Leave out what stands before the “@” in the address.", code="userinfo")


class LinkField(forms.URLField):
    """An address of the web: http or https, and nothing that a browser would run."""

    default_validators = [URLValidator(schemes=["http", "https"], message=NO_ADDRESS), check_no_userinfo]


class AvatarForm(forms.Form):
    """A new picture. The file is judged by `change_avatar`, by its content."""

    avatar = forms.FileField(
        label="Photo",
        required=False,
        widget=forms.FileInput(attrs={"data-preview": "avatar-preview"}),
        error_messages={"empty": "This file is empty. Choose another photo."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["avatar"].widget.attrs["accept"] = accepted_pictures()

    def clean_avatar(self) -> UploadedFile | None:
        file: UploadedFile | None = self.cleaned_data["avatar"]
        if file and (file.size or 0) > MAX_PHOTO_BYTES:
            raise forms.ValidationError(
                f"This photo is larger than {MAX_PHOTO_BYTES // 2**20} MB. Choose a smaller one."
            )
        return file


class ProfileForm(AvatarForm):
    """What a profile says and shows."""

    name = GraphemeField(
        max_graphemes=MAX_NAME_CHARS,
        required=False,
        help_text="The name people know you by.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    bio = GraphemeField(
        max_graphemes=MAX_BIO_CHARS, lines=True, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    link = LinkField(
        required=False,
        assume_scheme="https",
        help_text="Your own page elsewhere.",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "url", "autocapitalize": "none"}),
        error_messages={"invalid": NO_ADDRESS},
        validators=[MaxLengthValidator(MAX_LINK_CHARS, "Use at most %(limit_value)d characters.")],
    )
