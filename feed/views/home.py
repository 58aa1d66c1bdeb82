"""The home page: the feed of a member, and the landing page for visitors."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import SiteRequest
from common.http import is_further_page, render_list
from common.pagination import Page, cursor_of, url_after
from feed.explore import best_posts
from feed.home import home_posts
from feed.suggestions import suggestions_for
from posts.cards import EAGER, render_states
from posts.models import Post

POSTS_PER_PAGE = 12
MAX_UNFINISHED = 24
LANDING_POSTS = 6


@require_safe
@login_not_required
def home(request: SiteRequest) -> HttpResponse:
    """Show the posts of the people and tags the reader follows; to visitors, the landing page."""
    if not request.user.is_authenticated:
        return _landing(request)
    before = cursor_of(request)
    posts, next_cursor, tags = home_posts(request.user, before=before, count=POSTS_PER_PAGE)
    loading = () if is_further_page(request) else (EAGER,)
    page = Page(
        render_states("card", posts, request.user, loading=loading, followed_tags=tags),
        url_after(request, next_cursor) if next_cursor else "",
    )
    context: dict[str, Any] = {"page": page, "caught_up": bool(posts) and not page.next_url}
    if not is_further_page(request):
        if not before and request.user.flags.has_unfinished_posts:
            unfinished = Post.objects.unfinished_of(request.user).for_cards(request.user)
            context["unfinished"] = list(unfinished[:MAX_UNFINISHED])
        context["suggestions"] = suggestions_for(request.user)
    return render_list(request, "feed/home.html", "feed/_posts.html", context)


def _landing(request: SiteRequest) -> HttpResponse:
    return render(request, "feed/landing.html", {"posts": best_posts(request.user, count=LANDING_POSTS)})
