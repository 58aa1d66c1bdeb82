"""The home page: the feeds of a member, and the landing page for visitors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import escape
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions.profile import change_first_feed
from accounts.context import site_description
from accounts.frame import render_page
from accounts.http import MemberRequest, SiteRequest
from accounts.models import Feed, User
from common.fast_reverse import Paths, current_paths
from common.http import is_further_page, next_url, varies_by_htmx
from common.pagination import Page, url_after
from common.parts import Parts, Slots, render_parts, static_parts
from common.templatetags.site import avatar
from feed.explore import best_posts
from feed.feeds import FeedPage, feed_of, feed_states
from feed.reasons import reasons_html
from feed.suggestions import ShownPerson, suggestions_for
from posts.cards import EAGER, render_cards, render_piece, render_states
from posts.models import Post
from posts.states import PostState
from social.rows import person_row

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
    reader = request.user
    if not reader.is_authenticated:
        return _landing(request)
    feed = feed_of(request.GET.get("feed", ""), reader)
    cursor = request.GET.get("cursor", "")
    found = feed_states(reader, feed, cursor=cursor, count=POSTS_PER_PAGE)
    if is_further_page(request):
        return varies_by_htmx(HttpResponse(_posts_html(request, reader, found, ())))
    unfinished = _unfinished_html(reader) if not cursor and reader.flags.has_unfinished_posts else ""
    rows = _suggested_rows(reader)
    has_posts = bool(found.posts or found.next_cursor)
    if has_posts:
        posts = _posts_html(request, reader, found, (EAGER,))
    else:
        posts = _no_posts(feed, rows, is_at_end=bool(cursor)).encode()
    paths = current_paths()
    slots = {
        "tabs": _tabs(feed, Feed(reader.first_feed), paths),
        "suggestions": _panel(rows) if has_posts and rows else "",
        "picture": avatar(reader, 44),
        "username": escape(reader.username),
        "name": escape(reader.name),
    }
    return varies_by_htmx(render_page(request, "feed/home.html", slots, {"posts": unfinished.encode() + posts}))


def _posts_html(request: SiteRequest, reader: User, found: FeedPage[PostState], loading: Sequence[str]) -> bytes:
    """Return the cards of a page of a feed, and the link to the next page or the end of the feed, in UTF-8."""
    whys = reasons_html(found.posts, found.reasons)
    cards = render_cards(found.posts, reader, loading=loading, whys=whys)
    if found.seen_from is not None:
        cards.insert(found.seen_from, static_parts("feed/_seen_note.html").fill_bytes({}))
    next_url = url_after(request, found.next_cursor) if found.next_cursor else ""
    end = _end_of_page(current_paths(), has_next=bool(next_url), is_caught_up=bool(found.posts) and not next_url)
    return b"".join(cards) + end.fill_bytes({"next_url": escape(next_url)})


@cache
def _end_of_page(paths: Paths, *, has_next: bool, is_caught_up: bool) -> Parts:
    slots = Slots()
    page: Page[Post] = Page([], slots("next_url") if has_next else "")
    return render_parts("feed/_posts.html", {"page": page, "is_caught_up": is_caught_up}, slots)


def _no_posts(feed: Feed, rows: str, *, is_at_end: bool) -> str:
    """Return the text of a page without posts."""
    if is_at_end:
        return static_parts("feed/_caught_up.html").text
    parts = static_parts("feed/_no_posts.html", feed=feed, site_name=settings.SITE_NAME)
    return parts.fill({"suggestions": _panel(rows, is_boxed=True) if rows else ""})


def _unfinished_html(reader: User) -> str:
    unfinished = Post.objects.unfinished_of(reader).for_cards(reader)[:MAX_UNFINISHED]
    return "".join(render_piece("card", post, reader, options={"expanded": False}) for post in unfinished)


def _suggested_rows(reader: User) -> str:
    paths = current_paths()
    return "".join([_suggested_row(one.shown, one.reason, paths) for one in suggestions_for(reader)])


@lru_cache(maxsize=4_000)
def _suggested_row(person: ShownPerson, reason: str, paths: Paths) -> str:
    """Return the row of a suggestion, which is the same for every reader. All that it shows is in the cache's key."""
    return person_row(person, User(), reason=reason, is_dismissable=True, paths=paths)


def _panel(rows: str, *, is_boxed: bool = False) -> str:
    return static_parts("feed/_panel.html", is_boxed=is_boxed).fill({"rows": rows})


@cache
def _tabs(current: Feed, first: Feed, paths: Paths) -> str:
    """Return the tabs in a fixed order. The address of the first feed is that of the home page."""
    home_url = paths("feed:home")
    tabs = [Tab(feed.label, home_url if feed == first else f"{home_url}?feed={feed}", feed == current) for feed in Feed]
    return render_parts("feed/_feed_tabs.html", {"tabs": tabs, "feed": current, "first_feed": first}).fill({})


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
    states = best_posts(request.user, count=LANDING_POSTS)
    options = {"sizes": "(min-width: 768px) 180px, 33vw", "is_hideable": False}
    tiles = render_states("tile", states, request.user, options=options, loading=(EAGER, "", ""))
    preview = {
        "site_name": settings.SITE_NAME,
        "url": request.build_absolute_uri(current_paths()("feed:home")),
        "title": settings.SITE_NAME,
        "description": site_description(),
        "image_url": request.build_absolute_uri(static("img/icon-512.png")),
    }
    tags = static_parts("feed/_landing_preview.html").fill({key: escape(value) for key, value in preview.items()})
    return render_page(request, "feed/landing.html", {"preview": tags}, {"posts": "".join(tiles).encode()})
