"""Files of photos and videos. Each request checks whether the viewer may see the post."""

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
from common.statements import Statement
from media.views import serve_rendition
from posts.models import Media, Post
from posts.models.media import MediaQuerySet
from social.models import Block

KEYS: Final = ("renditions", "video", "captions")


@require_safe
@login_not_required
def file(request: SiteRequest, media_id: int, key: str) -> HttpResponseBase:
    """Serve one file of a medium. 404 if it does not exist, belongs to another medium, or is not for the viewer.

    `key` may also be the short name of a rendition (`Media.short_url_of`).

    Public posts are checked first, without looking at the session, so that caches can keep the response. If there is
    a block between the author and anyone, the session is checked too, and blocked people get 404.

    Cost: one query. If the post is not public, or the author has blocked or is blocked by someone, those of the
    session and one more.
    """
    found = _PUBLIC_FILES.first(media=media_id)
    is_public, by_session = found is not None, found is None or found.beside_block
    medium = found
    if by_session and isinstance(viewer := _viewer(request), User):
        medium = _for(viewer, media_id)
    found_key = medium.key_named(key) if medium is not None else ""
    if not found_key:
        raise Http404
    response = serve_rendition(request, found_key, is_public=is_public)
    if by_session:
        patch_vary_headers(response, ["Authorization", "Cookie"])
    return response


def _public_media(media: int) -> MediaQuerySet:
    """Return the medium if it is public, annotated with `beside_block`: its owner blocks someone or is blocked."""
    blocks = Block.objects.filter(Q(blocker_id=OuterRef("owner_id")) | Q(blocked_id=OuterRef("owner_id")))
    public = Media.objects.filter(pk=media, post__in=Post.objects.visible_to(AnonymousUser()))
    annotations = {"beside_block": Exists(blocks)}
    return public.only(*KEYS).annotate(**annotations)


def _visible_media(media: int, viewer: int) -> MediaQuerySet:
    """Return the medium if `viewer` may see its post, or owns it and has not shared it."""
    own = Q(post__isnull=True, owner_id=viewer)
    reachable = Post.objects.visible_to_or_owned_by(User(pk=viewer))
    return Media.objects.filter(Q(post__in=reachable) | own, pk=media).only(*KEYS)


_PUBLIC_FILES: Final = Statement[Media]("public_file", _public_media, media="bigint")
_VISIBLE_FILES: Final = Statement[Media]("visible_file", _visible_media, media="bigint", viewer="bigint")


def _viewer(request: SiteRequest) -> Viewer:
    """Return the user of the token or session. Without either no session is loaded, which saves a query."""
    if "Authorization" in request.headers:
        access = authenticate(request)
        return access.user if access is not None and "read" in access.scopes else AnonymousUser()
    return request.user if settings.SESSION_COOKIE_NAME in request.COOKIES else AnonymousUser()


def _for(viewer: User, media_id: int) -> Media | None:
    """Return the medium if `viewer` may see it, as the owner, as a viewer of the post or as a moderator."""
    if viewer.is_staff and viewer.has_perm("posts.view_post"):
        # The admin shows reported and removed posts. Deleted posts are visible to no one.
        return Media.objects.filter(pk=media_id).exclude(post__deleted_at__isnull=False).first()
    return _VISIBLE_FILES.first(media=media_id, viewer=viewer.pk)
