"""One's own lists: whom one blocked, muted and restricted, and the close friends. Only one sees them oneself."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import MemberRequest
from accounts.models import User
from common.http import varies_by_htmx
from common.pagination import Page, page_by_id
from common.text import clean_line
from social.find import find_people, shown_people
from social.models import Block, CloseFriend, Mute, Restrict
from social.people import blocked_by, people_in_order, with_relations

PEOPLE_PER_PAGE = 30
FOUND = 20
MAX_QUERY_CHARS = 100


@require_safe
def blocked(request: MemberRequest) -> HttpResponse:
    people = blocked_by(request.user)
    page = page_by_id(request, Block.objects.filter(blocker=request.user, blocked__in=people), PEOPLE_PER_PAGE)
    by_id = people.for_display().in_bulk([one.blocked_id for one in page])
    found = [by_id[one.blocked_id] for one in page if one.blocked_id in by_id]
    return _list(request, "block", Page(found, page.next_url))


@require_safe
def muted(request: MemberRequest) -> HttpResponse:
    there = User.objects.visible_to(request.user)
    page = page_by_id(request, Mute.objects.filter(muter=request.user, muted__in=there), PEOPLE_PER_PAGE)
    people = people_in_order([one.muted_id for one in page], request.user)
    return _list(request, "mute", Page(people, page.next_url))


@require_safe
def restricted(request: MemberRequest) -> HttpResponse:
    there = User.objects.visible_to(request.user)
    page = page_by_id(request, Restrict.objects.filter(restricter=request.user, restricted__in=there), PEOPLE_PER_PAGE)
    people = people_in_order([one.restricted_id for one in page], request.user)
    return _list(request, "restrict", Page(people, page.next_url))


@require_safe
def close_friends(request: MemberRequest) -> HttpResponse:
    """The close friends, the newest first; with `?q=`, people to make one or none."""
    query = clean_line(request.GET.get("q", ""))[:MAX_QUERY_CHARS]
    found: list[User] = []
    if query:
        others = with_relations(User.objects.exclude(pk=request.user.pk).for_display(), request.user)
        found = shown_people(others, find_people(query, request.user)[: FOUND + 1], request.user)[:FOUND]
    there = User.objects.visible_to(request.user)
    page = page_by_id(request, CloseFriend.objects.filter(owner=request.user, friend__in=there), PEOPLE_PER_PAGE)
    people = people_in_order([one.friend_id for one in page], request.user)
    return _list(request, "close-friend", Page(people, page.next_url), q=query, found=found)


TEMPLATES = {
    "block": "social/blocked_people.html",
    "mute": "social/muted_people.html",
    "restrict": "social/restricted_people.html",
    "close-friend": "social/close_friends.html",
}


def _list(request: MemberRequest, kind: str, page: Page[User], **more: object) -> HttpResponse:
    """The page, or for htmx its further rows."""
    is_fragment = request.htmx and "cursor" in request.GET
    template = "social/_listed.html" if is_fragment else TEMPLATES[kind]
    context = {"page": page, "kind": kind, "is_on": True, **more}
    return varies_by_htmx(render(request, template, context))
