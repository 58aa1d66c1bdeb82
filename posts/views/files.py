"""The files of photos and videos, for those who may see the post at the moment when they ask."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q
from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from accounts.http import SiteRequest
from accounts.models import User, Viewer
from api_access.authentication import authenticate
from common.compiled_queries import PreparedQuery
from media.views import serve_rendition
from posts.models import Media, Post
from posts.models.media import MediaQuerySet
from social.models import Block

KEYS: Final = ("renditions", "video", "captions")


@require_safe
@login_not_required
def file(request: SiteRequest, media_id: int, key: str) -> HttpResponseBase:
    """One file of a medium; what is not there, not of this medium, or not for the one who asks, is 404 alike.

    Whether everybody may have it is asked first, so that caches can keep the answer, which says nothing of sessions.
    Where the author has blocked somebody, or was blocked, sessions are asked for too: then for those it is not there.
    Cost: one query; for what is not public, or beside a block, those of a session and one more.
    """
    found = _PUBLIC_FILES.first(media=media_id)
    is_public, by_session = found is not None, found is None or found.beside_block  # type: ignore[attr-defined]
    medium = found
    if by_session and isinstance(viewer := _viewer(request), User):
        medium = _for(viewer, media_id)
    if medium is None or key not in medium.keys:
        raise Http404
    response = serve_rendition(request, key, is_public=is_public)
    if by_session:
        patch_vary_headers(response, ["Authorization", "Cookie"])
    return response


def _public_media(media: int) -> MediaQuerySet:
    """The medium, annotated with beside_block: whether its owner has blocked or is blocked by anyone."""
    blocks = Block.objects.filter(Q(blocker_id=OuterRef("owner_id")) | Q(blocked_id=OuterRef("owner_id")))
    public = Media.objects.filter(pk=media, post__in=Post.objects.visible_to(AnonymousUser()))
    return public.only(*KEYS).annotate(beside_block=Exists(blocks))


def _visible_media(media: int, viewer: int) -> MediaQuerySet:
    """The medium if `viewer` may see it, or owns it and has not shared it."""
    own = Q(post__isnull=True, owner_id=viewer)
    reachable = Post.objects.visible_to_or_owned_by(User(pk=viewer))
    return Media.objects.filter(Q(post__in=reachable) | own, pk=media).only(*KEYS)


_PUBLIC_FILES: Final = PreparedQuery(_public_media, "media")
_VISIBLE_FILES: Final = PreparedQuery(_visible_media, "media", "viewer")


def _viewer(request: SiteRequest) -> Viewer:
    """Whose session or token it is. Without either nobody is asked for: that would be a query."""
    if "Authorization" in request.headers:
        access = authenticate(request)
        return access.user if access is not None and "read" in access.scopes else AnonymousUser()
    return request.user if settings.SESSION_COOKIE_NAME in request.COOKIES else AnonymousUser()


def _for(viewer: User, media_id: int) -> Media | None:
    """The medium, if its post is `viewer`'s to see, or it is their own and not shared yet."""
    if viewer.is_staff and viewer.has_perm("posts.view_post"):
        # The admin shows what was reported or removed; nobody reaches what was deleted.
        return Media.objects.filter(pk=media_id).exclude(post__deleted_at__isnull=False).first()
    return _VISIBLE_FILES.first(media=media_id, viewer=viewer.pk)
