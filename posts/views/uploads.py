"""Uploads of the composer's script, in JSON only. docs/uploads.md describes the protocol."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest
from common.http import json_error
from common.limits import PART_BYTES
from media.errors import MediaError, TransientMediaError
from media.incoming import Target, direct_target, is_direct, part_sizes, received_parts
from posts.actions import media as media_actions
from posts.actions.rate_limits import TooManyRequests, count_new_file
from posts.actions.uploads import IncompleteError, begin_upload, cancel_upload, complete_upload, receive_part
from posts.models import Media, UploadSession
from posts.models.media import MediaState
from posts.views.lookup import own_unshared, own_upload

View = Callable[..., HttpResponse]


def medium_json(medium: Media) -> dict[str, Any]:
    """Return the JSON of the viewer's own photo or video."""
    is_ready = medium.state == MediaState.READY
    return {
        "id": str(medium.pk),
        "kind": medium.kind,
        "name": medium.original_name,
        "state": medium.state,
        "progress": 100 if is_ready else medium.progress,
        "error": medium.error,
        "notice": medium.notice,
        "width": medium.width,
        "height": medium.height,
        "duration_ms": medium.duration_ms,
        "preview": medium.preview if is_ready else "",
        "captions": bool(medium.captions),
    }


def media_errors_as_json(view: View) -> View:
    """Decorator: answer a MediaError as JSON, with 422 for a bad file and 503 for a temporary failure."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(*args, **kwargs)
        except MediaError as error:
            return json_error(503 if isinstance(error, TransientMediaError) else 422, error.code, str(error))

    return answer


@require_POST
@media_errors_as_json
def begin(request: MemberRequest) -> HttpResponse:
    """Begin an upload: 201 with its parts, and where to send each."""
    text = request.POST.get("size", "")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        return json_error(422, "size", "Send the size of the file, in bytes, in the field size.")
    try:
        count_new_file(request.user)
    except TooManyRequests as error:
        return json_error(429, "too-many", str(error), headers={"Retry-After": str(error.retry_after)})
    upload = begin_upload(
        owner=request.user,
        name=request.POST.get("name", ""),
        size=int(text),
        kind=request.POST.get("type", ""),
    )
    return JsonResponse(_session_json(request, upload), status=201)


@require_safe
@media_errors_as_json
def upload(request: MemberRequest, upload_id: int) -> HttpResponse:
    """Return the state of an upload and fresh form fields, to continue it after an interruption."""
    return JsonResponse(_session_json(request, own_upload(request, upload_id)))


@require_POST
@media_errors_as_json
def part(request: MemberRequest, upload_id: int, number: int) -> HttpResponse:
    """Store one part. Repeating it is harmless."""
    session = own_upload(request, upload_id)
    if is_direct() or not 1 <= number <= len(part_sizes(session.size)):
        raise Http404
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return json_error(422, "file", "Send the part in the field file, as multipart/form-data.")
    if session.media_id is None:
        receive_part(session, number, file)
    return HttpResponse(status=204)


@require_POST
@media_errors_as_json
def complete(request: MemberRequest, upload_id: int) -> HttpResponse:
    """Assemble the parts into a medium: 201, 200 if that was done before, or 409 with the missing parts."""
    try:
        done = complete_upload(own_upload(request, upload_id))
    except IncompleteError as error:
        some = ", ".join(map(str, error.missing[:5])) + (", …" if len(error.missing) > 5 else "")
        return json_error(409, "incomplete", f"Parts of this file are missing: {some}.", missing=error.missing)
    if done is None:
        raise Http404
    medium, is_new = done
    return JsonResponse(medium_json(medium), status=201 if is_new else 200)


@require_POST
@media_errors_as_json
def cancel(request: MemberRequest, upload_id: int) -> HttpResponse:
    """Delete an upload, and its medium unless that has been shared."""
    session = own_upload(request, upload_id)
    if not cancel_upload(session) and session.media_id is not None:
        media_actions.delete_medium(cast("Media", session.media))
    return HttpResponse(status=204)


@require_safe
@media_errors_as_json
def unshared(request: MemberRequest) -> HttpResponse:
    """Return the viewer's unshared files and unfinished uploads, each list in the order in which they were begun.

    Each file has the id of its upload in `upload`, so that scripts can merge the two lists.

    Cost: two queries, and one request to the storage for each unfinished upload.
    """
    unshared_media = Media.objects.unshared_of(request.user)
    items = [medium_json(medium) | {"upload": str(medium.upload_id)} for medium in unshared_media]
    under_way = [_session_json(request, one) for one in UploadSession.objects.open_of(request.user)]
    return JsonResponse({"items": items, "uploads": under_way})


@require_POST
@media_errors_as_json
def retry_medium(request: MemberRequest, media_id: int) -> HttpResponse:
    medium = own_unshared(request, media_id)
    media_actions.retry_medium(medium)
    medium.refresh_from_db()
    return JsonResponse(medium_json(medium))


@require_POST
@media_errors_as_json
def delete_medium(request: MemberRequest, media_id: int) -> HttpResponse:
    media_actions.delete_medium(own_unshared(request, media_id))
    return HttpResponse(status=204)


def _session_json(request: MemberRequest, session: UploadSession) -> dict[str, Any]:
    sizes = part_sizes(session.size)
    is_done = session.media_id is not None
    have = set(range(1, len(sizes) + 1)) if is_done else received_parts(session.prefix, sizes)
    parts = []
    for number, size in enumerate(sizes, start=1):
        target = _target(request, session, number, size)
        parts.append(
            {
                "number": number,
                "offset": (number - 1) * PART_BYTES,
                "size": size,
                "have": number in have,
                "url": target.url,
                "fields": target.fields,
            }
        )
    return {
        "id": str(session.pk),
        "name": session.name,
        "size": session.size,
        "part_bytes": PART_BYTES,
        "parts": parts,
    }


def _target(request: MemberRequest, session: UploadSession, number: int, size: int) -> Target:
    if is_direct():
        return direct_target(session.prefix, number, size)
    return Target(
        url=reverse("posts:upload_part", args=[session.pk, number]),
        fields={"csrfmiddlewaretoken": get_token(request)},
    )
