"""Captions of videos: authors add and remove them, and everyone who may see the video reads them."""

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
def add(request: MemberRequest, media_id: int) -> HttpResponse:
    """Set the captions of the viewer's own video to the field `file`, replacing earlier ones."""
    medium = _own_video(request, media_id)
    file = request.FILES.get("file")
    try:
        if not isinstance(file, UploadedFile):
            raise MediaError("file", "Choose a WebVTT file (.vtt) with the captions.")
        set_captions(medium, read_captions(file))  # type: ignore[arg-type]  # an UploadedFile reads as a file does
    except MediaError as error:
        return _refusal(request, medium, error)
    return _answer(request, medium, "The captions were added.")


@require_POST
def remove(request: MemberRequest, media_id: int) -> HttpResponse:
    medium = _own_video(request, media_id)
    set_captions(medium, "")
    return _answer(request, medium, "The captions were removed.")


@require_safe
@login_not_required
def track(request: SiteRequest, shortcode: str, media_id: int) -> HttpResponse:
    """Serve the captions of a video in a post that the viewer may see.

    They come from this site and never from a bucket: browsers refuse tracks of another origin.
    """
    posts = Post.objects.visible_to_or_owned_by(request.user).filter(pk=decode_shortcode(shortcode))
    medium = get_object_or_404(Media.objects.filter(post__in=posts).exclude(captions=""), pk=media_id)
    try:
        with storages["default"].open(medium.captions) as file:
            data = file.read()
    except Exception as error:  # Any error of any storage: the video plays without captions.
        raise Http404 from error
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'"}
    return HttpResponse(data, content_type="text/vtt; charset=utf-8", headers=headers)


def _own_video(request: MemberRequest, media_id: int) -> Media:
    """Return the viewer's own video, shared or not, or raise 404."""
    videos = Media.objects.filter(owner_id=request.user.pk, kind=MediaKind.VIDEO).exclude(
        post__deleted_at__isnull=False
    )
    return get_object_or_404(videos, pk=media_id)


def _refusal(request: MemberRequest, medium: Media, error: MediaError) -> HttpResponse:
    if wants_json(request) or medium.post is None:
        return json_error(503 if isinstance(error, TransientMediaError) else 422, error.code, str(error))
    messages.error(request, str(error))
    return redirect("posts:edit", medium.post.shortcode)


def _answer(request: MemberRequest, medium: Media, message: str) -> HttpResponse:
    medium.refresh_from_db()
    if wants_json(request) or medium.post is None:
        return JsonResponse(medium_json(medium))
    messages.success(request, message)
    return redirect("posts:edit", medium.post.shortcode)
