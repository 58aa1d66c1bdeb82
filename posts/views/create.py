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
from common.ratelimit import FILES, UPLOADS, seconds_to_wait
from common.ratelimit_responses import rate_limit_message
from media.edit.filters import FILTERS
from media.errors import MediaError, TransientMediaError
from media.upload_probe import accepted_uploads
from posts.actions.media import delete_medium, receive_file, receive_files
from posts.actions.sharing import SlidesRefusedError, share_post
from posts.forms.sharing import PostForm
from posts.models import Media, Post
from posts.models.media import MediaState
from posts.views.uploads import medium_json


@dataclass(frozen=True)
class KeptFile:
    """An unshared file on the page of the composer, with what the form says of it."""

    medium: Media
    alt: str
    is_chosen: bool
    is_center_cropped: bool


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: MemberRequest) -> HttpResponse:
    """The composer, and sharing from it: files that are uploaded already, files that come with the form, or both.

    A script that asks for JSON gets 201, or 422 with the errors by field and by file. When a form is refused, its
    files that are fine are kept and come back, chosen: browsers forget what was chosen.
    """
    if request.method != "POST":
        return _page(request, PostForm(owner=request.user))
    submission = Submission(request)
    if (post_id := submission.previous_result()) is not None:
        return _shared(request, post_id)
    form = PostForm(request.POST, request.FILES, owner=request.user)
    if not form.is_valid():
        return _refusal(request, form, _keep_good_files(request, form), status=422)
    if seconds := seconds_to_wait(UPLOADS, f"person:{request.user.pk}"):
        return _too_many(request, form, seconds)
    try:
        taken = receive_files(owner=request.user, uploads=form.files_as_uploads())
    except TransientMediaError as error:
        # The disk is full, the object store is away: nothing was kept, and what was typed is still in the form.
        form.add_error("files", str(error))
        return _refusal(request, form, [], status=503)
    except MediaError as error:
        # Too many bytes for one day.
        form.add_error("files", str(error))
        return _refusal(request, form, [], status=422)
    slides = form.slides_with(taken)
    texts = {name: form.cleaned_data[name] for name in ("caption", "location", "audience")}
    try:
        post_id = submission.run_once(lambda: share_post(author=request.user, slides=slides, **texts).pk)
    except SlidesRefusedError as error:
        # Shared or deleted in another tab, a moment ago.
        form.refuse_media(error)
        return _refusal(request, form, taken, status=422)
    for medium in Media.objects.unshared_of(request.user).filter(pk__in=[one.pk for one in taken]):
        # An identical submission was faster, with files of its own.
        delete_medium(medium)
    return _shared(request, post_id)


def _shared(request: MemberRequest, post_id: int) -> HttpResponse:
    """Answer with the author's new post, also to the second of two identical submissions."""
    post = Post.objects.visible_to_or_owned_by(request.user).filter(pk=post_id, author_id=request.user.pk).first()
    if post is None:
        # Shared, and deleted again since.
        url = request.user.get_absolute_url()
        return JsonResponse({"url": url}, status=201) if wants_json(request) else redirect(url)
    if wants_json(request):
        return JsonResponse({"url": post.get_absolute_url(), "shortcode": post.shortcode}, status=201)
    if post.published_at is None:
        messages.success(request, "Your post is on its way: it appears once all of it is ready.")
    else:
        messages.success(request, "Your post is shared.")
    return redirect(post)


def _keep_good_files(request: MemberRequest, form: PostForm) -> list[Media]:
    """Store the files of a refused form that are fine, as far as there is room, and leave in its `alts` the others'."""
    bad = {error.index for error in form.file_errors}
    kept: list[Media] = []
    alts = form.alts + [""] * (len(form.uploads) - len(form.alts))
    form.alts = []
    has_room = True
    for index, (file, alt) in enumerate(zip(form.uploads, alts, strict=False)):
        if has_room and index not in bad and not seconds_to_wait(FILES, f"person:{request.user.pk}"):
            try:
                kept.append(receive_file(owner=request.user, file=cast("BinaryIO", file), name=file.name or ""))
                kept[-1].alt = alt
                continue
            except MediaError:
                # No room, or trouble of the storage: they are chosen again.
                has_room = False
        form.alts.append(alt)
    form.alts = form.alts if any(form.alts) else []
    return kept


def _refusal(request: MemberRequest, form: PostForm, kept: Sequence[Media], *, status: int) -> HttpResponse:
    """Why not, with what was typed and the files that were kept."""
    if wants_json(request):
        return JsonResponse(form.as_json() | {"kept": [medium_json(medium) for medium in kept]}, status=status)
    return _page(request, form, kept, status=status)


def _too_many(request: MemberRequest, form: PostForm, seconds: int) -> HttpResponse:
    headers = {"Retry-After": str(seconds)}
    if wants_json(request):
        return json_error(429, "too-many", rate_limit_message(seconds), headers=headers)
    form.add_error("files", rate_limit_message(seconds))
    return _page(request, form, _keep_good_files(request, form), status=429, headers=headers)


def _page(
    request: MemberRequest,
    form: PostForm,
    taken: Sequence[Media] = (),
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "kept": _kept(request, form, taken),
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


def _kept(request: MemberRequest, form: PostForm, taken: Sequence[Media]) -> list[KeptFile]:
    """Return the user's unshared files: first those of the form, chosen and in its order, then the others."""
    alts = {slide.media_id: slide.alt for slide in form.slides} | {medium.pk: medium.alt for medium in taken}
    crop_to_center = {slide.media_id for slide in form.slides if slide.crop_to_center}
    places = {media_id: place for place, media_id in enumerate(alts)}
    media = sorted(Media.objects.unshared_of(request.user), key=lambda medium: places.get(medium.pk, len(places)))
    return [
        KeptFile(
            medium,
            alt=alts.get(medium.pk, ""),
            is_chosen=medium.pk in alts and medium.state != MediaState.FAILED,
            is_center_cropped=medium.pk in crop_to_center,
        )
        for medium in media
    ]
