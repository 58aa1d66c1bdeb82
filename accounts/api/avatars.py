"""The caller's avatar in the API."""

from __future__ import annotations

from typing import Any, Final, Literal

from ninja import Field, Schema

from accounts.actions import avatars as actions
from accounts.api.bodies import Acting, check_actor
from accounts.forms.profile import AvatarForm
from accounts.http import MemberRequest
from accounts.models import User
from common.api import PROBLEMS, ApiRouter, FieldError, Problem, ValidationFailed, absolute
from common.api_bodies import ID_SCHEMA, form_problem, is_multipart, read_body
from media.edit.square import MAX_ZOOM_PERCENT
from media.errors import MediaError, TransientMediaError

router = ApiRouter(tags=["people"])


class AvatarOut(Schema):
    """The caller's avatar, and the state of the last upload."""

    state: Literal["none", "processing", "ready", "failed"] = Field(
        description="`processing` for some seconds after an upload; the old avatar stays until then."
    )
    error: str = Field(description="Why the last upload failed; empty if it did not.")
    avatar: str | None = Field(description="The URL of the avatar, 320 px square; null without one.")
    avatar_small: str | None = Field(description="The same, 96 px square.")


class AvatarIn(Acting):
    """The fields beside the file of a new avatar."""

    x: int = Field(50, ge=0, le=100)
    y: int = Field(50, ge=0, le=100)
    zoom: int = Field(100, ge=100, le=MAX_ZOOM_PERCENT)


def _percent(description: str, least: int, most: int, default: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": least, "maximum": most, "default": default, "description": description}


_AVATAR_FORM: Final = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "additionalProperties": False,
            "required": ["file"],
            "properties": {
                "file": {"type": "string", "format": "binary"},
                "userId": ID_SCHEMA,
                "x": _percent(
                    "Position of the square: 0 is the left edge of the photo, 100 the right one.", 0, 100, 50
                ),
                "y": _percent("The same, from top to bottom.", 0, 100, 50),
                "zoom": _percent("100 shows the largest square.", 100, MAX_ZOOM_PERCENT, 100),
            },
        }
    }
}


@router.get("/user/profile/avatar/", response={200: AvatarOut, **PROBLEMS})
def get_avatar(request: MemberRequest) -> AvatarOut:
    """Return the caller's avatar, and whether a new one is being processed."""
    return _avatar_out(request)


@router.post(
    "/user/profile/avatar/",
    response={200: AvatarOut, **PROBLEMS},
    openapi_extra={"requestBody": {"required": True, "content": _AVATAR_FORM}},
)
def set_avatar(request: MemberRequest) -> AvatarOut:
    """Set the caller's avatar to a square of the photo in the field `file`. It appears once it has been processed.

    `x`, `y` and `zoom` choose the square; without them, it is the largest one in the middle.
    """
    if not is_multipart(request):
        raise Problem(415, "content-type", "Send the photo in the field file, as multipart/form-data.")
    body = read_body(request, AvatarIn, files="file")
    check_actor(request, body)
    form = AvatarForm(files={"avatar": request.FILES.get("file")})
    if not form.is_valid():
        raise form_problem(form, {"avatar": "file"})
    if not form.cleaned_data["avatar"]:
        raise ValidationFailed({"body.file": "Send the photo in the field file."})
    crop = body.model_dump(include={"x", "y", "zoom"}, exclude_unset=True)
    try:
        actions.change_avatar(request.user, form.cleaned_data["avatar"], crop=crop)
    except TransientMediaError as error:
        raise Problem(503, "storage", str(error), headers={"Retry-After": "10"}) from error
    except MediaError as error:
        errors = [FieldError(path="body.file", code=error.code, message=str(error))]
        raise Problem(422, "invalid", str(error), errors=errors) from error
    return _avatar_out(request)


@router.delete("/user/profile/avatar/", response={200: AvatarOut, **PROBLEMS})
def remove_avatar(request: MemberRequest, body: Acting | None = None) -> AvatarOut:
    """Remove the caller's avatar. Safe to repeat."""
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
