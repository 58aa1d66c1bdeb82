"""Privacy settings in the JSON API."""

from __future__ import annotations

from django.db import transaction
from ninja import Field, Schema
from pydantic import StrictBool

from accounts.actions.profile import change_hide_like_counts, change_who_may_tag
from accounts.api.bodies import Acting, check_actor
from accounts.http import MemberRequest
from accounts.models import User, WhoMayTag
from common.api import PROBLEMS, ApiRouter
from social.actions.privacy import change_privacy

router = ApiRouter(tags=["people"])


class PrivacyOut(Schema):
    """The caller's privacy settings."""

    is_private: bool = Field(description="Whether only followers see the caller's posts and lists of people.")
    who_may_tag: WhoMayTag = Field(description="Who may tag the caller in photos.")
    hide_like_counts: bool = Field(description="Whether the like counts of other people's posts are hidden.")


class PrivacyChange(Acting):
    """Fields that are not sent stay as they are."""

    is_private: StrictBool | None = Field(
        None, description="Whether only followers see the caller's posts. False accepts all follow requests."
    )
    who_may_tag: WhoMayTag | None = Field(None, description="Who may tag the caller in photos.")
    hide_like_counts: StrictBool | None = Field(
        None, description="Whether to hide the like counts of other people's posts."
    )


@router.get("/user/privacy", response={200: PrivacyOut, **PROBLEMS})
def get_privacy(request: MemberRequest) -> PrivacyOut:
    """Return the caller's privacy settings."""
    return _privacy_out(request.user)


@router.post("/user/privacy", response={200: PrivacyOut, **PROBLEMS})
def edit_privacy(request: MemberRequest, body: PrivacyChange) -> PrivacyOut:
    """Change some of the caller's privacy settings."""
    check_actor(request, body)
    with transaction.atomic():
        if body.is_private is not None:
            change_privacy(request.user, is_private=body.is_private)
        if body.who_may_tag is not None:
            change_who_may_tag(request.user, body.who_may_tag)
        if body.hide_like_counts is not None:
            change_hide_like_counts(request.user, hide=body.hide_like_counts)
    return _privacy_out(User.objects.get(pk=request.user.pk))


def _privacy_out(person: User) -> PrivacyOut:
    return PrivacyOut(
        is_private=person.is_private,
        who_may_tag=WhoMayTag(person.who_may_tag),
        hide_like_counts=person.hide_like_counts,
    )
