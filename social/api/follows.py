"""Follows and follow requests in the JSON API."""

from __future__ import annotations

from typing import Literal

from django.http import HttpResponse
from ninja import Field, Query, Schema

from accounts.api.bodies import Acting, ActingOnPerson, check_actor, not_oneself
from accounts.api.people import find_person
from accounts.http import MemberRequest
from accounts.models import User
from common.api import PROBLEMS, ApiRouter, IdPaging, NotFound, ValidationFailed
from common.pagination import page_by_id
from common.refusals import Refusal
from social.actions import follows, requests
from social.actions.blocks import BlockedError
from social.api.listed_people import People, people_by_id, visible_person
from social.models import Follow
from social.queries import follow_requests_for, with_visible_content

router = ApiRouter(tags=["people"])


class StandingOut(Schema):
    """The caller's relationship to a person after the request."""

    standing: Literal["none", "requested", "following"]


class AnsweredOut(Schema):
    count: int = Field(description="Number of follow requests that were answered.")


class FollowedByOut(Schema):
    """Whether a person follows the caller after the request."""

    follows: bool = Field(description="Whether they follow the caller.")


@router.get("/users/{id}/followers", response={200: People, **PROBLEMS})
def list_followers(request: MemberRequest, response: HttpResponse, id: str, paging: Query[IdPaging]) -> People:  # noqa: A002  (the name in the address)
    """List a person's followers, the newest first. 404 if the account is private and the caller does not follow it."""
    person = find_person(with_visible_content(request.user).for_display(), id)
    rows = Follow.objects.filter(followee=person, follower__in=User.objects.visible_to(request.user))
    page = page_by_id(request, rows, paging.limit)
    return people_by_id(request, response, [follow.follower_id for follow in page], page.next_url)


@router.get("/users/{id}/following", response={200: People, **PROBLEMS})
def list_following(request: MemberRequest, response: HttpResponse, id: str, paging: Query[IdPaging]) -> People:  # noqa: A002
    """List the people that a person follows, the newest first.

    404 if the account is private and the caller does not follow it.
    """
    person = find_person(with_visible_content(request.user).for_display(), id)
    rows = Follow.objects.filter(follower=person, followee__in=User.objects.visible_to(request.user))
    page = page_by_id(request, rows, paging.limit)
    return people_by_id(request, response, [follow.followee_id for follow in page], page.next_url)


@router.post("/users/{id}/follow", response={200: StandingOut, **PROBLEMS})
def follow(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> StandingOut:  # noqa: A002
    """Follow a person, or send a follow request if the account is private ("requested"). Repeating it is harmless."""
    person = visible_person(request, id, body)
    try:
        standing = follows.follow(request.user, followee=person)
    except Refusal as refusal:
        raise ValidationFailed({f"path.{refusal.field}": refusal.message}) from refusal
    except BlockedError as error:
        raise NotFound from error
    return StandingOut.model_validate({"standing": standing.value})


@router.post("/users/{id}/unfollow", response={200: StandingOut, **PROBLEMS})
def unfollow(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> StandingOut:  # noqa: A002
    """Unfollow a person, or cancel the caller's follow request. Repeating it is harmless."""
    follows.unfollow(request.user, followee=visible_person(request, id, body))
    return StandingOut(standing="none")


@router.post("/users/{id}/remove-follower", response={200: FollowedByOut, **PROBLEMS})
def remove_follower(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> FollowedByOut:  # noqa: A002
    """Stop a person from following the caller. They are not told. Repeating it is harmless."""
    follows.remove_follower(request.user, follower=not_oneself(request, visible_person(request, id, body)))
    return FollowedByOut(follows=False)


@router.get("/follow-requests", response={200: People, **PROBLEMS})
def list_follow_requests(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> People:
    """List the people who have asked to follow the caller, the newest request first."""
    page = page_by_id(request, follow_requests_for(request.user), paging.limit)
    return people_by_id(request, response, [one.requester_id for one in page], page.next_url)


@router.post("/follow-requests/approve-all", response={200: AnsweredOut, **PROBLEMS})
def approve_all_follow_requests(request: MemberRequest, body: Acting | None = None) -> AnsweredOut:
    """Approve all follow requests. If there are many, the rest follow within a moment; `count` is without them."""
    check_actor(request, body)
    return AnsweredOut(count=requests.approve_all(request.user))


@router.post("/follow-requests/refuse-all", response={200: AnsweredOut, **PROBLEMS})
def refuse_all_follow_requests(request: MemberRequest, body: Acting | None = None) -> AnsweredOut:
    """Refuse all follow requests. Their senders are not told."""
    check_actor(request, body)
    return AnsweredOut(count=requests.refuse_all(request.user))


@router.post("/follow-requests/{id}/approve", response={200: FollowedByOut, **PROBLEMS})
def approve_follow_request(request: MemberRequest, id: str, body: Acting | None = None) -> FollowedByOut:  # noqa: A002
    """Approve the follow request of the person with this id. Repeating it is harmless."""
    person = visible_person(request, id, body)
    requests.approve_request(request.user, requester=person)
    return _followed_by(request, person)


@router.post("/follow-requests/{id}/refuse", response={200: FollowedByOut, **PROBLEMS})
def refuse_follow_request(request: MemberRequest, id: str, body: Acting | None = None) -> FollowedByOut:  # noqa: A002
    """Refuse the follow request of the person with this id. They are not told. Repeating it is harmless."""
    person = visible_person(request, id, body)
    requests.refuse_request(request.user, requester=person)
    return _followed_by(request, person)


def _followed_by(request: MemberRequest, person: User) -> FollowedByOut:
    return FollowedByOut(follows=Follow.objects.filter(follower=person, followee=request.user).exists())
