"""The home page: the feeds of a member, and the landing page for visitors."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions.profile import change_first_feed
from accounts.http import MemberRequest, SiteRequest
from accounts.models import Feed, User
from common.http import is_further_page, next_url, render_list
from common.pagination import Page, url_after
from feed.explore import best_posts
from feed.feeds import feed_of, feed_states
from feed.reasons import reasons_html
from feed.suggestions import suggestions_for
from posts.cards import EAGER, render_states
from posts.models import Post

POSTS_PER_PAGE = 12
MAX_UNFINISHED = 24
LANDING_POSTS = 6

EXPLANATIONS = {
    Feed.FOLLOWING: "Posts of the people and tags you follow, newest first.",
    Feed.FAVOURITES: "All posts of your favourites, newest first.",
    Feed.FOR_YOU: "The same posts as Following. Recent ones, and those of people whose posts you often like or comment "
    "on, come first; posts you’ve seen come last.",
}


class Tab(NamedTuple):
    label: str
    url: str
    is_current: bool


@require_safe
@login_not_required
def home(request: SiteRequest) -> HttpResponse:
    """Show a feed of the reader, `?feed=` or the one that they open first; to visitors, the landing page."""
    if not request.user.is_authenticated:
        return _landing(request)
    feed = feed_of(request.GET.get("feed", ""), request.user)
    cursor = request.GET.get("cursor", "")
    found = feed_states(request.user, feed, cursor=cursor, count=POSTS_PER_PAGE)
    loading = () if is_further_page(request) else (EAGER,)
    whys = reasons_html(found.posts, found.reasons)
    page = Page(
        render_states("card", found.posts, request.user, loading=loading, whys=whys),
        url_after(request, found.next_cursor) if found.next_cursor else "",
    )
    context: dict[str, Any] = {
        "page": page,
        "caught_up": bool(found.posts) and not page.next_url,
        "seen_from": found.seen_from,
        "feed": feed,
    }
    if not is_further_page(request):
        if not cursor and request.user.flags.has_unfinished_posts:
            unfinished = Post.objects.unfinished_of(request.user).for_cards(request.user)
            context["unfinished"] = list(unfinished[:MAX_UNFINISHED])
        context["suggestions"] = suggestions_for(request.user)
        context["tabs"] = _tabs(request.user, feed)
    return render_list(request, "feed/home.html", "feed/_posts.html", context)


def _tabs(reader: User, current: Feed) -> list[Tab]:
    """Return the tabs in a fixed order. The address of the first feed is that of the home page."""
    urls = {feed: f"{reverse('feed:home')}?feed={feed}" for feed in Feed} | {
        Feed(reader.first_feed): reverse("feed:home")
    }
    return [Tab(feed.label, urls[feed], feed == current) for feed in Feed]


@require_http_methods(["GET", "HEAD", "POST"])
def first_feed(request: MemberRequest) -> HttpResponse:
    """Show which feed the home page opens with (GET), or change it to `feed` (POST)."""
    if request.method != "POST":
        return _settings(request)
    choice = request.POST.get("feed", "")
    if choice not in Feed.values:
        return _settings(request, "Choose the feed that your home page opens with.", status=422)
    change_first_feed(request.user, choice)
    messages.success(request, f"Your home page now opens with {Feed(choice).label}.")
    return redirect(next_url(request, reverse("feed:home")))


def _settings(request: MemberRequest, error: str = "", *, status: int = 200) -> HttpResponse:
    choices = [(feed.value, feed.label, text, feed == request.user.first_feed) for feed, text in EXPLANATIONS.items()]
    return render(request, "feed/first_feed.html", {"choices": choices, "error": error}, status=status)


def _landing(request: SiteRequest) -> HttpResponse:
    return render(request, "feed/landing.html", {"posts": best_posts(request.user, count=LANDING_POSTS)})
