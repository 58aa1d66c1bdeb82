"""The form that shares a post."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, BinaryIO, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile

from common.limits import MAX_CAPTION_CHARS, MAX_LOCATION_CHARS
from common.text import clean_text
from posts.actions.media import Upload
from posts.actions.new_slides import Slide, SlideError
from posts.actions.requests import FileError, InvalidField, ShareRequest
from posts.forms.fields import AudienceField, CleanTextField, FilesField, parse_id
from posts.models import Audience


class ShareForm(forms.Form):
    """The composer: photos and videos with alt texts, a caption, a location and the audience.

    It only parses the input: `read` returns a ShareRequest, and `refuse` shows the errors of that request.

    The slides are the files that are uploaded already (repeated `media`, their ids, and `edits` for each), followed by
    the files that come with the form (`files`). Repeated `alt` describes them in this order, unless `alt-<id>`
    describes an uploaded file; `crop-<id>` crops an uploaded photo to its middle.
    """

    files = FilesField(label="Photos and videos", required=False)  # type: ignore[assignment]  # hides Form.files, which is not used here
    caption = CleanTextField(max_graphemes=MAX_CAPTION_CHARS, lines=True, required=False, label="Caption")
    location = CleanTextField(max_graphemes=MAX_LOCATION_CHARS, required=False, label="Location")
    audience = AudienceField(initial=Audience.EVERYONE, required=False, label="Who can see this")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.file_errors: list[FileError] = []
        self.media_errors: list[SlideError] = []
        self.alts = self._list("alt")
        """Alt texts by position. After `read`, only the alt texts of `uploads` remain."""
        self.slides: list[Slide] = []
        """The uploaded files, in order. Empty until the form is read."""
        self.uploads: list[UploadedFile] = []
        """The files that came with the form, in order. Empty until the form is read."""

    def _list(self, name: str) -> list[str]:
        return self.data.getlist(name) if hasattr(self.data, "getlist") else []

    def read(self) -> ShareRequest:
        """Return the request that was sent. Call it once, on a bound form."""
        self.full_clean()
        self._read_slides()
        self.uploads = self.cleaned_data["files"]
        alts = [clean_text(alt) for alt in self.alts] + [""] * len(self.uploads)
        return ShareRequest(
            slides=self.slides,
            uploads=[
                Upload(cast("BinaryIO", file), file.name or "", alt, file.size or 0)
                for file, alt in zip(self.uploads, alts, strict=False)
            ],
            caption=self.cleaned_data["caption"],
            location=self.cleaned_data["location"],
            audience=self.cleaned_data["audience"] or Audience.EVERYONE,
        )

    def _read_slides(self) -> None:
        """Read `media`, and take the alt texts of these files out of `alts`."""
        edits = self._list("edits")
        for at, text in enumerate(self._list("media")):
            alt = self.data.get(f"alt-{text}")
            if alt is None:
                alt = self.alts.pop(0) if self.alts else ""
            crop_to_center = f"crop-{text}" in self.data
            self.slides.append(
                Slide(parse_id(text), clean_text(alt), edits[at] if at < len(edits) else None, crop_to_center)
            )

    def refuse(self, errors: Sequence[InvalidField]) -> None:
        """Add the errors of the request to the fields, to `file_errors` and to `media_errors`."""
        for error in errors:
            field = None if error.field == "alt" else error.field
            self.add_error(field, forms.ValidationError(error.message, code=error.code))
            if isinstance(error.cause, FileError):
                self.file_errors.append(error.cause)
            elif isinstance(error.cause, SlideError):
                self.media_errors.append(error.cause)

    @property
    def alt_errors(self) -> list[str]:
        return [str(error.message) for error in self.errors.as_data().get("__all__", [])]

    def as_json(self) -> dict[str, Any]:
        """Return the errors for scripts: by field, by file that came with the form, and by uploaded file."""
        errors = {name: [str(text) for text in texts] for name, texts in self.errors.items() if name != "__all__"}
        if self.alt_errors:
            errors["alt"] = self.alt_errors
        return {
            "errors": errors,
            "file_errors": [asdict(error) for error in self.file_errors],
            "media_errors": [
                {"id": str(one.media_id), "name": one.name, "message": one.message} for one in self.media_errors
            ],
        }
