"""The form that edits a post."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from common.forms import GraphemeField, check_length
from common.limits import MAX_ALT_CHARS, MAX_CAPTION_CHARS, MAX_LOCATION_CHARS
from common.text import clean_text
from posts.forms.text import check_tags_and_names
from posts.models import Audience, Media, Post


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
