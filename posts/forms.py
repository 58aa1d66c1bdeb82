"""The forms of posts. A field's error says its limit and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from accounts.models import User
from common.forms import GraphemeField, check_length
from common.ids import MAX_ID
from common.limits import (
    MAX_ALT_CHARS,
    MAX_CAPTION_CHARS,
    MAX_COLLECTION_NAME_CHARS,
    MAX_COMMENT_CHARS,
    MAX_HASHTAGS,
    MAX_HIDDEN_WORD_CHARS,
    MAX_HIDDEN_WORDS,
    MAX_LOCATION_CHARS,
    MAX_MENTIONS,
    MAX_SLIDES,
)
from common.linkify import extract_names, extract_tags
from common.text import clean_line, clean_text
from media.edits import shape_problem
from media.errors import MediaError
from media.probe import PhotoInfo
from media.upload_probe import probe_upload
from posts.actions import Slide, SlideError, SlidesRefusedError, Upload, too_many_bytes, validate_slides
from posts.models import Audience, Comment, Media, Post, normalize_words


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


def check_tags_and_names(text: str, what: str) -> str:
    """Return `text`, a "caption" or "comment", or raise ValidationError if it has too many tags or mentions."""
    for found, limit, kind in (
        (extract_tags(text), MAX_HASHTAGS, "hashtags"),
        (extract_names(text), MAX_MENTIONS, "mentions"),
    ):
        if len(found) > limit:
            raise forms.ValidationError(f"The {what} has {len(found)} {kind}: at most {limit}.", code="too_many")
    return text


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
                Slide(_id_of(text), clean_text(alt), edits[at] if at < len(edits) else None, crop_to_center)
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
        if text := refused.message:
            self.add_error("files", text)

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


def _id_of(text: str) -> int:
    """The number that a script or a form sends; -1, which no row has, for anything else."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
    return number if number <= MAX_ID else -1


@dataclass
class EditedSlide:
    """A slide in the form that edits its post: its medium, its alt text as typed, and what is wrong with that."""

    medium: Media
    alt: str
    error: str = ""
    focus: str = ""
    """ "up" or "down": which of its buttons was pressed last."""


class EditForm(forms.Form):
    """A post as its author wants it to be: caption, place, audience, and its slides in order, each with its alt text.

    Slides come as repeated `slide` (ids, in their new order) and `alt`; `version` is that of the post when the form was
    made. Without data it shows the post as it is.
    """

    caption = GraphemeField(max_graphemes=MAX_CAPTION_CHARS, lines=True, required=False, label="Caption")
    location = GraphemeField(max_graphemes=MAX_LOCATION_CHARS, required=False, label="Location")
    audience = forms.ChoiceField(choices=Audience.choices, widget=forms.RadioSelect, label="Who can see it")

    def __init__(self, post: Post, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={name: getattr(post, name) for name in ("caption", "location", "audience")})
        self.post = post
        self.version = post.version
        self.slides = [EditedSlide(medium, medium.alt) for medium in post.slides]
        self.refusal = ""
        self.newer: list[tuple[str, str]] = []
        if data is not None:
            self._take(data)

    def _take(self, data: QueryDict) -> None:
        version = data.get("version", "")
        self.version = int(version) if version.isascii() and version.isdigit() and len(version) <= 10 else 0
        ids, alts = data.getlist("slide"), data.getlist("alt")
        slides = {str(slide.medium.pk): slide for slide in self.slides}
        self.is_whole = sorted(ids) == sorted(slides) and len(alts) == len(ids)
        if self.is_whole:
            self.slides = [EditedSlide(slides[pk].medium, alt) for pk, alt in zip(ids, alts, strict=True)]

    def clean_caption(self) -> str:
        return check_tags_and_names(self.cleaned_data["caption"], "caption")

    def clean(self) -> dict[str, Any]:
        if not self.is_whole:
            raise forms.ValidationError(
                "The slides of this form did not all arrive. They are shown below as they are saved: check them.",
                code="slides",
            )
        for number, slide in enumerate(self.slides, start=1):
            try:
                check_length(clean_text(slide.alt), MAX_ALT_CHARS)
            except forms.ValidationError as error:
                slide.error = str(error.message)
                self.add_error(None, forms.ValidationError(f"Slide {number}: {slide.error}", code="alt"))
        return self.cleaned_data

    def changes(self) -> dict[str, Any]:
        """What `edit_post` takes; of a valid form."""
        slides = [(slide.medium.pk, clean_text(slide.alt)) for slide in self.slides]
        return {**self.cleaned_data, "version": self.version, "slides": slides}

    def moved(self, wanted: str) -> EditForm:
        """The form with what was typed, nothing checked and one slide moved; `wanted` is "<id of the medium>-up"."""
        form = EditForm(self.post)
        form.initial = {name: self.data.get(name, "") for name in self.fields}
        form.version, form.slides = self.version, self.slides
        pk, _, way = wanted.partition("-")
        at = next((at for at, slide in enumerate(form.slides) if str(slide.medium.pk) == pk), None)
        to = -1 if at is None else at + {"up": -1, "down": 1}.get(way, 0)
        if at is not None and 0 <= to < len(form.slides):
            form.slides.insert(to, form.slides.pop(at))
            form.slides[to].focus = way
        return form

    def refuse(self, reason: str, post: Post) -> None:
        """Say why this valid form was not saved, and what `post`, as it is by now, has that was not typed."""
        self.refusal, self.version = reason, post.version
        typed = self.cleaned_data
        for name in ("caption", "location"):
            if typed[name] != getattr(post, name):
                self.newer.append((str(self.fields[name].label), getattr(post, name)))
        if typed["audience"] != post.audience:
            self.newer.append((str(self.fields["audience"].label), post.get_audience_display()))
        if self.changes()["slides"] != [(medium.pk, medium.alt) for medium in post.slides]:
            alts = (f"{number}. {medium.alt or 'no alt text'}" for number, medium in enumerate(post.slides, start=1))
            self.newer.append(("Alt texts and order", "\n".join(alts)))


class CollectionForm(forms.Form):
    name = GraphemeField(
        max_graphemes=MAX_COLLECTION_NAME_CHARS,
        label="Name of the collection",
        error_messages={"required": "A collection needs a name."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class CommentForm(forms.Form):
    text = GraphemeField(
        max_graphemes=MAX_COMMENT_CHARS,
        lines=True,
        label="Add a comment",
        error_messages={"required": "Write something first."},
        widget=forms.Textarea(attrs={"rows": 1, "placeholder": "Add a comment…"}),
    )
    parent = forms.CharField(required=False)
    """The id of the comment that is replied to."""

    reply_to: Comment | None = None
    """That comment, with its author; set by the view."""

    def clean_text(self) -> str:
        return check_tags_and_names(self.cleaned_data["text"], "comment")

    def clean_parent(self) -> int | None:
        """None for a comment of its own; -1, which no comment has, for what is no id."""
        text = self.cleaned_data["parent"]
        return _id_of(text) if text else None


class HiddenWordsForm(forms.Form):
    """One's hidden words, one on each line."""

    words = forms.CharField(
        required=False,
        strip=False,
        label="Hidden words",
        help_text=f"One on each line, at most {MAX_HIDDEN_WORDS}, each of at most {MAX_HIDDEN_WORD_CHARS} characters.",
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "autocapitalize": "none", "dir": "auto"}),
    )

    def clean_words(self) -> list[str]:
        # Every line of a megabyte is not looked at.
        lines = self.cleaned_data["words"].splitlines()
        words = [word for word in (clean_line(line) for line in lines[: MAX_HIDDEN_WORDS * 10]) if word]
        if len(words) > MAX_HIDDEN_WORDS:
            raise forms.ValidationError(
                f"These are {len(words)} words or more: at most {MAX_HIDDEN_WORDS} fit.", code="too_many"
            )
        for word in words:
            check_length(word, MAX_HIDDEN_WORD_CHARS, f"“{word[:30]}{'…' if len(word) > 30 else ''}”")
            if not normalize_words(word):
                raise forms.ValidationError(f"“{word}” has no letter, digit or sign in it.", code="no_word")
        return words
