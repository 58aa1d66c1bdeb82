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
from media.edit.square import MAX_ZOOM_PERCENT
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


def _percent(label: str, *, least: int = 0, most: int = 100, initial: int) -> forms.IntegerField:
    """Return a field for a whole number, shown as a slider. If it is not sent, its value is None."""
    slider = forms.NumberInput(attrs={"type": "range"})
    return forms.IntegerField(
        label=label, min_value=least, max_value=most, initial=initial, required=False, widget=slider
    )


class AvatarForm(forms.Form):
    """A new avatar and its visible square; `change_avatar` validates the file's content."""

    avatar = forms.FileField(
        label="Photo",
        required=False,
        widget=forms.FileInput(attrs={"data-preview": "avatar-preview"}),
        error_messages={"empty": "This file is empty. Choose another photo."},
    )
    avatar_x = _percent("Left or right", initial=50)
    avatar_y = _percent("Up or down", initial=50)
    avatar_zoom = _percent("Zoom", least=100, most=MAX_ZOOM_PERCENT, initial=100)

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

    @property
    def avatar_crop(self) -> dict[str, int]:
        """The chosen square, with those keys of `media.edit.square` that were sent."""
        chosen = {name: self.cleaned_data[f"avatar_{name}"] for name in ("x", "y", "zoom")}
        return {name: value for name, value in chosen.items() if value is not None}

    @property
    def crop_fields(self) -> list[forms.BoundField]:
        """The sliders."""
        return [self["avatar_x"], self["avatar_y"], self["avatar_zoom"]]


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
