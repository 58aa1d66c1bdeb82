"""Request bodies that name the caller, the check of usernames, and the caller's picture, in the JSON API."""

from __future__ import annotations

from typing import Any, Final, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema

from accounts import actions
from accounts.api import SIGNED_IN_OR_NOT
from accounts.forms import AvatarForm
from accounts.http import MemberRequest
from accounts.models import User
from accounts.usernames import normalize_username, username_error
from common.api import PROBLEMS, FieldError, NotFound, Problem, ValidationFailed, absolute
from common.api_bodies import ID_SCHEMA, Body, IdIn, form_problem, is_multipart, read_body
from common.ratelimit import NAME_CHECKS, client_address
from common.ratelimit_responses import count_api_hit
from media.errors import MediaError, TransientMediaError

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
        raise ValidationFailed({"body.postId": "This is not the post of the address."}, code="contradiction")


def not_oneself(request: MemberRequest, person: User) -> User:
    """`person`, with whom one cannot do this if it is oneself. Raises NotFound, as the pages do."""
    if person.pk == request.user.pk:
        raise NotFound
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
    name = normalize_username(body.username)
    problem = username_error(name, person=person)
    return UsernameOut(username=name, available=not problem, problem=problem)


# --- The caller's picture ---------------------------------------------------------------------------------------------


class AvatarOut(Schema):
    """The caller's picture, and what became of the one that was sent last."""

    state: Literal["none", "processing", "ready", "failed"] = Field(
        description="`processing` for some seconds after a new picture was sent; the old one stays meanwhile."
    )
    error: str = Field(description="Why the last one failed; empty if it did not.")
    avatar: str | None = Field(description="Where the picture is, 320 px square; null without one.")
    avatar_small: str | None = Field(description="The same, 96 px square.")


_AVATAR_FORM: Final = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "additionalProperties": False,
            "required": ["file"],
            "properties": {"file": {"type": "string", "format": "binary"}, "userId": ID_SCHEMA},
        }
    }
}


@router.get("/user/profile/avatar/", response={200: AvatarOut, **PROBLEMS})
def get_avatar(request: MemberRequest) -> AvatarOut:
    """Return the caller's picture, and whether a new one is being processed."""
    return _avatar_out(request)


@router.post(
    "/user/profile/avatar/",
    response={200: AvatarOut, **PROBLEMS},
    openapi_extra={"requestBody": {"required": True, "content": _AVATAR_FORM}},
)
def set_avatar(request: MemberRequest) -> AvatarOut:
    """Set the caller's picture: a photo in the field `file`. It appears once it has been processed."""
    if not is_multipart(request):
        raise Problem(415, "content-type", "Send the photo in the field file, as multipart/form-data.")
    check_actor(request, read_body(request, Acting, files="file"))
    form = AvatarForm(files={"avatar": request.FILES.get("file")})
    if not form.is_valid():
        raise form_problem(form, {"avatar": "file"})
    if not form.cleaned_data["avatar"]:
        raise ValidationFailed({"body.file": "Send the photo in the field file."})
    try:
        actions.change_avatar(request.user, form.cleaned_data["avatar"])
    except TransientMediaError as error:
        raise Problem(503, "storage", str(error), headers={"Retry-After": "10"}) from error
    except MediaError as error:
        named = [FieldError(path="body.file", code=error.code, message=str(error))]
        raise Problem(422, "invalid", str(error), errors=named) from error
    return _avatar_out(request)


@router.delete("/user/profile/avatar/", response={200: AvatarOut, **PROBLEMS})
def remove_avatar(request: MemberRequest, body: Acting | None = None) -> AvatarOut:
    """Remove the caller's picture. Repeating it is harmless."""
    check_actor(request, body)
    actions.remove_avatar(request.user)
    return _avatar_out(request)


def _avatar_out(request: MemberRequest) -> AvatarOut:
    person = User.objects.get(pk=request.user.pk)
    return AvatarOut(
        state=person.avatar_state or "none",
        error=person.avatar_error,
        avatar=absolute(request, person.avatar_url) or None,
        avatar_small=absolute(request, person.avatar_small_url) or None,
    )
