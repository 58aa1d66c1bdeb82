"""Request bodies that all writes of the API share, and their checks."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field

from accounts.http import MemberRequest
from accounts.models import User
from common.api import NotFound, Problem, ValidationFailed
from common.api_bodies import Body, IdIn


class Acting(Body):
    """Body of a write without other parameters; it may be omitted."""

    userId: IdIn | None = Field(None, description="The caller's id; any other id is rejected (403).")  # noqa: N815  (its name in the API)


class ActingOnPerson(Acting):
    """Body of a request about a user; clients may send the same body as for a post."""

    postId: Any = Field(None, description="Ignored.")  # noqa: N815


class ActingOnPost(Acting):
    """Body of a request about a post."""

    postId: IdIn | None = Field(None, description="The id of the post in the address; any other id is rejected (422).")  # noqa: N815


def check_actor(request: HttpRequest, body: Acting | None) -> None:
    """Raise Problem 403 if the body names a user other than the caller."""
    if body is not None and body.userId not in {None, request.user.pk}:
        raise Problem(403, "not-yours", "userId is not the id of the caller.")


def check_post(body: ActingOnPost | None, post_id: int) -> None:
    """Raise Problem 422 if the body names a post other than the one in the address."""
    if body is not None and body.postId not in {None, post_id}:
        raise ValidationFailed({"body.postId": "The body and the URL refer to different posts."}, code="contradiction")


def not_oneself(request: MemberRequest, person: User) -> User:
    """Return `person`. Raises NotFound if it is the caller, as the pages do."""
    if person.pk == request.user.pk:
        raise NotFound
    return person
