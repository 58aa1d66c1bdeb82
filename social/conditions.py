"""Conditions on relationships between people, for queries of this app and the apps above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import models
from django.db.models import Q, Value
from django.db.models.expressions import Expression

from common.compiled_queries import CompiledExists
from social.models import Block, CloseFriend, Follow, FollowRequest, Mute

if TYPE_CHECKING:
    from accounts.models import UserQuerySet, Viewer


def follows(viewer: Viewer, person: str) -> Expression:
    """Return the condition that `viewer` follows the person whose id is in the outer column `person`."""
    return _FOLLOWS(person=person, viewer=viewer.pk)


_FOLLOWS: Final = CompiledExists(
    lambda person, viewer: Follow.objects.filter(follower_id=viewer, followee_id=person), outer=["person"]
)


def content_visible_q(viewer: Viewer, path: str = "", person: str = "pk") -> Q:
    """Q matching users at `path`, with their id in `person`, whose posts and lists `viewer` may see.

    Public accounts match for everyone, private ones for their followers and owner. A request is not a follow.
    """
    public = Q(**{f"{path}is_private": False})
    if not viewer.is_authenticated:
        return public
    return public | Q(**{person: viewer.pk}) | Q(follows(viewer, person))


def not_muted(viewer: Viewer, person: str) -> Q:
    """Return the condition that `viewer` has not muted the person whose id is in the outer column `person`."""
    if not viewer.is_authenticated:
        return Q()
    return ~Q(MUTES(person=person, viewer=viewer.pk))


MUTES: Final = CompiledExists(
    lambda person, viewer: Mute.objects.filter(muter_id=viewer, muted_id=person), outer=["person"]
)
"""The condition that `viewer` has muted `person`."""


def with_follow_state(people: UserQuerySet, viewer: Viewer) -> UserQuerySet:
    """Annotate `people` with followed_by_viewer and requested_by_viewer, through the unique indexes."""
    followed: models.expressions.Expression = Value(False, models.BooleanField())
    requested = followed
    if viewer.is_authenticated:
        followed, requested = follows(viewer, "pk"), _ASKED(person="pk", viewer=viewer.pk)
    state = {"followed_by_viewer": followed, "requested_by_viewer": requested}
    return people.annotate(**state)


_ASKED: Final = CompiledExists(
    lambda person, viewer: FollowRequest.objects.filter(requester_id=viewer, target_id=person), outer=["person"]
)


def with_close_state(people: UserQuerySet, viewer: Viewer) -> UserQuerySet:
    """Annotate `people` with viewer_is_close: True if `viewer` is one of their close friends. Uses the unique index."""
    annotation = {"viewer_is_close": is_close_friend(viewer, "pk")}
    return people.annotate(**annotation)


def is_close_friend(viewer: Viewer, person: str) -> Expression:
    """Return the condition that `viewer` is a close friend of the person whose id is in the outer column `person`."""
    return _IS_CLOSE_FRIEND(person=person, viewer=viewer.pk)


_IS_CLOSE_FRIEND: Final = CompiledExists(
    lambda person, viewer: CloseFriend.objects.filter(owner_id=person, friend_id=viewer), outer=["person"]
)


def not_between_blocked(one: str, other: str) -> Q:
    """Return the condition that neither of the people in the outer columns `one` and `other` blocks the other."""
    return ~Q(_BLOCKS(blocker=one, blocked=other)) & ~Q(_BLOCKS(blocker=other, blocked=one))


_BLOCKS: Final = CompiledExists(
    lambda blocker, blocked: Block.objects.filter(blocker_id=blocker, blocked_id=blocked), outer=["blocker", "blocked"]
)
