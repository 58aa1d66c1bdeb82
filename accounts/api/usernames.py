"""Check usernames in the API."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Field, Schema

from accounts.api.authentication import SIGNED_IN_OR_NOT
from accounts.api.bodies import Acting, check_actor
from accounts.usernames import normalize_username, username_error
from common.api import PROBLEMS, ApiRouter
from common.ratelimit import NAME_CHECKS, client_address
from common.ratelimit_responses import count_api_hit

router = ApiRouter(tags=["people"])


class UsernameBody(Acting):
    username: str = Field(examples=["anna.k"])


class UsernameOut(Schema):
    username: str = Field(description="The username as it would be stored.")
    available: bool = Field(description="True if the caller can take it now.")
    problem: str = Field(description="Why the username cannot be taken; empty if it can.")


@router.post("/user/profile/checkusername/", auth=SIGNED_IN_OR_NOT, response={200: UsernameOut, **PROBLEMS})
def check_username(request: HttpRequest, body: UsernameBody) -> UsernameOut:
    """Check whether a username is available. Needs no token. Checking does not reserve it."""
    check_actor(request, body)
    person = request.user if request.user.is_authenticated else None
    if person is None:
        count_api_hit(request, NAME_CHECKS, f"address:{client_address(request)}")
    name = normalize_username(body.username)
    problem = username_error(name, person=person)
    return UsernameOut(username=name, available=not problem, problem=problem)
