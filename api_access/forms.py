from __future__ import annotations

from typing import Any

from django import forms

from accounts.forms.sign_in import PasswordForm
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
    """Name, scope and lifetime of a new personal access token."""

    name = forms.CharField(
        label="What’s this token for?",
        max_length=MAX_TOKEN_NAME_CHARS,
        help_text="Such as “backup at home”. It helps you recognize the token later.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
        error_messages={
            "required": "Enter what the token is for.",
            "max_length": f"Use at most {MAX_TOKEN_NAME_CHARS} characters.",
        },
    )
    may_write = forms.ChoiceField(
        label="Permissions",
        choices=[("", "Read only: see what you see"), ("1", "Read and write: also post, like, follow and edit as you")],
        required=False,
    )
    days = forms.TypedChoiceField(
        label="Expires after",
        choices=[(days, "1 year" if days == 365 else f"{days} days") for days in TOKEN_DAYS],
        initial=30,
        coerce=int,
        error_messages={"required": "Choose when it expires."},
    )
    field_order = ["name", "may_write", "days", "password"]

    def clean_name(self) -> str:
        name = clean_line(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError(self.fields["name"].error_messages["required"], code="required")
        return name


class AppForm(forms.Form):
    """Name, redirect URIs and kind of an app. The kind cannot be changed after registration."""

    name = forms.CharField(
        label="App name",
        max_length=MAX_APP_NAME_CHARS,
        help_text="People see this name when the app asks for access.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
        error_messages={
            "required": "Enter a name.",
            "max_length": f"Use at most {MAX_APP_NAME_CHARS} characters.",
        },
    )
    redirect_uris = forms.CharField(
        label="Redirect URIs",
        help_text=f"Where people return after allowing access. One per line, at most {MAX_REDIRECTS}, matched exactly.",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "none", "inputmode": "url"}),
        error_messages={"required": "Add at least one address."},
    )
    kind = forms.ChoiceField(
        label="Client type",
        choices=[
            ("public", "Public: runs on phones, on desktops or in browsers"),
            ("confidential", "Confidential: runs on your server"),
        ],
        error_messages={"required": "Choose a client type."},
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
            raise forms.ValidationError("Enter a name.", code="required")
        return name

    def clean_redirect_uris(self) -> list[str]:
        uris = list(dict.fromkeys(self.cleaned_data["redirect_uris"].split()))
        if len(uris) > MAX_REDIRECTS:
            raise forms.ValidationError(f"Use at most {MAX_REDIRECTS} addresses, not {len(uris)}.", code="too_many")
        for uri in uris:
            if problem := redirect_uri_problem(uri):
                shown = f"{uri[:60]}{'…' if len(uri) > 60 else ''}"
                raise forms.ValidationError(f"{shown}: {problem}", code="invalid")
        return uris
