"""Shared parts of this app's API: lists of people, and looking up the person in the address."""

from __future__ import annotations

from django.http import HttpResponse

from accounts.api.bodies import Acting, check_actor
from accounts.api.people import ListedPersonOut, find_person, listed_person_out
from accounts.http import MemberRequest
from accounts.models import User
from common.api import Listed, NotFound, listed
from common.pagination import Page
from social.queries import blocked_by, visible_people_in_order

People = Listed[ListedPersonOut]


def people_page(request: MemberRequest, response: HttpResponse, page: Page[User]) -> People:
    """Return the answer for a page of people."""
    return listed(request, response, page, [listed_person_out(request, person) for person in page])


def people_by_id(request: MemberRequest, response: HttpResponse, ids: list[int], next_url: str) -> People:
    """Return the answer for the visible users with these ids, in this order."""
    people = visible_people_in_order(ids, request.user)
    return listed(request, response, Page([], next_url), [listed_person_out(request, one) for one in people])


def visible_person(request: MemberRequest, ref: str, body: Acting | None) -> User:
    """Return the user with this id or username if the caller may see them; raises NotFound."""
    check_actor(request, body)
    return find_person(User.objects.visible_to(request.user), ref)


def visible_or_blocked_person(request: MemberRequest, ref: str, body: Acting | None) -> User:
    """Like `visible_person`, including people that the caller has blocked."""
    check_actor(request, body)
    try:
        return find_person(blocked_by(request.user), ref)
    except NotFound:
        return find_person(User.objects.visible_to(request.user), ref)
