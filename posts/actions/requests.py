"""Requests to share and to edit a post, with their validation. Pages and the JSON API fill them in.

The caller cleans the texts of a request (`common.text`). `errors` names the invalid fields; the caller maps these names
to the fields of its form or JSON body.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from accounts.models import User
from common.forms import check_length
from common.limits import (
    MAX_ALT_CHARS,
    MAX_CAPTION_CHARS,
    MAX_HASHTAGS,
    MAX_LOCATION_CHARS,
    MAX_MENTIONS,
    MAX_SLIDES,
)
from common.linkify import extract_names, extract_tags
from common.refusals import Refusal
from media.edit.crop import shape_problem
from media.errors import MediaError
from media.probe import PhotoInfo
from media.upload_probe import probe_upload
from posts.actions.media import Upload
from posts.actions.new_slides import Slide, SlideError, SlidesRefusedError, too_many_bytes, validate_slides
from posts.models import Audience, Media, Post


@dataclass(frozen=True)
class FileError:
    """Why the file at `index` of the request's uploads cannot be used. `name` is its name on its owner's device."""

    index: int
    name: str
    message: str


@dataclass(frozen=True)
class InvalidField:
    """Why a request is refused: the name of a field, and a sentence for the author."""

    field: str
    message: str
    code: str = "invalid"
    cause: FileError | SlideError | None = None
    """The file in question, for errors of the field `files`."""
    slide: int | None = None
    """The index of the slide in question, for errors of the field `alt`."""


class InvalidRequestError(Refusal):
    """Raised when nothing was shared or edited. `errors` has at least one item."""

    def __init__(self, errors: Sequence[InvalidField], stored: Sequence[Media] = ()) -> None:
        super().__init__(" ".join(error.message for error in errors))
        self.errors = list(errors)
        self.stored = list(stored)
        """Uploads of the request that were stored before it was refused, now unshared files of the author."""


@dataclass(frozen=True)
class ShareRequest:
    """A new post. The files in `slides`, which are uploaded already, come first; those in `uploads` follow."""

    slides: Sequence[Slide] = ()
    uploads: Sequence[Upload] = ()
    caption: str = ""
    location: str = ""
    audience: str = Audience.EVERYONE
    """A value of Audience, unless the request is invalid."""

    def errors(self, author: User) -> list[InvalidField]:
        """Return every reason to refuse the request. Cost: one query, and a probe of each upload's header."""
        alts = [slide.alt for slide in self.slides[:MAX_SLIDES]] + [upload.alt for upload in self.uploads]
        return [*_text_errors(self), *self._file_errors(author), *_alt_errors(alts[:MAX_SLIDES])]

    def _file_errors(self, author: User) -> Iterator[InvalidField]:
        count = len(self.slides) + len(self.uploads)
        if not count:
            yield InvalidField("files", "Choose at least one photo or video.")
        elif count > MAX_SLIDES:
            yield InvalidField("files", f"You chose {count} files. The limit is {MAX_SLIDES} per post.")
        if too_much := too_many_bytes(sum(upload.size for upload in self.uploads)):
            yield InvalidField("files", too_much)
        for index, upload in enumerate(self.uploads):
            try:
                info = probe_upload(upload.file)
            except MediaError as error:
                cause = FileError(index, upload.name, str(error))
                yield InvalidField("files", f"{upload.name}: {error}", cause=cause)
            else:
                if isinstance(info, PhotoInfo) and (problem := shape_problem({}, info.width, info.height)):
                    # No cause, for the file itself is fine: the page keeps it and offers to crop it.
                    yield InvalidField("files", f"{upload.name}: {problem}")
        # A list of thousands is refused in the time of a short one.
        chosen = self.slides[: MAX_SLIDES + 1]
        own = Media.objects.filter(owner_id=author.pk).in_bulk([slide.media_id for slide in chosen])
        yield from slide_errors(SlidesRefusedError(validate_slides(chosen, own)[1]))


def slide_errors(refused: SlidesRefusedError) -> Iterator[InvalidField]:
    """Yield the errors of the field `files` that say why slides were refused."""
    for error in refused.errors:
        yield InvalidField("files", f"{error.name or 'A file'}: {error.message}", cause=error)
    if refused.message and not refused.errors:
        yield InvalidField("files", refused.message)


@dataclass(frozen=True)
class EditRequest:
    """All that the author can edit of a post, whether it changes or not."""

    version: int
    """The post's version when its author began to edit it."""
    caption: str
    location: str
    audience: str
    slides: Sequence[tuple[int, str]]
    """The ids of the post's media in their new order, each with its alt text."""

    def errors(self, post: Post) -> list[InvalidField]:
        """Return every reason to refuse the request. Cost: one query, unless the slides of `post` are loaded."""
        return [*_text_errors(self), *self._slide_errors(post)]

    def _slide_errors(self, post: Post) -> Iterator[InvalidField]:
        if sorted(pk for pk, _ in self.slides) != sorted(medium.pk for medium in post.slides):
            message = "Some slides were missing from the form. Check the saved ones below, then try again."
            yield InvalidField("slides", message, "slides")
            return
        yield from _alt_errors([alt for _, alt in self.slides])


def _text_errors(request: ShareRequest | EditRequest) -> Iterator[InvalidField]:
    for field, text, limit in (
        ("caption", request.caption, MAX_CAPTION_CHARS),
        ("location", request.location, MAX_LOCATION_CHARS),
    ):
        if problem := _length_problem(text, limit):
            yield InvalidField(field, problem, "max_length")
        elif field == "caption" and (problem := tags_and_names_problem(text, "caption")):
            yield InvalidField(field, problem, "too_many")
    if request.audience not in Audience.values:
        yield InvalidField("audience", "Choose who can see this: everyone or close friends.", "invalid_choice")


def _alt_errors(alts: Sequence[str]) -> Iterator[InvalidField]:
    for index, alt in enumerate(alts):
        if problem := _length_problem(alt, MAX_ALT_CHARS, f"The alt text of slide {index + 1}"):
            yield InvalidField("alt", problem, "alt", slide=index)


def _length_problem(text: str, limit: int, what: str = "This") -> str:
    """Return why `text` is too long; "" if it is not."""
    try:
        check_length(text, limit, what)
    except ValidationError as error:
        return str(error.message)
    return ""


def tags_and_names_problem(text: str, what: str) -> str:
    """Return why `text`, a "caption" or "comment", has too many hashtags or mentions; "" if it has not."""
    for found, limit, kind in (
        (extract_tags(text), MAX_HASHTAGS, "hashtags"),
        (extract_names(text), MAX_MENTIONS, "mentions"),
    ):
        if len(found) > limit:
            return f"The {what} has {len(found)} {kind}. The limit is {limit}."
    return ""
