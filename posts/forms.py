"""The forms of posts. A field's error says its limit and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile

from common.forms import GraphemeField, check_length
from common.limits import (
    MAX_ALT_CHARS,
    MAX_CAPTION_CHARS,
    MAX_COMMENT_CHARS,
    MAX_HASHTAGS,
    MAX_LOCATION_CHARS,
    MAX_MENTIONS,
    MAX_POST_BYTES,
    MAX_SLIDES,
)
from common.linkify import extract_names, extract_tags
from common.text import clean_text
from media.errors import MediaError
from media.intake import probe_upload
from posts.actions import Upload


@dataclass(frozen=True)
class FileError:
    """What is wrong with the file at `index` of the request."""

    index: int
    name: str
    message: str


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """1 to MAX_SLIDES files, in the order in which they came."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = list(data or [])
        if not files:
            raise forms.ValidationError("Choose at least one photo or video.", code="required")
        if len(files) > MAX_SLIDES:
            raise forms.ValidationError(
                f"You chose {len(files)} files. A post holds at most {MAX_SLIDES}.", code="too_many"
            )
        if (total := sum(file.size or 0 for file in files)) > MAX_POST_BYTES:
            raise forms.ValidationError(
                f"Together these files have {total // 2**20:,} MB. A post holds at most "
                f"{MAX_POST_BYTES // 2**20:,} MB: share them in several.",
                code="too_large",
            )
        return files


class PostForm(forms.Form):
    """A new post: photos and videos in order, a description of each, a caption and a place.

    `file_errors` has one entry for each file that cannot be used, by position and name; their sum is the error of
    the field `files`.
    """

    files = FilesField(label="Photos and videos")  # type: ignore[assignment]  # the fixed name; request.FILES is not needed here
    caption = GraphemeField(max_graphemes=MAX_CAPTION_CHARS, lines=True, required=False, label="Caption")
    location = GraphemeField(max_graphemes=MAX_LOCATION_CHARS, required=False, label="Location")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.file_errors: list[FileError] = []
        self.alts: list[str] = self.data.getlist("alt") if hasattr(self.data, "getlist") else []

    def clean_files(self) -> list[UploadedFile]:
        files: list[UploadedFile] = self.cleaned_data["files"]
        for index, file in enumerate(files):
            try:
                probe_upload(cast("BinaryIO", file))
            except MediaError as error:
                self.file_errors.append(FileError(index, file.name or "", str(error)))
        if self.file_errors:
            raise forms.ValidationError([f"{error.name}: {error.message}" for error in self.file_errors])
        return files

    def clean_caption(self) -> str:
        caption: str = self.cleaned_data["caption"]
        for found, limit, what in (
            (extract_tags(caption), MAX_HASHTAGS, "hashtags"),
            (extract_names(caption), MAX_MENTIONS, "mentions"),
        ):
            if len(found) > limit:
                raise forms.ValidationError(f"The caption has {len(found)} {what}: at most {limit}.", code="too_many")
        return caption

    def clean(self) -> dict[str, Any]:
        for number, alt in enumerate(self.alts[:MAX_SLIDES], start=1):
            try:
                check_length(clean_text(alt), MAX_ALT_CHARS, f"The alt text of slide {number}")
            except forms.ValidationError as error:
                self.add_error(None, forms.ValidationError(error.message, code="alt"))
        return self.cleaned_data

    @property
    def alt_errors(self) -> list[str]:
        return [str(error.message) for error in self.errors.as_data().get("__all__", [])]

    def uploads(self) -> list[Upload]:
        """What `create_post` takes; of a valid form."""
        files = self.cleaned_data["files"]
        alts = [clean_text(alt) for alt in self.alts] + [""] * len(files)
        return [Upload(file, file.name or "", alt) for file, alt in zip(files, alts, strict=False)]

    def as_json(self) -> dict[str, Any]:
        """The errors, for scripts."""
        errors = {name: [str(text) for text in texts] for name, texts in self.errors.items() if name != "__all__"}
        if self.alt_errors:
            errors["alt"] = self.alt_errors
        return {"errors": errors, "file_errors": [asdict(error) for error in self.file_errors]}


class CommentForm(forms.Form):
    text = GraphemeField(
        max_graphemes=MAX_COMMENT_CHARS,
        lines=True,
        label="Add a comment",
        error_messages={"required": "Write something first."},
        widget=forms.Textarea(attrs={"rows": 1, "placeholder": "Add a comment…"}),
    )
