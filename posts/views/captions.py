"""The captions of one's own videos, shared or not yet; and these captions for whoever may see the video."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import storages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest, SiteRequest
from common.http import json_error, wants_json
from common.ids import decode_shortcode
from media.errors import MediaError, TransientMediaError
from media.video.captions import read_captions
from posts.actions.captions import set_captions
from posts.models import Media, Post
from posts.models.media import MediaKind
from posts.views.uploads import medium_json


@require_POST
def add_captions(request: MemberRequest, media_id: int) -> HttpResponse:
    """Give a video of one's own the captions in `file`; another file replaces them."""
    medium = _own_video(request, media_id)
    file = request.FILES.get("file")
    try:
        if not isinstance(file, UploadedFile):
            raise MediaError("file", "Choose a WebVTT file (.vtt) with the captions.")
        set_captions(medium, read_captions(file))  # type: ignore[arg-type]  # an UploadedFile reads as a file does
    except MediaError as error:
        return _refused(request, medium, error)
    return _answer(request, medium, "The captions are there.")


@require_POST
def remove_captions(request: MemberRequest, media_id: int) -> HttpResponse:
    medium = _own_video(request, media_id)
    set_captions(medium, "")
    return _answer(request, medium, "The captions are gone.")


@require_safe
@login_not_required
def captions(request: SiteRequest, shortcode: str, media_id: int) -> HttpResponse:
    """The track of a video in a post that the viewer may see. From this site itself: browsers take no other's."""
    posts = Post.objects.visible_to_or_owned_by(request.user).filter(pk=decode_shortcode(shortcode))
    medium = get_object_or_404(Media.objects.filter(post__in=posts).exclude(captions=""), pk=media_id)
    try:
        with storages["default"].open(medium.captions) as file:
            data = file.read()
    except Exception as error:  # Whatever the storage raises: a track that is not there stops no video.
        raise Http404 from error
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'"}
    return HttpResponse(data, content_type="text/vtt; charset=utf-8", headers=headers)


def _own_video(request: MemberRequest, media_id: int) -> Media:
    videos = Media.objects.filter(owner_id=request.user.pk, kind=MediaKind.VIDEO).exclude(
        post__deleted_at__isnull=False
    )
    return get_object_or_404(videos, pk=media_id)


def _refused(request: MemberRequest, medium: Media, error: MediaError) -> HttpResponse:
    if wants_json(request) or medium.post is None:
        return json_error(503 if isinstance(error, TransientMediaError) else 422, error.code, str(error))
    messages.error(request, str(error))
    return redirect(f"{medium.post.get_absolute_url()}edit/")


def _answer(request: MemberRequest, medium: Media, said: str) -> HttpResponse:
    medium.refresh_from_db()
    if wants_json(request) or medium.post is None:
        return JsonResponse(medium_json(medium))
    messages.success(request, said)
    return redirect(f"{medium.post.get_absolute_url()}edit/")
