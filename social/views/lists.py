"""The user's private lists: blocked, muted and restricted people, close friends and favourites."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.http import MemberRequest
from accounts.models import User
from common.http import render_list
from common.pagination import Page
from common.text import clean_line
from social import lists
from social.queries import with_relations
from social.search import find_people, shown_people

PEOPLE_PER_PAGE = 30
FOUND = 20
MAX_QUERY_CHARS = 100


@require_safe
def blocked(request: MemberRequest) -> HttpResponse:
    return _list(request, "block", lists.blocked_people(request, PEOPLE_PER_PAGE))


@require_safe
def muted(request: MemberRequest) -> HttpResponse:
    return _list(request, "mute", lists.muted_people(request, PEOPLE_PER_PAGE))


@require_safe
def restricted(request: MemberRequest) -> HttpResponse:
    return _list(request, "restrict", lists.restricted_people(request, PEOPLE_PER_PAGE))


@require_safe
def favourites(request: MemberRequest) -> HttpResponse:
    return _list(request, "favourite", lists.favourites(request, PEOPLE_PER_PAGE))


@require_safe
def close_friends(request: MemberRequest) -> HttpResponse:
    """List the close friends, the newest first; with `?q=`, also people to add or remove."""
    query = clean_line(request.GET.get("q", ""))[:MAX_QUERY_CHARS]
    found: list[User] = []
    if query:
        others = with_relations(User.objects.exclude(pk=request.user.pk).for_display(), request.user)
        found = shown_people(others, find_people(query, request.user)[: FOUND + 1], request.user)[:FOUND]
    return _list(request, "close-friend", lists.close_friends(request, PEOPLE_PER_PAGE), q=query, found=found)


TEMPLATES = {
    "block": "social/blocked_people.html",
    "mute": "social/muted_people.html",
    "restrict": "social/restricted_people.html",
    "close-friend": "social/close_friends.html",
    "favourite": "social/favourites.html",
}


def _list(request: MemberRequest, kind: str, page: Page[User], **more: object) -> HttpResponse:
    context = {"page": page, "kind": kind, "is_on": True, **more}
    return render_list(request, TEMPLATES[kind], "social/_listed.html", context)
