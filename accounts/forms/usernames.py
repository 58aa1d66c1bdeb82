from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse_lazy

from accounts.usernames import normalize_username
from common.limits import (
    MAX_USERNAME_CHARS,
)

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
"""Attributes of the input for a new username; a line below it shows whether the username is available."""


class UsernameForm(forms.Form):
    """A new username; `change_username` validates it."""

    username = forms.CharField(
        help_text=f"Up to {MAX_USERNAME_CHARS} letters, digits, dots and underscores.",
        widget=forms.TextInput(attrs=USERNAME_ATTRS | {"autocomplete": "off"}),
        error_messages={"required": "Choose a username."},
    )

    def clean_username(self) -> str:
        return normalize_username(self.cleaned_data["username"])
