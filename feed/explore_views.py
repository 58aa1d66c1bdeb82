"""Explore, and what one does not want to see there."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest, SiteRequest
from common.http import success_with_undo, varies_by_htmx
from common.pagination import Page, url_after
from feed import actions
from feed.explore import Place, explore_posts, forget, remember, shown_to
from posts.models import Post
from posts.views.lookup import gone_is_missing, visible_post

TILES_PER_PAGE = 24


@require_safe
@login_not_required
def explore(request: SiteRequest) -> HttpResponse:
    """Recent posts that people like, by authors one does not follow; what a member is shown does not come again."""
    posts, end = explore_posts(request.user, after=Place.read(request.GET.get("cursor", "")), count=TILES_PER_PAGE)
    context: dict[str, Any] = {"page": Page(posts, url_after(request, end) if end else "")}
    if request.user.is_authenticated:
        context["is_hideable"] = True
        if posts and request.method == "GET":
            remember(request.user, posts)
        context["has_seen_all"] = not posts and bool(shown_to(request.user))
    is_fragment = request.htmx and "cursor" in request.GET
    return varies_by_htmx(render(request, "feed/_grid.html" if is_fragment else "feed/explore.html", context))


@require_POST
def explore_again(request: MemberRequest) -> HttpResponse:
    """Forget what one was shown, and begin anew."""
    forget(request.user)
    return redirect("feed:explore")


@require_POST
def hide_post(request: MemberRequest, shortcode: str) -> HttpResponse:
    """One is not interested: the post is in one's Explore no more."""
    post = visible_post(request, shortcode)
    with gone_is_missing():
        actions.hide_from_explore(request.user, post=post)
    if request.htmx:
        return render(request, "feed/_hidden_tile.html", {"post": post})
    undo = reverse("feed:show_post", args=[shortcode])
    success_with_undo(request, "That post is not shown to you in Explore any more.", undo)
    return redirect("feed:explore")


@require_POST
def show_post(request: MemberRequest, shortcode: str) -> HttpResponse:
    """Undo `hide_post`."""
    post = visible_post(request, shortcode)
    actions.show_in_explore(request.user, post=post)
    if request.htmx:
        card = get_object_or_404(Post.objects.visible_to(request.user).for_cards(request.user), pk=post.pk)
        return render(request, "components/_tile.html", {"post": card, "is_hideable": True})
    messages.success(request, "That post may be shown to you in Explore again.")
    return redirect(post)
