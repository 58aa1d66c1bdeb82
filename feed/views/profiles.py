"""Profiles, and the archive of the user's own posts."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from accounts.http import MemberRequest, SiteRequest
from common.http import render_list
from common.pagination import MAX_BIGINT, Page, cursor_of, page_of
from common.text import shorten
from feed.profiles import count_visible_posts, find_profile, page_of_profile, page_of_tagged, preview_tags
from posts.cards import tile_page
from posts.loaded import archived_posts_of
from posts.models import Post
from posts.preview import MAX_DESCRIPTION_CHARS
from posts.queries import posts_needing_attention
from posts.states import PostState
from social.profile_menus import profile_dialogs, profile_menu
from social.queries import blocked_by

TILES_PER_PAGE = 24


@require_safe
@login_not_required
def profile(request: SiteRequest, username: str, tab: str = "posts") -> HttpResponse:
    """Show a person with their posts, or with photos of them by others.

    Owners also see their processing and failed posts. Both tabs of a private account are for its followers only,
    also for posts of other people.
    """
    person = find_profile(username.lower(), request.user)
    if person is None:
        return _blocked_profile(request, username)
    if username != person.username:
        view = "feed:tagged" if tab == "tagged" else "feed:profile"
        return redirect(view, person.username, permanent=True)
    is_own = person.pk == request.user.pk
    page: Page[PostState] = Page([])
    if person.is_content_visible:
        page = (page_of_tagged if tab == "tagged" else page_of_profile)(request, person, TILES_PER_PAGE)
    unfinished: list[Post] = []
    if is_own and tab == "posts" and not cursor_of(request):
        unfinished = posts_needing_attention(person, count=TILES_PER_PAGE)
    context = {
        "person": person,
        "post_count": count_visible_posts(person, request.user),
        "page": tile_page(request, page),
        "unfinished": unfinished,
        "is_own": is_own,
        "tab": tab,
        "preview": "" if person.is_private else preview_tags(request, person),
        "description": "" if person.is_private else shorten(person.bio, MAX_DESCRIPTION_CHARS),
    }
    if request.user.is_authenticated and not is_own:
        context |= {"menu": profile_menu(request, person), "dialogs": profile_dialogs(request, person)}
    return render_list(request, "feed/profile.html", "feed/_grid.html", context)


def _blocked_profile(request: SiteRequest, username: str) -> HttpResponse:
    """Show a page to unblock the person, if the reader has blocked them. Raises Http404 for all other readers."""
    if not request.user.is_authenticated:
        raise Http404
    person = get_object_or_404(blocked_by(request.user), username=username.lower())
    return render(request, "social/blocked.html", {"person": person})


@require_safe
def archive(request: MemberRequest) -> HttpResponse:
    """Show the user's archived posts in the order of the profile: by when they were shared, newest first."""
    before = cursor_of(request) or MAX_BIGINT
    posts = archived_posts_of(request.user, before=before, count=TILES_PER_PAGE + 1)
    page = page_of(request, posts, TILES_PER_PAGE, field="pk")
    return render_list(request, "feed/archive.html", "feed/_grid.html", {"page": page})
