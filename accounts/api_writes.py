"""Who acts, in the API's writes; and names that somebody would like to have."""

from __future__ import annotations

from ninja import Field, Router, Schema

from accounts.http import MemberRequest
from accounts.models import User
from accounts.usernames import normal_username, why_unavailable
from common.api import PROBLEMS, Missing, Problem, Refused
from common.api_bodies import Body, IdIn

router = Router(tags=["people"])


class Acting(Body):
    """The body of a write that needs nothing else; it may be left out."""

    userId: IdIn | None = Field(None, description="Whoever sends this: another's number is refused (403).")  # noqa: N815  (its name in the API)


class ActingOnPost(Acting):
    postId: IdIn | None = Field(None, description="The post of the address: another's number is refused (422).")  # noqa: N815


def check_actor(request: MemberRequest, body: Acting | None) -> None:
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
    username: str = Field(description="In its normal form, as it would be kept.")
    available: bool = Field(description="Whether one could take it now.")
    problem: str = Field(description='Why nobody, or somebody else, can have it; "" if one can.')


@router.post("/user/profile/checkusername/", response={200: UsernameOut, **PROBLEMS})
def check_username(request: MemberRequest, body: UsernameBody) -> UsernameOut:
    """Whether one could have this name. It is reserved by nothing but taking it."""
    check_actor(request, body)
    name = normal_username(body.username)
    problem = why_unavailable(name, person=request.user)
    return UsernameOut(username=name, available=not problem, problem=problem)
