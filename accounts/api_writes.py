"""Request bodies that name the caller, and the check of usernames, in the JSON API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from accounts.api import SIGNED_IN_OR_NOT
from accounts.http import MemberRequest
from accounts.models import User
from accounts.usernames import normal_username, why_unavailable
from common.api import PROBLEMS, Missing, Problem, Refused
from common.api_bodies import Body, IdIn
from common.ratelimit import NAME_CHECKS, client_address, count_api_hit

router = Router(tags=["people"])


class Acting(Body):
    """The body of a write that needs nothing else; it may be left out."""

    userId: IdIn | None = Field(None, description="Whoever sends this: another's number is refused (403).")  # noqa: N815  (its name in the API)


class ActingOnPerson(Acting):
    """The body of a request about a person: clients may send the same body as for a post."""

    postId: Any = Field(None, description="Ignored.")  # noqa: N815


class ActingOnPost(Acting):
    postId: IdIn | None = Field(None, description="The post of the address: another's number is refused (422).")  # noqa: N815


def check_actor(request: HttpRequest, body: Acting | None) -> None:
    """Raises Problem 403 if the body says that somebody else acts than does."""
    if body is not None and body.userId not in {None, request.user.pk}:
        raise Problem(403, "not-yours", "userId is not the number of whoever sends this.")


def check_post(body: ActingOnPost | None, post_id: int) -> None:
    """Raises Problem 422 if the body names another post than the address."""
    if body is not None and body.postId not in {None, post_id}:
        raise Refused({"body.postId": "This is not the post of the address."}, code="contradiction")


def not_oneself(request: MemberRequest, person: User) -> User:
    """`person`, with whom one cannot do this if it is oneself. Raises Missing, as the pages do."""
    if person.pk == request.user.pk:
        raise Missing
    return person


class UsernameBody(Acting):
    username: str = Field(examples=["anna.k"])


class UsernameOut(Schema):
    username: str = Field(description="The username as it would be stored.")
    available: bool = Field(description="Whether the caller could take it now.")
    problem: str = Field(description="Why the username cannot be taken; empty if it can.")


@router.post("/user/profile/checkusername/", auth=SIGNED_IN_OR_NOT, response={200: UsernameOut, **PROBLEMS})
def check_username(request: HttpRequest, body: UsernameBody) -> UsernameOut:
    """Check whether a username is available. Needs no token. Checking does not reserve it."""
    check_actor(request, body)
    person = request.user if request.user.is_authenticated else None
    if person is None:
        count_api_hit(request, NAME_CHECKS, f"address:{client_address(request)}")
    name = normal_username(body.username)
    problem = why_unavailable(name, person=person)
    return UsernameOut(username=name, available=not problem, problem=problem)
