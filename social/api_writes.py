"""Who relates to whom, in the JSON API: writing."""

from __future__ import annotations

from typing import Literal

from django.db import transaction
from ninja import Field, Schema
from pydantic import StrictBool

from accounts.actions import change_hide_like_counts, change_who_may_tag
from accounts.api import find_person
from accounts.api_writes import Acting, ActingOnPerson, check_actor, not_oneself
from accounts.http import MemberRequest
from accounts.models import User, WhoMayTag
from common.api import PROBLEMS, NotFound, ValidationFailed
from social import actions
from social.api import PrivacyOut, privacy_out, router
from social.models import Follow
from social.queries import blocked_by


class StandingOut(Schema):
    """How one stands to somebody by now."""

    standing: Literal["none", "requested", "following"]


class BlockedOut(Schema):
    blocked: bool = Field(description="Whether one has blocked them.")


class MutedOut(Schema):
    muted: bool = Field(description="Whether one has muted them.")


class RestrictedOut(Schema):
    restricted: bool = Field(description="Whether the caller restricts them.")


class CloseFriendOut(Schema):
    close_friend: bool = Field(description="Whether they are one of the caller's close friends.")


class FollowedByOut(Schema):
    """What became of somebody's request."""

    follows: bool = Field(description="Whether they follow one.")


@router.post("/users/{id}/follow", response={200: StandingOut, **PROBLEMS})
def follow(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> StandingOut:  # noqa: A002  (the name in the address)
    """Follow; of a private account, ask to ("requested"). Again is harmless."""
    person = _visible(request, id, body)
    try:
        standing = actions.follow(request.user, followee=person)
    except actions.FollowsOneselfError as error:
        raise ValidationFailed({"path.id": str(error)}) from error
    except actions.BlockedError as error:
        raise NotFound from error
    return StandingOut.model_validate({"standing": standing.value})


@router.post("/users/{id}/unfollow", response={200: StandingOut, **PROBLEMS})
def unfollow(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> StandingOut:  # noqa: A002
    """Follow no more, or take the request back. Again is harmless."""
    actions.unfollow(request.user, followee=_visible(request, id, body))
    return StandingOut(standing="none")


@router.post("/users/{id}/block", response={200: BlockedOut, **PROBLEMS})
def block(request: MemberRequest, id: str, body: Acting | None = None) -> BlockedOut:  # noqa: A002
    """Block: the two do not exist for each other. Again is harmless."""
    actions.block(request.user, blocked=not_oneself(request, _visible_or_blocked(request, id, body)))
    return BlockedOut(blocked=True)


@router.post("/users/{id}/unblock", response={200: BlockedOut, **PROBLEMS})
def unblock(request: MemberRequest, id: str, body: Acting | None = None) -> BlockedOut:  # noqa: A002
    """Undo a block; what it ended stays ended. Again is harmless."""
    actions.unblock(request.user, blocked=not_oneself(request, _visible_or_blocked(request, id, body)))
    return BlockedOut(blocked=False)


@router.post("/users/{id}/mute", response={200: MutedOut, **PROBLEMS})
def mute(request: MemberRequest, id: str, body: Acting | None = None) -> MutedOut:  # noqa: A002
    """Keep their posts off one's home page. They are not told. Again is harmless."""
    actions.mute(request.user, muted=not_oneself(request, _visible(request, id, body)))
    return MutedOut(muted=True)


@router.post("/users/{id}/unmute", response={200: MutedOut, **PROBLEMS})
def unmute(request: MemberRequest, id: str, body: Acting | None = None) -> MutedOut:  # noqa: A002
    """Undo a mute. Again is harmless."""
    actions.unmute(request.user, muted=not_oneself(request, _visible(request, id, body)))
    return MutedOut(muted=False)


@router.post("/users/{id}/restrict", response={200: RestrictedOut, **PROBLEMS})
def restrict(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> RestrictedOut:  # noqa: A002
    """Restrict a person: their new comments wait for approval. They are not told. Repeating it is harmless."""
    actions.restrict(request.user, restricted=not_oneself(request, _visible(request, id, body)))
    return RestrictedOut(restricted=True)


@router.post("/users/{id}/unrestrict", response={200: RestrictedOut, **PROBLEMS})
def unrestrict(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> RestrictedOut:  # noqa: A002
    """End a restriction. Comments that wait for approval go on waiting. Repeating it is harmless."""
    actions.unrestrict(request.user, restricted=not_oneself(request, _visible(request, id, body)))
    return RestrictedOut(restricted=False)


@router.post("/users/{id}/add-close-friend", response={200: CloseFriendOut, **PROBLEMS})
def add_close_friend(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> CloseFriendOut:  # noqa: A002
    """Add a person to the caller's close friends. They are not told. Repeating it is harmless."""
    person = not_oneself(request, _visible(request, id, body))
    try:
        actions.add_close_friend(request.user, friend=person)
    except actions.BlockedError as error:
        raise NotFound from error
    return CloseFriendOut(close_friend=True)


@router.post("/users/{id}/remove-close-friend", response={200: CloseFriendOut, **PROBLEMS})
def remove_close_friend(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> CloseFriendOut:  # noqa: A002
    """Remove a person from the caller's close friends. They are not told. Repeating it is harmless."""
    actions.remove_close_friend(request.user, friend=not_oneself(request, _visible(request, id, body)))
    return CloseFriendOut(close_friend=False)


@router.post("/users/{id}/remove-follower", response={200: FollowedByOut, **PROBLEMS})
def remove_follower(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> FollowedByOut:  # noqa: A002
    """Stop a person from following the caller. They are not told. Repeating it is harmless."""
    actions.remove_follower(request.user, follower=not_oneself(request, _visible(request, id, body)))
    return FollowedByOut(follows=False)


class PrivacyChange(Acting):
    """Fields that are not sent stay as they are."""

    is_private: StrictBool | None = Field(
        None, description="Whether only followers see the caller's posts. False accepts all follow requests."
    )
    who_may_tag: WhoMayTag | None = Field(None, description="Who may tag the caller in photos.")
    hide_like_counts: StrictBool | None = Field(
        None, description="Whether to hide the like counts of other people's posts."
    )


@router.post("/user/privacy", response={200: PrivacyOut, **PROBLEMS})
def edit_privacy(request: MemberRequest, body: PrivacyChange) -> PrivacyOut:
    """Change some of the caller's privacy settings."""
    check_actor(request, body)
    with transaction.atomic():
        if body.is_private is not None:
            actions.change_privacy(request.user, is_private=body.is_private)
        if body.who_may_tag is not None:
            change_who_may_tag(request.user, body.who_may_tag)
        if body.hide_like_counts is not None:
            change_hide_like_counts(request.user, hide=body.hide_like_counts)
    return privacy_out(User.objects.get(pk=request.user.pk))


@router.post("/follow-requests/{id}/approve", response={200: FollowedByOut, **PROBLEMS})
def approve_follow_request(request: MemberRequest, id: str, body: Acting | None = None) -> FollowedByOut:  # noqa: A002
    """Let a person who asked, {id}, follow one. Again is harmless."""
    person = _visible(request, id, body)
    actions.approve_request(request.user, requester=person)
    return _followed_by(request, person)


@router.post("/follow-requests/{id}/refuse", response={200: FollowedByOut, **PROBLEMS})
def refuse_follow_request(request: MemberRequest, id: str, body: Acting | None = None) -> FollowedByOut:  # noqa: A002
    """Refuse the request of a person, {id}, who is not told. Again is harmless."""
    person = _visible(request, id, body)
    actions.refuse_request(request.user, requester=person)
    return _followed_by(request, person)


def _followed_by(request: MemberRequest, person: User) -> FollowedByOut:
    return FollowedByOut(follows=Follow.objects.filter(follower=person, followee=request.user).exists())


def _visible(request: MemberRequest, ref: str, body: Acting | None) -> User:
    check_actor(request, body)
    return find_person(User.objects.visible_to(request.user), ref)


def _visible_or_blocked(request: MemberRequest, ref: str, body: Acting | None) -> User:
    """Those, and whom one has blocked."""
    check_actor(request, body)
    try:
        return find_person(blocked_by(request.user), ref)
    except NotFound:
        return find_person(User.objects.visible_to(request.user), ref)
