"""Blocks, mutes, restrictions, close friends and favourites in the JSON API."""

from __future__ import annotations

from typing import Literal

from django.http import HttpResponse
from ninja import Field, Query, Schema

from accounts.api.bodies import Acting, ActingOnPerson, not_oneself
from accounts.http import MemberRequest
from common.api import PROBLEMS, ApiRouter, IdPaging, NotFound, ValidationFailed
from common.refusals import Refusal
from social import lists
from social.actions import blocks, close_friends, feed_choices, mutes, restrictions
from social.api.listed_people import People, people_page, visible_or_blocked_person, visible_person
from social.models import Volume

router = ApiRouter(tags=["people"])

VolumeName = Literal["all", "fewer", "highlights"]
VOLUMES = (
    "Which of their posts the caller's home page shows: all; fewer: the first of each day; highlights: the "
    "better-liked half of their last 20, and older posts with as many likes."
)


class BlockedOut(Schema):
    blocked: bool = Field(description="Whether the caller has blocked them.")


class MutedOut(Schema):
    muted: bool = Field(description="Whether the caller has muted them.")


class RestrictedOut(Schema):
    restricted: bool = Field(description="Whether the caller restricts them.")


class CloseFriendOut(Schema):
    close_friend: bool = Field(description="Whether they are one of the caller's close friends.")


class FavouriteOut(Schema):
    favourite: bool = Field(description="Whether they are one of the caller's favourites.")


class VolumeIn(ActingOnPerson):
    volume: VolumeName = Field(description=VOLUMES)


class VolumeOut(Schema):
    volume: VolumeName = Field(description=VOLUMES)


@router.get("/user/blocked", response={200: People, **PROBLEMS})
def list_blocked(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> People:
    """List the people that the caller has blocked, the newest block first."""
    return people_page(request, response, lists.blocked_people(request, paging.limit))


@router.get("/user/muted", response={200: People, **PROBLEMS})
def list_muted(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> People:
    """List the people that the caller has muted, the newest mute first."""
    return people_page(request, response, lists.muted_people(request, paging.limit))


@router.get("/user/restricted", response={200: People, **PROBLEMS})
def list_restricted(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> People:
    """List the people that the caller has restricted, the newest first."""
    return people_page(request, response, lists.restricted_people(request, paging.limit))


@router.get("/user/close-friends", response={200: People, **PROBLEMS})
def list_close_friends(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> People:
    """List the caller's close friends, the newest first. Only the caller sees this list."""
    return people_page(request, response, lists.close_friends(request, paging.limit))


@router.get("/user/favourites", response={200: People, **PROBLEMS})
def list_favourites(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> People:
    """List the caller's favourites, the newest follow first. Only the caller sees this list."""
    return people_page(request, response, lists.favourites(request, paging.limit))


@router.post("/users/{id}/block", response={200: BlockedOut, **PROBLEMS})
def block(request: MemberRequest, id: str, body: Acting | None = None) -> BlockedOut:  # noqa: A002  (the name in the address)
    """Block a person: the two no longer see each other. They are not told. Repeating it is harmless."""
    blocks.block(request.user, blocked=not_oneself(request, visible_or_blocked_person(request, id, body)))
    return BlockedOut(blocked=True)


@router.post("/users/{id}/unblock", response={200: BlockedOut, **PROBLEMS})
def unblock(request: MemberRequest, id: str, body: Acting | None = None) -> BlockedOut:  # noqa: A002
    """Unblock a person. Follows and close friendships that the block ended stay ended. Repeating it is harmless."""
    blocks.unblock(request.user, blocked=not_oneself(request, visible_or_blocked_person(request, id, body)))
    return BlockedOut(blocked=False)


@router.post("/users/{id}/mute", response={200: MutedOut, **PROBLEMS})
def mute(request: MemberRequest, id: str, body: Acting | None = None) -> MutedOut:  # noqa: A002
    """Hide a person's posts from the caller's home page. They are not told. Repeating it is harmless."""
    mutes.mute(request.user, muted=not_oneself(request, visible_person(request, id, body)))
    return MutedOut(muted=True)


@router.post("/users/{id}/unmute", response={200: MutedOut, **PROBLEMS})
def unmute(request: MemberRequest, id: str, body: Acting | None = None) -> MutedOut:  # noqa: A002
    """End a mute. Repeating it is harmless."""
    mutes.unmute(request.user, muted=not_oneself(request, visible_person(request, id, body)))
    return MutedOut(muted=False)


@router.post("/users/{id}/restrict", response={200: RestrictedOut, **PROBLEMS})
def restrict(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> RestrictedOut:  # noqa: A002
    """Restrict a person: their new comments wait for approval. They are not told. Repeating it is harmless."""
    restrictions.restrict(request.user, restricted=not_oneself(request, visible_person(request, id, body)))
    return RestrictedOut(restricted=True)


@router.post("/users/{id}/unrestrict", response={200: RestrictedOut, **PROBLEMS})
def unrestrict(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> RestrictedOut:  # noqa: A002
    """End a restriction. Comments that wait for approval keep waiting. Repeating it is harmless."""
    restrictions.unrestrict(request.user, restricted=not_oneself(request, visible_person(request, id, body)))
    return RestrictedOut(restricted=False)


@router.post("/users/{id}/add-close-friend", response={200: CloseFriendOut, **PROBLEMS})
def add_close_friend(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> CloseFriendOut:  # noqa: A002
    """Add a person to the caller's close friends. They are not told. Repeating it is harmless."""
    person = not_oneself(request, visible_person(request, id, body))
    try:
        close_friends.add_close_friend(request.user, friend=person)
    except blocks.BlockedError as error:
        raise NotFound from error
    return CloseFriendOut(close_friend=True)


@router.post("/users/{id}/remove-close-friend", response={200: CloseFriendOut, **PROBLEMS})
def remove_close_friend(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> CloseFriendOut:  # noqa: A002
    """Remove a person from the caller's close friends. They are not told. Repeating it is harmless."""
    close_friends.remove_close_friend(request.user, friend=not_oneself(request, visible_person(request, id, body)))
    return CloseFriendOut(close_friend=False)


@router.post("/users/{id}/add-favourite", response={200: FavouriteOut, **PROBLEMS})
def add_favourite(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> FavouriteOut:  # noqa: A002
    """Add a person that the caller follows to their favourites. They are not told. Repeating it is harmless.

    422 if the caller does not follow them or has too many favourites.
    """
    person = not_oneself(request, visible_person(request, id, body))
    try:
        feed_choices.add_favourite(request.user, followee=person)
    except Refusal as refusal:
        raise ValidationFailed({"path.id": refusal.message}) from refusal
    return FavouriteOut(favourite=True)


@router.post("/users/{id}/remove-favourite", response={200: FavouriteOut, **PROBLEMS})
def remove_favourite(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> FavouriteOut:  # noqa: A002
    """Remove a person from the caller's favourites. They are not told. Repeating it is harmless."""
    feed_choices.remove_favourite(request.user, followee=not_oneself(request, visible_person(request, id, body)))
    return FavouriteOut(favourite=False)


@router.post("/users/{id}/volume", response={200: VolumeOut, **PROBLEMS})
def change_volume(request: MemberRequest, id: str, body: VolumeIn) -> VolumeOut:  # noqa: A002
    """Choose which posts of a followed person the caller's home page shows, in Following and For you.

    They are not told. 422 if the caller does not follow them.
    """
    person = not_oneself(request, visible_person(request, id, body))
    try:
        feed_choices.change_volume(request.user, followee=person, volume=Volume[body.volume.upper()])
    except Refusal as refusal:
        raise ValidationFailed({"path.id": refusal.message}) from refusal
    return VolumeOut(volume=body.volume)
