from __future__ import annotations

from typing import Any

from django import forms

from accounts.forms import PasswordForm
from api_access.models import OAuthApp
from api_access.redirect_uris import redirect_uri_problem
from common.limits import (
    MAX_APP_NAME_CHARS,
    MAX_REDIRECTS,
    MAX_TOKEN_NAME_CHARS,
    TOKEN_DAYS,
)
from common.text import clean_line


class TokenForm(PasswordForm):
    """A new personal access token."""

    name = forms.CharField(
        label="What is it for?",
        max_length=MAX_TOKEN_NAME_CHARS,
        help_text="Such as “backup at home”. It helps you to know which one to revoke.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
        error_messages={
            "required": "Type what the token is for.",
            "max_length": f"Use at most {MAX_TOKEN_NAME_CHARS} characters.",
        },
    )
    may_write = forms.ChoiceField(
        label="What may it do?",
        choices=[("", "Read: see what you see"), ("1", "Read and write: also post, like, follow and edit as you")],
        required=False,
    )
    days = forms.TypedChoiceField(
        label="How long does it work?",
        choices=[(days, "1 year" if days == 365 else f"{days} days") for days in TOKEN_DAYS],
        initial=30,
        coerce=int,
        error_messages={"required": "Choose how long it works."},
    )
    field_order = ["name", "may_write", "days", "password"]

    def clean_name(self) -> str:
        name = clean_line(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError(self.fields["name"].error_messages["required"], code="required")
        return name


class AppForm(forms.Form):
    """An app of a developer; `kind` only when it is registered, for it stays what it is."""

    name = forms.CharField(
        label="Name of the app",
        max_length=MAX_APP_NAME_CHARS,
        help_text="People read it when they are asked to let the app in.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
        error_messages={
            "required": "An app needs a name.",
            "max_length": f"Use at most {MAX_APP_NAME_CHARS} characters.",
        },
    )
    redirect_uris = forms.CharField(
        label="Where people are led back to",
        help_text=f"One address on each line, at most {MAX_REDIRECTS}. They are compared to the letter.",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "none", "inputmode": "url"}),
        error_messages={"required": "An app needs at least one address."},
    )
    kind = forms.ChoiceField(
        label="Can it keep a secret?",
        choices=[
            ("public", "No: it runs on phones, on desktops or in browsers"),
            ("confidential", "Yes: it runs on a server of yours"),
        ],
        error_messages={"required": "Choose one."},
    )

    def __init__(self, *args: Any, app: OAuthApp | None = None, **kwargs: Any) -> None:
        if app is not None:
            kwargs["initial"] = {"name": app.name, "redirect_uris": "\n".join(app.redirect_uris)}
        super().__init__(*args, **kwargs)
        if app is not None:
            del self.fields["kind"]

    def clean_name(self) -> str:
        name = clean_line(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError("An app needs a name.", code="required")
        return name

    def clean_redirect_uris(self) -> list[str]:
        uris = list(dict.fromkeys(self.cleaned_data["redirect_uris"].split()))
        if len(uris) > MAX_REDIRECTS:
            raise forms.ValidationError(f"These are {len(uris)} addresses: at most {MAX_REDIRECTS}.", code="too_many")
        for uri in uris:
            if problem := redirect_uri_problem(uri):
                shown = f"{uri[:60]}{'…' if len(uri) > 60 else ''}"
                raise forms.ValidationError(f"{shown}: {problem}", code="invalid")
        return uris
