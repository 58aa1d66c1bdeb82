"""Form fields that only read their input. The requests in `posts.actions.requests` check it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from common.forms import GraphemeField
from common.ids import MAX_ID
from posts.models import Audience


class CleanTextField(GraphemeField):
    """Clean text of any length. The browser's counter knows the limit; the request checks it."""

    def validate(self, value: str) -> None:
        forms.CharField.validate(self, value)


class AudienceField(forms.ChoiceField):
    """The audience of a post. The request checks the choice."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=Audience.choices, **kwargs)

    def validate(self, value: str) -> None:
        pass


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, in the order in which they were sent."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        return list(data or [])


def parse_id(text: str) -> int:
    """Return the id that `text` holds; -1, which no row has, if it holds none."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
    return number if number <= MAX_ID else -1
