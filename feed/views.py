"""Lists of posts: home, tags, profiles, the archive."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from accounts.http import MemberRequest, SiteRequest
from common.http import varies_by_htmx
from common.linkify import normalize_tag
from common.pagination import Page, cursor_of, page_by_id, url_after
from common.text import clean_line, shorten
from feed.explore import best_posts
from feed.home import home_posts
from feed.profiles import count_visible_posts, posts_of, profiles_for, tagged_page
from feed.suggestions import suggestions_for
from feed.tag_views import tag_state
from feed.tags import posts_with_tag
from posts.models import Post
from posts.models.post import PostQuerySet
from posts.preview import MAX_DESCRIPTION_CHARS
from social.confirmations import confirmations_for
from social.queries import blocked_by

POSTS_PER_PAGE = 12
TILES_PER_PAGE = 24
LANDING_POSTS = 6
COUNTED_POSTS = 1_000
"""Of a tag: each is looked at to know whether the viewer may see it, so that more are "1,000+"."""


@require_safe
@login_not_required
def home(request: SiteRequest) -> HttpResponse:
    """The posts of the people one follows; for somebody without a session, what this place is."""
    if not request.user.is_authenticated:
        return _landing(request)
    posts, next_cursor = home_posts(request.user, before=cursor_of(request), count=POSTS_PER_PAGE)
    page = Page(posts, url_after(request, next_cursor) if next_cursor else "")
    context: dict[str, Any] = {"page": page, "caught_up": bool(posts) and not page.next_url}
    if request.htmx and cursor_of(request):
        return varies_by_htmx(render(request, "feed/_posts.html", context))
    context["unfinished"] = []
    if not cursor_of(request):
        context["unfinished"] = _first_cards(request, Post.objects.unfinished_of(request.user))
    context["suggestions"] = suggestions_for(request.user)
    return varies_by_htmx(render(request, "feed/home.html", context))


def _landing(request: SiteRequest) -> HttpResponse:
    return render(request, "feed/landing.html", {"posts": best_posts(request.user, count=LANDING_POSTS)})


@require_safe
@login_not_required
def tag(request: SiteRequest, tag: str) -> HttpResponse:
    """The posts with a tag, newest first. A tag that nobody used has an empty page."""
    name = normalize_tag(clean_line(tag))
    posts = posts_with_tag(name, request.user)
    page = page_by_id(request, posts.for_cards(request.user), TILES_PER_PAGE)
    is_fragment = request.htmx and cursor_of(request)
    context: dict[str, Any] = {"page": page}
    if not is_fragment:
        count = posts.values("pk")[: COUNTED_POSTS + 1].count()
        context |= tag_state(name, request.user) | {"post_count": count, "counted": COUNTED_POSTS}
    return _grid(request, "feed/tag.html", context)


@require_safe
@login_not_required
def profile(request: SiteRequest, username: str, tab: str = "posts") -> HttpResponse:
    """A person and their posts, or those in which they are tagged; on one's own also what is processing or failed.

    Of a private person the latter, too, are for their followers, whoever shared them.
    """
    person = profiles_for(request.user).filter(username=username.lower()).first()
    if person is None:
        return _blocked_profile(request, username)
    if username != person.username:
        path = person.get_absolute_url()
        return redirect(f"{path}tagged/" if tab == "tagged" else path, permanent=True)
    is_own = person.pk == request.user.pk
    count_visible_posts(person, request.user)
    page: Page[Post] = Page([])
    if person.is_content_visible:
        if tab == "tagged":
            cards = Post.objects.visible_to(request.user).for_cards(request.user)
            page = tagged_page(request, person, cards, TILES_PER_PAGE)
        else:
            page = page_by_id(request, posts_of(person, request.user).for_cards(request.user), TILES_PER_PAGE)
    unfinished: list[Post] = []
    if is_own and tab == "posts" and not cursor_of(request):
        unfinished = _first_cards(request, Post.objects.needing_attention_of(person))
    context = {"person": person, "page": page, "unfinished": unfinished, "is_own": is_own, "tab": tab}
    context["description"] = "" if person.is_private else shorten(person.bio, MAX_DESCRIPTION_CHARS)
    if request.user.is_authenticated and not is_own:
        context["confirmations"] = confirmations_for(person)
    return _grid(request, "feed/profile.html", context)


def _blocked_profile(request: SiteRequest, username: str) -> HttpResponse:
    """For somebody who has blocked the person, the way back; for all others nobody is there."""
    if not request.user.is_authenticated:
        raise Http404
    person = get_object_or_404(blocked_by(request.user), username=username.lower())
    return render(request, "social/blocked.html", {"person": person})


@require_safe
def archive(request: MemberRequest) -> HttpResponse:
    """One's own archived posts, newest first: by when they were shared, as on the profile."""
    page = page_by_id(request, Post.objects.archived_of(request.user).for_cards(request.user), TILES_PER_PAGE)
    return _grid(request, "feed/archive.html", {"page": page})


def _first_cards(request: SiteRequest, own: PostQuerySet) -> list[Post]:
    """Return the reader's own posts that are not published; they are few and come before the page's posts."""
    return list(own.for_cards(request.user)[:TILES_PER_PAGE])


def _grid(request: SiteRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The whole page, or its next tiles for htmx."""
    is_fragment = request.htmx and "cursor" in request.GET
    return varies_by_htmx(render(request, "feed/_grid.html" if is_fragment else template, context))
