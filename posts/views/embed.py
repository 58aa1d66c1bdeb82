"""Posts embedded in other sites. An embedded post looks the same to every viewer: it shows public content only.

Browsers send no session with an embedded frame. If one comes, because the page was opened by itself, it only restricts
further: after a block in either direction, the viewer does not see the author's posts here either.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve, reverse
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from accounts.http import SiteRequest
from common.ids import decode_shortcode
from posts.models import Post
from posts.preview import preview_of

WIDEST, NARROWEST = 540, 280
TEXT_HEIGHT = 150
"""Pixels of the frame above and below the picture."""
CACHE_SECONDS = 3600


@require_safe
@login_not_required
@xframe_options_exempt
@csp_replace({"frame-ancestors": None})  # type: ignore[arg-type]  # its types know no view with arguments
def embed(request: SiteRequest, shortcode: str) -> HttpResponse:
    """Show a small page with the post, for frames on other sites. It is the same for every viewer."""
    post = _public_post(request, shortcode)
    request.user = AnonymousUser()
    return render(request, "posts/embed.html", {"post": post, "preview": preview_of(request, post)})


@require_safe
@login_not_required
def oembed(request: SiteRequest) -> HttpResponse:
    """Describe how to embed the post at `url` (https://oembed.com/), in at most `maxwidth` by `maxheight` pixels."""
    if request.GET.get("format", "json") != "json":
        return HttpResponse("format: only json is supported.\n", status=501, content_type="text/plain")
    try:
        widest, highest = (_pixels(request, name) for name in ("maxwidth", "maxheight"))
    except ValueError as error:
        return HttpResponse(f"{error}\n", status=400, content_type="text/plain")
    post = _public_post(request, _shortcode_in(request))
    preview = preview_of(request, post)
    if preview is None:
        raise Http404
    return JsonResponse(_described(request, post, preview, widest, highest))


def _public_post(request: SiteRequest, shortcode: str) -> Post:
    nobody = AnonymousUser()
    posts = Post.objects.visible_to(nobody).for_cards(nobody)
    if request.user.is_authenticated:
        posts = posts.filter(pk__in=Post.objects.visible_to(request.user))
    return get_object_or_404(posts, pk=decode_shortcode(shortcode))


def _pixels(request: SiteRequest, name: str) -> int:
    text = request.GET.get(name, "")
    if not text:
        return 10_000
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) <= 10_000):
        raise ValueError(f"{name}: a number of pixels from 1 to 10000.")
    return int(text)


def _shortcode_in(request: SiteRequest) -> str:
    """Return the shortcode in the parameter `url`. Raises 404 unless it is a URL of a post on this site."""
    try:
        address = urlsplit(request.GET.get("url", ""))
        match = resolve(address.path)
    except (ValueError, Resolver404) as error:
        raise Http404 from error
    own = {request.get_host(), urlsplit(settings.SITE_ORIGIN).netloc}
    if address.netloc not in own or match.view_name not in {"posts:post", "posts:embed"}:
        raise Http404
    shortcode: str = match.kwargs["shortcode"]
    return shortcode


def _described(request: SiteRequest, post: Post, preview: Any, widest: int, highest: int) -> dict[str, Any]:
    width = max(min(widest, WIDEST), min(widest, NARROWEST))
    first = post.slides[0] if post.slides else None
    ratio = min(first.height / first.width, 1.25) if first and first.width else 1
    height = min(round(width * ratio) + TEXT_HEIGHT, highest)
    url = request.build_absolute_uri(reverse("posts:embed", args=[post.shortcode]))
    context = {"url": url, "title": preview.title, "width": width, "height": height}
    described = {
        "version": "1.0",
        "type": "rich",
        "provider_name": settings.SITE_NAME,
        "provider_url": request.build_absolute_uri("/"),
        "title": preview.description or preview.title,
        "author_name": post.author.display_name,
        "author_url": request.build_absolute_uri(post.author.get_absolute_url()),
        "cache_age": CACHE_SECONDS,
        "html": render_to_string("posts/_embed_code.html", context).strip(),
        "width": width,
        "height": height,
    }
    if preview.image and preview.image["width"] <= widest and preview.image["height"] <= highest:
        described |= {f"thumbnail_{name}": preview.image[name] for name in ("url", "width", "height")}
    return described
