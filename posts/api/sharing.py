"""Uploading files and sharing posts in the JSON API."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO, Final, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from ninja import Field, Query

from accounts.api.bodies import Acting, check_actor
from accounts.http import MemberRequest
from api_access.idempotency import IdempotentRequest
from common.api import PROBLEMS, ApiRouter, FieldError, IdPaging, Listed, Problem, ValidationFailed, listed
from common.api_bodies import ID_SCHEMA, MAX_LIST_ITEMS, IdsIn, is_multipart, read_body
from common.pagination import page_by_id
from common.ratelimit_responses import count_api_hit
from common.text import clean_line, clean_text
from media.errors import MediaError, TransientMediaError
from posts.actions.media import Upload, delete_media, delete_medium, receive_file
from posts.actions.new_slides import Slide
from posts.actions.rate_limits import count_new_file
from posts.actions.requests import InvalidRequestError, ShareRequest
from posts.actions.sharing import share
from posts.api.errors import invalid_request_problem
from posts.api.idempotency import KEY
from posts.api.output import MediaOut, PostOut, for_output, media_out, post_out
from posts.models import Audience, Media, Post

router = ApiRouter(tags=["posts"])


class NewPost(Acting):
    """A new post, as JSON; or the same fields as a form, with `files`."""

    media: IdsIn = Field(
        default_factory=list,
        max_length=MAX_LIST_ITEMS,
        description="The ids of one or more files that were uploaded with POST /api/media.",
    )
    alt: list[str] = Field(
        default_factory=list, max_length=MAX_LIST_ITEMS, description="An alternative text for each file."
    )
    edits: list[dict[str, Any]] = Field(
        default_factory=list,
        max_length=MAX_LIST_ITEMS,
        description=(
            "Edits for each file of `media`, {} for none: `crop` (`ratio`, one of 1:1, 4:5, 16:9, 3:1, 1:3, original; "
            "`x`, `y`, `width` and `height`, as fractions of the photo), `filter`, `brightness`, `contrast`, "
            "`saturation`, `warmth` and `vignette`. A photo wider than 3:1 or taller than 1:3 needs a crop."
        ),
    )
    caption: str = ""
    location: str = ""
    audience: Audience = Audience.EVERYONE

    def share_request(self, files: list[UploadedFile]) -> ShareRequest:
        """Return the request to share this post with `files`. `alt` describes `media` first, then `files`."""
        alts = [clean_text(alt) for alt in self.alt] + [""] * (len(self.media) + len(files))
        edits = [*self.edits, *[None] * len(self.media)]
        of_files = zip(files, alts[len(self.media) :], strict=False)
        return ShareRequest(
            slides=[Slide(pk, alt, edit) for pk, alt, edit in zip(self.media, alts, edits, strict=False)],
            uploads=[Upload(cast("BinaryIO", file), file.name or "", alt, file.size or 0) for file, alt in of_files],
            caption=clean_text(self.caption),
            location=clean_line(self.location),
            audience=self.audience,
        )


_POST_SCHEMA: Final = NewPost.model_json_schema(ref_template="#/components/schemas/{model}")
# Audience is written out, for the request body is documented by hand and can't refer to the schema's own $defs.
_POST_SCHEMA.pop("$defs", None)
_POST_SCHEMA["properties"]["audience"] = {"type": "string", "enum": Audience.values}
_POST_BODY: Final[dict[str, Any]] = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                "alt": {"type": "array", "items": {"type": "string"}},
                "caption": {"type": "string"},
                "location": {"type": "string"},
                "audience": {"type": "string", "enum": Audience.values},
                "userId": ID_SCHEMA,
            },
        }
    },
    "application/json": {"schema": _POST_SCHEMA},
}
_MEDIUM_BODY: Final = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "additionalProperties": False,
            "required": ["file"],
            "properties": {
                "file": {"type": "string", "format": "binary"},
                "userId": ID_SCHEMA,
            },
        }
    }
}


@router.get("/media", response={200: Listed[MediaOut], **PROBLEMS})
def list_unshared_media(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> Listed[MediaOut]:
    """List the caller's files that belong to no post yet, newest first; failed files have an error."""
    page = page_by_id(request, Media.objects.filter(owner_id=request.user.pk, post__isnull=True), paging.limit)
    return listed(request, response, page, [media_out(request, medium) for medium in page])


@router.post(
    "/media",
    response={201: MediaOut, **PROBLEMS},
    openapi_extra=KEY | {"requestBody": {"required": True, "content": _MEDIUM_BODY}},
)
def create_medium(request: MemberRequest) -> HttpResponse:
    """Upload a photo or video to share later. It is processed immediately. Upload large files in parts instead."""
    if not is_multipart(request):
        raise Problem(415, "content-type", "Send the file in the field file, as multipart/form-data.")
    check_actor(request, read_body(request, Acting, files="file"))
    idempotent = IdempotentRequest(request)
    if known := idempotent.replay():
        return known
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise ValidationFailed({"body.file": "Send the file in the field file."})
    count_new_file(request.user, partial(count_api_hit, request))
    try:
        medium = receive_file(owner=request.user, file=cast("BinaryIO", file), name=file.name or "")
    except MediaError as error:
        raise _file_problem(error, "body.file") from error
    with transaction.atomic():
        if not (known := idempotent.claim()):
            return idempotent.answer(media_out(request, medium))
    delete_medium(medium)
    return known


@router.post(
    "/posts",
    response={201: PostOut, **PROBLEMS},
    openapi_extra=KEY | {"requestBody": {"required": True, "content": _POST_BODY}},
)
def create_post(request: MemberRequest) -> HttpResponse:
    """Share a post: JSON with the ids of uploaded files, or a form with files. Others see it once it is `published`."""
    body = read_body(request, NewPost, files="files")
    check_actor(request, body)
    idempotent = IdempotentRequest(request)
    if known := idempotent.replay():
        return known

    def once(make_post: Callable[[], Post]) -> HttpResponse:
        with transaction.atomic():
            if known := idempotent.claim():
                return known
            posts = for_output(Post.objects.owned_by(request.user), request.user)
            post = posts.get(pk=make_post().pk)
            return idempotent.answer(post_out(request, post), location=reverse("api:get_post", args=[post.pk]))

    try:
        return share(
            request.user,
            body.share_request(request.FILES.getlist("files")),
            once=once,
            count=partial(count_api_hit, request),
        )
    except MediaError as error:
        raise _file_problem(error, "body.files") from error
    except InvalidRequestError as error:
        delete_media(error.stored)
        names = {} if is_multipart(request) else {"files": "media"}
        raise invalid_request_problem(error, names) from error


def _file_problem(error: MediaError, path: str) -> Problem:
    if isinstance(error, TransientMediaError):
        return Problem(503, "storage", str(error), headers={"Retry-After": "10"})
    named = FieldError(path=path, code=error.code, message=str(error))
    return Problem(422, "invalid", str(error), errors=[named])
