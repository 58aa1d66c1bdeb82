"""The form that edits a post."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.http import QueryDict

from common.limits import MAX_CAPTION_CHARS, MAX_LOCATION_CHARS
from common.text import clean_text
from posts.actions.requests import EditRequest, InvalidField
from posts.forms.fields import AudienceField, CleanTextField, parse_id
from posts.models import Media, Post


@dataclass
class EditedSlide:
    """A slide in the form: its medium, its alt text as typed, and the error of the alt text."""

    medium: Media
    alt: str
    error: str = ""
    focus: str = ""
    """Which of its move buttons was pressed last: "up", "down" or ""."""


class EditForm(forms.Form):
    """A post's caption, location, audience and slides in order, each slide with its alt text.

    Without data it shows the post as it is. Otherwise `read` returns an EditRequest, and `refuse` shows the errors of
    that request. Slides are sent as repeated `slide` (ids, in their new order) and `alt`. `version` is the version of
    the post when the form was made.
    """

    caption = CleanTextField(max_graphemes=MAX_CAPTION_CHARS, lines=True, required=False, label="Caption")
    location = CleanTextField(max_graphemes=MAX_LOCATION_CHARS, required=False, label="Location")
    audience = AudienceField(widget=forms.RadioSelect, label="Who can see it")

    def __init__(self, post: Post, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={name: getattr(post, name) for name in ("caption", "location", "audience")})
        self.post = post
        self.version = post.version
        self.slides = [EditedSlide(medium, medium.alt) for medium in post.slides]
        self.refusal = ""
        """Why a valid edit was not saved, or ""."""
        self.newer: list[tuple[str, str]] = []
        """Current values of the post that differ from the typed ones, as (label, text)."""
        if data is not None:
            self._read_slides(data)

    def _read_slides(self, data: QueryDict) -> None:
        """Take the order and the alt texts from `data`. If slides are missing there, they stay as they are saved."""
        version = data.get("version", "")
        self.version = int(version) if version.isascii() and version.isdigit() and len(version) <= 10 else 0
        ids, alts = [parse_id(text) for text in data.getlist("slide")], data.getlist("alt")
        self.sent = list(zip(ids, alts, strict=True)) if len(ids) == len(alts) else []
        media = {slide.medium.pk: slide.medium for slide in self.slides}
        if sorted(pk for pk, _ in self.sent) == sorted(media):
            self.slides = [EditedSlide(media[pk], alt) for pk, alt in self.sent]

    def read(self) -> EditRequest:
        """Return the request that was sent, of a bound form."""
        self.full_clean()
        slides = [(pk, clean_text(alt)) for pk, alt in self.sent]
        return EditRequest(version=self.version, slides=slides, **self.cleaned_data)

    def refuse(self, errors: Sequence[InvalidField]) -> None:
        """Add the errors of the request to the fields and to the slides."""
        for error in errors:
            field = error.field if error.field in self.fields else None
            self.add_error(field, forms.ValidationError(error.message, code=error.code))
            if error.slide is not None:
                self.slides[error.slide].error = error.message

    def moved(self, move: str) -> EditForm:
        """Return an unchecked copy of the form with one slide moved. `move` is "<id of the medium>-up" or "-down"."""
        form = EditForm(self.post)
        form.initial = {name: self.data.get(name, "") for name in self.fields}
        form.version, form.slides = self.version, self.slides
        pk, _, direction = move.partition("-")
        at = next((at for at, slide in enumerate(form.slides) if str(slide.medium.pk) == pk), None)
        to = -1 if at is None else at + {"up": -1, "down": 1}.get(direction, 0)
        if at is not None and 0 <= to < len(form.slides):
            form.slides.insert(to, form.slides.pop(at))
            form.slides[to].focus = direction
        return form

    def show_conflict(self, reason: str, request: EditRequest, post: Post) -> None:
        """Show why the valid `request` was not saved, and the values of the current `post` that differ from it."""
        self.refusal, self.version = reason, post.version
        for name in ("caption", "location"):
            if getattr(request, name) != getattr(post, name):
                self.newer.append((str(self.fields[name].label), getattr(post, name)))
        if request.audience != post.audience:
            self.newer.append((str(self.fields["audience"].label), post.get_audience_display()))
        if list(request.slides) != [(medium.pk, medium.alt) for medium in post.slides]:
            alts = (f"{number}. {medium.alt or 'no alt text'}" for number, medium in enumerate(post.slides, start=1))
            self.newer.append(("Alt texts and order", "\n".join(alts)))
