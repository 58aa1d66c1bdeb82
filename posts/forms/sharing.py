"""The form that shares a post."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile

from accounts.models import User
from common.forms import GraphemeField, check_length
from common.limits import MAX_ALT_CHARS, MAX_CAPTION_CHARS, MAX_LOCATION_CHARS, MAX_SLIDES
from common.text import clean_text
from media.edit.crop import shape_problem
from media.errors import MediaError
from media.probe import PhotoInfo
from media.upload_probe import probe_upload
from posts.actions.media import Upload
from posts.actions.sharing import Slide, SlideError, SlidesRefusedError, too_many_bytes, validate_slides
from posts.forms.text import check_tags_and_names, parse_id
from posts.models import Audience, Media


@dataclass(frozen=True)
class FileError:
    """What is wrong with the file at `index` of the request."""

    index: int
    name: str
    message: str


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, in the order in which they came."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        return list(data or [])


class PostForm(forms.Form):
    """A new post: its slides, a description of each, a caption, a place and who may see it.

    Slides are first the files that are uploaded already (`media`, their ids, with `edits` of each), then those that
    come with the form (`files`). `alt` describes them in this order; one `alt-<id>` describes one uploaded file,
    wherever it stands, and `crop-<id>` cuts a photo that is too wide or too tall to its middle. `file_errors` and
    `media_errors` have an entry for each that cannot be used; their sum is the error of the field `files`.
    """

    files = FilesField(label="Photos and videos", required=False)  # type: ignore[assignment]  # the fixed name; request.FILES is not needed here
    caption = GraphemeField(max_graphemes=MAX_CAPTION_CHARS, lines=True, required=False, label="Caption")
    location = GraphemeField(max_graphemes=MAX_LOCATION_CHARS, required=False, label="Location")
    audience = forms.ChoiceField(
        choices=Audience.choices,
        required=False,
        initial=Audience.EVERYONE,
        label="Who can see this",
        error_messages={"invalid_choice": "Choose who can see this: everyone or close friends."},
    )

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.file_errors: list[FileError] = []
        self.media_errors: list[SlideError] = []
        self.owner = owner
        self.alts = self._list("alt")
        self.slides: list[Slide] = []
        """Of `media` alone, in order, when the form has been looked through."""
        self.uploads: list[UploadedFile] = []
        """The files that came with it, good or bad, likewise; `alts` describes these then."""

    def _list(self, name: str) -> list[str]:
        return self.data.getlist(name) if hasattr(self.data, "getlist") else []

    def _read_slides(self) -> None:
        """Read `media`, and leave in `alts` what describes the files."""
        edits = self._list("edits")
        for at, text in enumerate(self._list("media")):
            alt = self.data.get(f"alt-{text}")
            if alt is None:
                alt = self.alts.pop(0) if self.alts else ""
            crop_to_center = f"crop-{text}" in self.data
            self.slides.append(
                Slide(parse_id(text), clean_text(alt), edits[at] if at < len(edits) else None, crop_to_center)
            )

    def clean_audience(self) -> str:
        return self.cleaned_data["audience"] or Audience.EVERYONE

    def clean_caption(self) -> str:
        return check_tags_and_names(self.cleaned_data["caption"], "caption")

    def clean(self) -> dict[str, Any]:
        self._read_slides()
        files = self.uploads = self.cleaned_data["files"]
        count = len(self.slides) + len(files)
        if not count:
            self.add_error("files", "Choose at least one photo or video.")
        elif count > MAX_SLIDES:
            self.add_error("files", f"You chose {count} files. A post holds at most {MAX_SLIDES}.")
        if too_much := too_many_bytes(sum(file.size or 0 for file in files)):
            self.add_error("files", too_much)
        for index, file in enumerate(files):
            try:
                info = probe_upload(cast("BinaryIO", file))
            except MediaError as error:
                self.refuse_file(index, error)
            else:
                if isinstance(info, PhotoInfo) and (problem := shape_problem({}, info.width, info.height)):
                    # The file is fine, and kept: it comes back with the choice to crop it.
                    self.add_error("files", f"{file.name}: {problem}")
        # No more than may be shared: a list of thousands is refused in the time of a short one.
        chosen = self.slides[: MAX_SLIDES + 1]
        own = Media.objects.filter(owner_id=self.owner.pk).in_bulk([slide.media_id for slide in chosen])
        self.refuse_media(SlidesRefusedError(validate_slides(chosen, own)[1]))
        alts = [slide.alt for slide in chosen] + [clean_text(alt) for alt in self.alts]
        for number, alt in enumerate(alts[:MAX_SLIDES], start=1):
            try:
                check_length(alt, MAX_ALT_CHARS, f"The alt text of slide {number}")
            except forms.ValidationError as error:
                self.add_error(None, forms.ValidationError(error.message, code="alt"))
        return self.cleaned_data

    def files_as_uploads(self) -> list[Upload]:
        """The files of a valid form, each with its alt text."""
        alts = [clean_text(alt) for alt in self.alts] + [""] * len(self.uploads)
        pairs = zip(self.uploads, alts, strict=False)
        return [Upload(cast("BinaryIO", file), file.name or "", alt) for file, alt in pairs]

    def slides_with(self, taken: Sequence[Media]) -> list[Slide]:
        """All slides of a valid form, when `taken` have been made of its files; leaves their alt texts on them."""
        for medium, upload in zip(taken, self.files_as_uploads(), strict=True):
            medium.alt = upload.alt
        return [*self.slides, *(Slide(medium.pk, medium.alt) for medium in taken)]

    def refuse_file(self, index: int, error: MediaError) -> None:
        name = self.uploads[index].name or ""
        self.file_errors.append(FileError(index, name, str(error)))
        self.add_error("files", f"{name}: {error}")

    def refuse_media(self, refused: SlidesRefusedError) -> None:
        self.media_errors += refused.errors
        for error in refused.errors:
            self.add_error("files", f"{error.name or 'A file'}: {error.message}")
        if refused.message and not refused.errors:
            self.add_error("files", refused.message)

    @property
    def alt_errors(self) -> list[str]:
        return [str(error.message) for error in self.errors.as_data().get("__all__", [])]

    def as_json(self) -> dict[str, Any]:
        """The errors, for scripts."""
        errors = {name: [str(text) for text in texts] for name, texts in self.errors.items() if name != "__all__"}
        if self.alt_errors:
            errors["alt"] = self.alt_errors
        refused = [{"id": str(one.media_id), "name": one.name, "message": one.message} for one in self.media_errors]
        return {
            "errors": errors,
            "file_errors": [asdict(error) for error in self.file_errors],
            "media_errors": refused,
        }
