"""Profiles in the JSON API."""

from __future__ import annotations

from typing import Any, Literal

from django.db import transaction
from django.http import HttpRequest
from ninja import Field, Schema

from accounts.actions.contact import change_email, change_mobile, mobile_number
from accounts.actions.profile import edit_profile as do_edit_profile
from accounts.api.authentication import ANYBODY
from accounts.api.bodies import Acting, check_actor
from accounts.api.people import PersonOut, find_person, person_fields
from accounts.forms.contact import ChangeEmailForm
from accounts.forms.profile import ProfileForm
from accounts.http import MemberRequest
from accounts.models import User
from common.api import PROBLEMS, ApiRouter, Problem, ValidationFailed
from common.api_bodies import form_problem
from common.ratelimit_responses import RateLimitedError, rate_limit_problem
from common.refusals import Refusal
from feed.profiles import count_visible_posts, profiles_for
from social.api.listed_people import FollowRelation, follow_relation

router = ApiRouter(tags=["people"])


class RelationOut(Schema):
    """The relationship between the caller and a person. Only the caller learns of the last three."""

    standing: FollowRelation
    follows_you: bool
    muted: bool
    restricted: bool
    close_friend: bool = Field(description="Whether the person is one of the caller's close friends.")


class ProfileOut(PersonOut):
    """A person, as the caller sees them."""

    bio: str = Field(examples=["Light, mostly."])
    link: str = Field(description='Their website; "" without one.', examples=["https://example.com/"])
    post_count: int = Field(description="Number of posts that the caller may see.")
    follower_count: int
    following_count: int
    is_open: bool = Field(description="Whether the caller may see their posts and lists of people.")
    viewer: RelationOut | None = Field(description="Null if the caller is signed out, and for their own profile.")


class OwnProfileOut(ProfileOut):
    """The caller's own profile, with private fields."""

    email: str
    mobile: str | None = Field(description="In E.164; null without one.", examples=["+4915112345678"])


def profile_fields(request: HttpRequest, person: User) -> dict[str, Any]:
    """Return the fields of ProfileOut for a person from `profiles_for`.

    Cost: one query if the person is the caller, or counts the caller among their close friends.
    """
    viewer = None
    if request.user.is_authenticated and person.pk != request.user.pk:
        viewer = RelationOut(
            standing=follow_relation(request, person),
            follows_you=person.follows_viewer,
            muted=person.is_muted,
            restricted=person.is_restricted,
            close_friend=person.is_close_friend,
        )
    return person_fields(request, person) | {
        "bio": person.bio,
        "link": person.link,
        "post_count": count_visible_posts(person, request.user),
        "follower_count": person.followers_count,
        "following_count": person.following_count,
        "is_open": person.is_content_visible,
        "viewer": viewer,
    }


def own_profile_out(request: MemberRequest) -> OwnProfileOut:
    """Return the caller's profile. Three queries, in addition to authentication."""
    person = profiles_for(request.user).get(pk=request.user.pk)
    return OwnProfileOut(
        **profile_fields(request, person), email=person.email, mobile=mobile_number(request.user) or None
    )


@router.get("/users/{id}", auth=ANYBODY, response={200: ProfileOut, **PROBLEMS})
def get_person(request: HttpRequest, id: str) -> ProfileOut:  # noqa: A002  (the name in the address)
    """Return a person, by id or `@username`."""
    return ProfileOut(**profile_fields(request, find_person(profiles_for(request.user), id)))


@router.get("/user/profile/", response={200: OwnProfileOut, **PROBLEMS})
def get_own_profile(request: MemberRequest) -> OwnProfileOut:
    """Return the caller's own profile, with email address and mobile number, which only the caller sees."""
    return own_profile_out(request)


class ProfileChange(Acting):
    """Fields that are left out stay unchanged."""

    name: str | None = None
    bio: str | None = None
    link: str | None = Field(None, description="A website. Empty: removes it.")
    email: str | None = Field(
        None, description="Changes once the link in the mail sent to it has been opened. Empty: unchanged."
    )
    mobile: str | None = Field(
        None, description="With country code. Changes once confirmed by a code. Empty: removes the number."
    )


class ChangedProfileOut(OwnProfileOut):
    waiting: list[Literal["email", "mobile"]] = Field(description="Changes that wait for confirmation.")


@router.post("/user/profile/", response={200: ChangedProfileOut, **PROBLEMS})
def edit_own_profile(request: MemberRequest, body: ProfileChange) -> ChangedProfileOut:
    """Change fields of the caller's own profile. If one is refused, none is changed."""
    check_actor(request, body)
    try:
        waiting = _change(request, body)
    except Refusal as error:
        raise _problem_of(error) from error
    return ChangedProfileOut(**own_profile_out(request).model_dump(), waiting=waiting)


@transaction.atomic
def _change(request: MemberRequest, body: ProfileChange) -> list[Literal["email", "mobile"]]:
    user = User.objects.lock(request.user.pk)
    texts = {name: getattr(user, name) for name in ("name", "bio", "link")}
    new_email = (body.email or "").strip()
    sent = {name: text for name in texts if (text := getattr(body, name)) is not None}
    form = ProfileForm(texts | sent)
    if not form.is_valid():
        raise form_problem(form)
    waiting: list[Literal["email", "mobile"]] = []
    if new_email and new_email.lower() != user.email:
        # Validate before a message is sent to the mobile number, because a refused request must have no effect.
        email = ChangeEmailForm(data={"email": new_email}, user=user)
        if not email.is_valid():
            raise form_problem(email)
    if body.mobile is not None and change_mobile(user, body.mobile) and body.mobile.strip():
        waiting.append("mobile")
    if new_email and change_email(user, new_email, request=request):
        waiting.append("email")
    do_edit_profile(user, **{name: form.cleaned_data[name] for name in texts})
    return waiting


def _problem_of(refusal: Refusal) -> Problem:
    if isinstance(refusal, RateLimitedError):
        return rate_limit_problem(refusal.limit, refusal.retry_after)
    return ValidationFailed({f"body.{refusal.field}": refusal.message})
