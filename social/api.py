"""People, and who relates to whom, in the JSON API."""

from __future__ import annotations

from django.http import HttpResponse
from ninja import Query, Router, Schema

from accounts.api import ListedPersonOut, find_person, listed_person_out
from accounts.http import MemberRequest
from accounts.models import User
from common.api import PROBLEMS, IdPaging, Listed, Missing, Refused, listed
from common.pagination import Page, page_by_id
from social.actions import BlockedError, FollowsOneselfError
from social.actions import follow as do_follow
from social.models import Follow
from social.people import open_to, people_in_order
from social.requests import requests_to

router = Router(tags=["people"])


class StandingOut(Schema):
    """How one stands to somebody after asking to follow, or to follow no more: none, requested or following."""

    standing: str


People = Listed[ListedPersonOut]


@router.get("/users/{id}/followers", response={200: People, **PROBLEMS})
def list_followers(request: MemberRequest, response: HttpResponse, id: str, paging: Query[IdPaging]) -> People:  # noqa: A002  (the name in the address)
    """Who follows somebody, the newest first; 404 where the account is private and not followed."""
    person = find_person(open_to(request.user).for_display(), id)
    follows = Follow.objects.filter(followee=person, follower__in=User.objects.visible_to(request.user))
    page = page_by_id(request, follows, paging.limit)
    return _people(request, response, [follow.follower_id for follow in page], page.next_url)


@router.get("/users/{id}/following", response={200: People, **PROBLEMS})
def list_following(request: MemberRequest, response: HttpResponse, id: str, paging: Query[IdPaging]) -> People:  # noqa: A002
    """Whom somebody follows, the newest first; 404 where the account is private and not followed."""
    person = find_person(open_to(request.user).for_display(), id)
    follows = Follow.objects.filter(follower=person, followee__in=User.objects.visible_to(request.user))
    page = page_by_id(request, follows, paging.limit)
    return _people(request, response, [follow.followee_id for follow in page], page.next_url)


@router.get("/follow-requests", response={200: People, **PROBLEMS})
def list_follow_requests(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> People:
    """Who asks to follow one, the newest first."""
    page = page_by_id(request, requests_to(request.user), paging.limit)
    return _people(request, response, [one.requester_id for one in page], page.next_url)


def _people(request: MemberRequest, response: HttpResponse, ids: list[int], next_url: str) -> People:
    people = people_in_order(ids, request.user)
    return listed(request, response, Page([], next_url), [listed_person_out(request, one) for one in people])


@router.post("/users/{id}/follow", response={200: StandingOut, **PROBLEMS})
def follow(request: MemberRequest, id: str) -> dict[str, str]:  # noqa: A002
    """Follow, or ask to; again is harmless."""
    followee = find_person(User.objects.visible_to(request.user), id)
    try:
        standing = do_follow(request.user, followee=followee)
    except FollowsOneselfError as error:
        raise Refused({"path.id": str(error)}) from error
    except BlockedError as error:
        raise Missing from error
    return {"standing": standing.value}
