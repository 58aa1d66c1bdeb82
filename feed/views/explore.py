"""The Explore page, reports of seen posts, and hiding posts."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest, SiteRequest
from common.http import render_list, success_with_undo
from common.ids import decode_shortcode
from common.pagination import Page, url_after
from feed import actions
from feed.explore import MAX_SEEN_PER_REPORT, ExploreCursor, explore_page, remember_seen
from posts.cards import render_piece, render_tiles
from posts.models import Post
from posts.views.lookup import does_not_exist_as_404, visible_post

TILES_PER_PAGE = 24


@require_safe
@login_not_required
def explore(request: SiteRequest) -> HttpResponse:
    """Show recent posts that people like by authors the reader does not follow, posts seen before last."""
    cursor = ExploreCursor.parse(request.GET.get("cursor", ""))
    found = explore_page(request.user, cursor=cursor, count=TILES_PER_PAGE)
    is_hideable = request.user.is_authenticated
    tiles = render_tiles(found.posts, request.user, is_hideable=is_hideable)
    context: dict[str, Any] = {
        "page": Page(tiles, url_after(request, found.next) if found.next else ""),
        "seen_from": found.seen_from,
        "walk": ExploreCursor(cursor.started_ms),
        "is_hideable": is_hideable,
    }
    return render_list(request, "feed/explore.html", "feed/_explore_grid.html", context)


@require_POST
def explore_seen(request: MemberRequest) -> HttpResponse:
    """Record which posts were in view for a second; the page's script sends their shortcodes as repeated `post`.

    Unknown shortcodes and posts the reader may not see are ignored. Cost: one query and one round trip to Valkey.
    """
    ids = [decode_shortcode(text) for text in request.POST.getlist("post")[:MAX_SEEN_PER_REPORT]]
    remember_seen(request.user, Post.objects.visible_to(request.user).filter(pk__in=ids).values_list("pk", flat=True))
    return HttpResponse(status=204)


@require_POST
def hide_post(request: MemberRequest, shortcode: str) -> HttpResponse:
    """Remove a post from the reader's Explore."""
    post = visible_post(request, shortcode)
    with does_not_exist_as_404():
        actions.hide_from_explore(request.user, post=post)
    if request.htmx:
        return render(request, "feed/_hidden_tile.html", {"post": post})
    undo = reverse("feed:show_post", args=[shortcode])
    success_with_undo(request, "You won’t see this post in Explore again.", undo)
    return redirect("feed:explore")


@require_POST
def show_post(request: MemberRequest, shortcode: str) -> HttpResponse:
    """Undo `hide_post`."""
    post = visible_post(request, shortcode)
    actions.show_in_explore(request.user, post=post)
    if request.htmx:
        card = get_object_or_404(Post.objects.visible_to(request.user).for_cards(request.user), pk=post.pk)
        return HttpResponse(render_piece("tile", card, request.user, options={"is_hideable": True, "is_focused": True}))
    messages.success(request, "You may see this post in Explore again.")
    return redirect(post)
