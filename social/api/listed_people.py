"""Shared parts of the API: lists of people with their relationship to the caller, and the person in the address."""

from __future__ import annotations

from typing import Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field

from accounts.api.bodies import Acting, check_actor
from accounts.api.people import PersonOut, find_person, person_fields
from accounts.http import MemberRequest
from accounts.models import User
from common.api import Listed, NotFound, listed
from common.pagination import Page
from social.queries import blocked_by, visible_people_in_order

FollowRelation = Literal["self", "none", "requested", "following"]


class ListedPersonOut(PersonOut):
    """User in a list."""

    standing: FollowRelation = Field(description="The caller's relationship to this user.")


People = Listed[ListedPersonOut]


def listed_person_out(request: HttpRequest, person: User) -> ListedPersonOut:
    """Return a list entry; `person` comes from `social.queries.visible_people_in_order`."""
    return ListedPersonOut(**person_fields(request, person), standing=follow_relation(request, person))


def follow_relation(request: HttpRequest, person: User) -> FollowRelation:
    """Return the caller's relationship to `person`, annotated by `social.conditions.with_follow_state`."""
    if person.pk == request.user.pk:
        return "self"
    if person.followed_by_viewer:
        return "following"
    return "requested" if person.requested_by_viewer else "none"


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
