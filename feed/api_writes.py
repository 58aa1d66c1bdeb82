"""One's own profile, in the JSON API: writing."""

from __future__ import annotations

from typing import Literal

from django.db import transaction
from ninja import Field

from accounts.actions import edit_profile as do_edit_profile
from accounts.api_writes import Acting, check_actor
from accounts.contact import ContactRefusedError, change_email, change_mobile
from accounts.forms import ChangeEmailForm, ProfileForm
from accounts.http import MemberRequest
from accounts.models import User
from common.api import PROBLEMS, Problem, Refused
from common.api_bodies import form_problem
from common.ratelimit import too_many_problem
from feed.api import OwnProfileOut, own_profile_out, router


class ProfileChange(Acting):
    """What is not said stays."""

    name: str | None = None
    bio: str | None = None
    link: str | None = Field(None, description="A page elsewhere; empty: none.")
    email: str | None = Field(
        None, description="Changes once the link that is mailed to it has been followed. Empty: stays as it is."
    )
    mobile: str | None = Field(
        None, description="With country code. Changes once confirmed by a code. Empty: removes the number."
    )


class ChangedProfileOut(OwnProfileOut):
    waiting: list[Literal["email", "mobile"]] = Field(description="What was asked for and waits to be confirmed.")


@router.post("/user/profile/", response={200: ChangedProfileOut, **PROBLEMS})
def edit_own_profile(request: MemberRequest, body: ProfileChange) -> ChangedProfileOut:
    """Change some of one's own profile: all that is sent, or nothing of it."""
    check_actor(request, body)
    try:
        waiting = _change(request, body)
    except ContactRefusedError as error:
        raise _problem_of(error) from error
    return ChangedProfileOut(**own_profile_out(request).model_dump(), waiting=waiting)


@transaction.atomic
def _change(request: MemberRequest, body: ProfileChange) -> list[Literal["email", "mobile"]]:
    user = User.objects.select_for_update(no_key=True).get(pk=request.user.pk)
    texts = {name: getattr(user, name) for name in ("name", "bio", "link")}
    new_email = (body.email or "").strip()
    sent = {name: text for name in texts if (text := getattr(body, name)) is not None}
    form = ProfileForm(texts | sent)
    if not form.is_valid():
        raise form_problem(form)
    waiting: list[Literal["email", "mobile"]] = []
    if new_email and new_email.lower() != user.email:
        # Before a message is sent to the number: what is refused has done nothing.
        email = ChangeEmailForm(data={"email": new_email}, user=user)
        if not email.is_valid():
            raise form_problem(email)
    if body.mobile is not None and change_mobile(user, body.mobile) and body.mobile.strip():
        waiting.append("mobile")
    if new_email and change_email(user, new_email, request=request):
        waiting.append("email")
    do_edit_profile(user, **{name: form.cleaned_data[name] for name in texts})
    return waiting


def _problem_of(error: ContactRefusedError) -> Problem:
    if error.limit:
        return too_many_problem(error.limit, error.seconds)
    return Refused({f"body.{error.field}": str(error)})
