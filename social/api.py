"""People, and who relates to whom, in the JSON API."""

from __future__ import annotations

from django.http import HttpResponse
from ninja import Field, Query, Router, Schema

from accounts.api import ListedPersonOut, find_person, listed_person_out
from accounts.http import MemberRequest
from accounts.models import User, WhoMayTag
from common.api import PROBLEMS, IdPaging, Listed, listed
from common.pagination import Page, page_by_id
from social.lists import blocked_people, close_friends, muted_people, restricted_people
from social.models import Follow
from social.queries import visible_people_in_order, with_visible_content
from social.requests import follow_requests_for

router = Router(tags=["people"])


People = Listed[ListedPersonOut]


@router.get("/users/{id}/followers", response={200: People, **PROBLEMS})
def list_followers(request: MemberRequest, response: HttpResponse, id: str, paging: Query[IdPaging]) -> People:  # noqa: A002  (the name in the address)
    """Who follows somebody, the newest first; 404 where the account is private and not followed."""
    person = find_person(with_visible_content(request.user).for_display(), id)
    follows = Follow.objects.filter(followee=person, follower__in=User.objects.visible_to(request.user))
    page = page_by_id(request, follows, paging.limit)
    return _people(request, response, [follow.follower_id for follow in page], page.next_url)


@router.get("/users/{id}/following", response={200: People, **PROBLEMS})
def list_following(request: MemberRequest, response: HttpResponse, id: str, paging: Query[IdPaging]) -> People:  # noqa: A002
    """Whom somebody follows, the newest first; 404 where the account is private and not followed."""
    person = find_person(with_visible_content(request.user).for_display(), id)
    follows = Follow.objects.filter(follower=person, followee__in=User.objects.visible_to(request.user))
    page = page_by_id(request, follows, paging.limit)
    return _people(request, response, [follow.followee_id for follow in page], page.next_url)


@router.get("/follow-requests", response={200: People, **PROBLEMS})
def list_follow_requests(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> People:
    """Who asks to follow one, the newest first."""
    page = page_by_id(request, follow_requests_for(request.user), paging.limit)
    return _people(request, response, [one.requester_id for one in page], page.next_url)


@router.get("/user/blocked", response={200: People, **PROBLEMS})
def list_blocked(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> People:
    """List the people whom the caller has blocked, the newest block first."""
    return _page(request, response, blocked_people(request, paging.limit))


@router.get("/user/muted", response={200: People, **PROBLEMS})
def list_muted(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> People:
    """List the people whom the caller has muted, the newest mute first."""
    return _page(request, response, muted_people(request, paging.limit))


@router.get("/user/restricted", response={200: People, **PROBLEMS})
def list_restricted(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> People:
    """List the people whom the caller has restricted, the newest first."""
    return _page(request, response, restricted_people(request, paging.limit))


@router.get("/user/close-friends", response={200: People, **PROBLEMS})
def list_close_friends(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> People:
    """List the caller's close friends, the newest first. Nobody else sees this list."""
    return _page(request, response, close_friends(request, paging.limit))


class PrivacyOut(Schema):
    """The caller's privacy settings."""

    is_private: bool = Field(description="Whether only followers see the caller's posts and lists of people.")
    who_may_tag: WhoMayTag = Field(description="Who may tag the caller in photos.")
    hide_like_counts: bool = Field(description="Whether the like counts of other people's posts are hidden.")


@router.get("/user/privacy", response={200: PrivacyOut, **PROBLEMS})
def get_privacy(request: MemberRequest) -> PrivacyOut:
    """Return the caller's privacy settings."""
    return privacy_out(request.user)


def privacy_out(person: User) -> PrivacyOut:
    return PrivacyOut(
        is_private=person.is_private,
        who_may_tag=WhoMayTag(person.who_may_tag),
        hide_like_counts=person.hide_like_counts,
    )


def _page(request: MemberRequest, response: HttpResponse, page: Page[User]) -> People:
    return listed(request, response, page, [listed_person_out(request, person) for person in page])


def _people(request: MemberRequest, response: HttpResponse, ids: list[int], next_url: str) -> People:
    people = visible_people_in_order(ids, request.user)
    return listed(request, response, Page([], next_url), [listed_person_out(request, one) for one in people])
