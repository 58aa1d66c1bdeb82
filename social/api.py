"""People, and who relates to whom, in the JSON API."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Schema

from accounts.api import ANYBODY, PersonOut, find_person
from accounts.http import MemberRequest
from accounts.models import User
from common.api import PROBLEMS
from social.actions import follow as do_follow

router = Router(tags=["people"])


class StandingOut(Schema):
    """How one stands to somebody after asking to follow, or to follow no more: none, requested or following."""

    standing: str


@router.get("/users/{id}", auth=ANYBODY, response={200: PersonOut, **PROBLEMS})
def person(request: HttpRequest, id: str) -> User:  # noqa: A002  (the name in the address)
    """A person, by number or `@username`."""
    return find_person(User.objects.visible_to(request.user), id)


@router.post("/users/{id}/follow", response={200: StandingOut, **PROBLEMS})
def follow(request: MemberRequest, id: str) -> dict[str, str]:  # noqa: A002
    """Follow, or ask to; again is harmless."""
    followee = find_person(User.objects.visible_to(request.user), id)
    standing = do_follow(request.user, followee=followee)
    return {"standing": standing.value}
