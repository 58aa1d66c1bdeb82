"""Who relates to whom, in the JSON API: writing."""

from __future__ import annotations

from typing import Literal

from ninja import Field, Schema

from accounts.api import find_person
from accounts.api_writes import Acting, ActingOnPerson, check_actor, not_oneself
from accounts.http import MemberRequest
from accounts.models import User
from common.api import PROBLEMS, Missing, Refused
from social import actions
from social.api import router
from social.models import Follow
from social.people import blocked_by


class StandingOut(Schema):
    """How one stands to somebody by now."""

    standing: Literal["none", "requested", "following"]


class BlockedOut(Schema):
    blocked: bool = Field(description="Whether one has blocked them.")


class MutedOut(Schema):
    muted: bool = Field(description="Whether one has muted them.")


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
        raise Refused({"path.id": str(error)}) from error
    except actions.BlockedError as error:
        raise Missing from error
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
    except Missing:
        return find_person(User.objects.visible_to(request.user), ref)
