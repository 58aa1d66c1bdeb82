from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.form_keys import Submission
from accounts.http import MemberRequest
from common.http import json_error, wants_json
from media.edit.filters import FILTERS
from media.errors import MediaError, TransientMediaError
from media.upload_probe import accepted_uploads
from posts.actions.media import receive_file
from posts.actions.rate_limits import TooManyRequests, count_new_file
from posts.actions.requests import InvalidRequestError
from posts.actions.sharing import share
from posts.forms.sharing import ShareForm
from posts.models import Media, Post
from posts.models.media import MediaState
from posts.views.uploads import medium_json


@dataclass(frozen=True)
class KeptFile:
    """An unshared file of the author, and how the form that came back uses it."""

    medium: Media
    alt: str
    is_chosen: bool
    is_center_cropped: bool


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: MemberRequest) -> HttpResponse:
    """Show the composer, and share its files: uploaded earlier, sent with the form, or both.

    A script that asks for JSON gets 201, or 422 with the errors by field and by file. Good files of a refused form are
    stored and come back as chosen, because browsers do not remember which files were chosen.
    """
    if request.method != "POST":
        return _page(request, ShareForm())
    submission = Submission(request)
    if (post_id := submission.previous_result()) is not None:
        return _shared(request, post_id)
    form = ShareForm(request.POST, request.FILES)
    try:
        post_id = share(
            request.user,
            form.read(),
            once=lambda make_post: submission.run_once(lambda: make_post().pk),
        )
    except InvalidRequestError as error:
        form.refuse(error.errors)
        return _refusal(request, form, error.stored or _keep_good_files(request, form), status=422)
    except TooManyRequests as error:
        return _too_many(request, form, error)
    except MediaError as error:
        # The disk is full, the object store is unavailable, or the author uploaded too much today. No file is stored;
        # the form keeps its texts.
        form.add_error("files", str(error))
        return _refusal(request, form, [], status=503 if isinstance(error, TransientMediaError) else 422)
    return _shared(request, post_id)


def _shared(request: MemberRequest, post_id: int) -> HttpResponse:
    """Lead to the author's new post. The second of two identical submissions gets the same answer."""
    post = Post.objects.owned_by(request.user).filter(pk=post_id).first()
    if post is None:
        # It was shared and has been deleted since.
        url = request.user.get_absolute_url()
        return JsonResponse({"url": url}, status=201) if wants_json(request) else redirect(url)
    if wants_json(request):
        return JsonResponse({"url": post.get_absolute_url(), "shortcode": post.shortcode}, status=201)
    if post.published_at is None:
        messages.success(request, "Your post is being processed. It will appear once it’s ready.")
    else:
        messages.success(request, "Your post was shared.")
    return redirect(post)


def _keep_good_files(request: MemberRequest, form: ShareForm) -> list[Media]:
    """Store the good files of a refused form, within the quota; leave the alt texts of the others in `alts`."""
    bad = {error.index for error in form.file_errors}
    kept: list[Media] = []
    alts = form.alts + [""] * (len(form.uploads) - len(form.alts))
    form.alts = []
    has_room = True
    for index, (file, alt) in enumerate(zip(form.uploads, alts, strict=False)):
        if has_room and index not in bad:
            try:
                count_new_file(request.user)
                kept.append(receive_file(owner=request.user, file=cast("BinaryIO", file), name=file.name or ""))
                kept[-1].alt = alt
                continue
            except (MediaError, TooManyRequests):
                # The quota is used up or the storage is unavailable: the author has to choose these files again.
                has_room = False
        form.alts.append(alt)
    form.alts = form.alts if any(form.alts) else []
    return kept


def _refusal(request: MemberRequest, form: ShareForm, kept: Sequence[Media], *, status: int) -> HttpResponse:
    """Return the form with its errors and the stored files."""
    if wants_json(request):
        return JsonResponse(form.as_json() | {"kept": [medium_json(medium) for medium in kept]}, status=status)
    return _page(request, form, kept, status=status)


def _too_many(request: MemberRequest, form: ShareForm, error: TooManyRequests) -> HttpResponse:
    headers = {"Retry-After": str(error.retry_after)}
    if wants_json(request):
        return json_error(429, "too-many", str(error), headers=headers)
    form.add_error("files", str(error))
    return _page(request, form, _keep_good_files(request, form), status=429, headers=headers)


def _page(
    request: MemberRequest,
    form: ShareForm,
    stored: Sequence[Media] = (),
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "kept": _kept_files(request, form, stored),
        "file_errors": form.file_errors,
        "alt_errors": form.alt_errors if form.is_bound else [],
        "alts": form.alts,
        "accept": accepted_uploads(),
        "filters": FILTERS,
    }
    response = render(request, "posts/create.html", context, status=status)
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def _kept_files(request: MemberRequest, form: ShareForm, stored: Sequence[Media]) -> list[KeptFile]:
    """Return the author's unshared files: first the files of the form, chosen and in its order, then the others.

    `stored` are the stored files that were sent with the form, with their typed alt texts.
    """
    alts = {slide.media_id: slide.alt for slide in form.slides} | {medium.pk: medium.alt for medium in stored}
    cropped = {slide.media_id for slide in form.slides if slide.crop_to_center}
    places = {media_id: place for place, media_id in enumerate(alts)}
    files = [
        KeptFile(
            medium,
            alt=alts.get(medium.pk, ""),
            is_chosen=medium.pk in alts and medium.state != MediaState.FAILED,
            is_center_cropped=medium.pk in cropped,
        )
        for medium in Media.objects.unshared_of(request.user)
    ]
    return sorted(files, key=lambda file: places.get(file.medium.pk, len(places)))
