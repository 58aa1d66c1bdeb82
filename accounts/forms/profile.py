from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxLengthValidator, URLValidator

from common.forms import GraphemeField
from common.limits import (
    MAX_BIO_CHARS,
    MAX_LINK_CHARS,
    MAX_NAME_CHARS,
    MAX_PHOTO_BYTES,
)
from media.upload_probe import accepted_pictures

NO_ADDRESS = "Enter a web address, such as example.org."


def check_no_userinfo(url: str) -> None:
    """Raise ValidationError if `url` contains userinfo, because "https://example.org@evil.example" misleads readers.

    Browsers treat a backslash as a slash, so one before the path is rejected too.
    """
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    if {"@", "＠", "\\"} & set(authority):
        raise forms.ValidationError("Remove the part before the “@” from the address.", code="userinfo")


class LinkField(forms.URLField):
    """An http or https URL; other schemes, such as javascript:, are rejected."""

    default_validators = [URLValidator(schemes=["http", "https"], message=NO_ADDRESS), check_no_userinfo]


class AvatarForm(forms.Form):
    """A new avatar; `change_avatar` validates the file's content."""

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
    """Name, bio, link and avatar of a profile."""

    name = GraphemeField(
        max_graphemes=MAX_NAME_CHARS,
        required=False,
        help_text="Your name, or what people call you.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    bio = GraphemeField(
        max_graphemes=MAX_BIO_CHARS, lines=True, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    link = LinkField(
        required=False,
        assume_scheme="https",
        help_text="Your website.",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "url", "autocapitalize": "none"}),
        error_messages={"invalid": NO_ADDRESS},
        validators=[MaxLengthValidator(MAX_LINK_CHARS, "Use at most %(limit_value)d characters.")],
    )
