"""People as a viewer sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import BooleanField, ExpressionWrapper, Value

from accounts.models import User, UserQuerySet, Viewer
from common.compiled_queries import CompiledExists
from social.models import CloseFriend, Follow, Mute, Restrict, content_visible_q, with_follow_state


def visible_people_in_order(ids: Sequence[int], viewer: Viewer) -> list[User]:
    """Return the users with these ids whom `viewer` may see, in this order, with followed_by_viewer. One query."""
    visible = with_follow_state(User.objects.visible_to(viewer).for_display(), viewer).filter(pk__in=ids)
    by_id = {person.pk: person for person in visible}
    return [by_id[pk] for pk in ids if pk in by_id]


def with_visible_content(viewer: Viewer) -> UserQuerySet:
    """Return users whose posts and lists `viewer` may see: public accounts, and private ones that they follow."""
    people: UserQuerySet = User.objects.visible_to(viewer).filter(content_visible_q(viewer))
    return people


def blocked_by(viewer: User) -> UserQuerySet:
    """People whom `viewer` has blocked: for the pages where that is undone. They may have blocked the viewer too."""
    people: UserQuerySet = User.objects.active().filter(blocks_received__blocker=viewer)
    return people


def with_relations(people: UserQuerySet, viewer: Viewer) -> UserQuerySet:
    """Annotate `with_follow_state`, is_content_visible, follows_viewer, is_muted, is_restricted and is_close_friend.

    For the head of a profile. Only the viewer may learn the last three.
    """
    state: dict[str, Any] = dict.fromkeys(("follows_viewer", "is_muted", "is_restricted", "is_close_friend"), _NO)
    if viewer.is_authenticated:
        state = {name: subquery(person="pk", viewer=viewer.pk) for name, subquery in _RELATIONS.items()}
    state["is_content_visible"] = ExpressionWrapper(content_visible_q(viewer), output_field=BooleanField())
    return with_follow_state(people, viewer).annotate(**state)


_NO = Value(False, output_field=BooleanField())
_RELATIONS: Final = {
    "follows_viewer": CompiledExists(
        lambda person, viewer: Follow.objects.filter(follower_id=person, followee_id=viewer), outer=["person"]
    ),
    "is_muted": CompiledExists(
        lambda person, viewer: Mute.objects.filter(muter_id=viewer, muted_id=person), outer=["person"]
    ),
    "is_restricted": CompiledExists(
        lambda person, viewer: Restrict.objects.filter(restricter_id=viewer, restricted_id=person), outer=["person"]
    ),
    "is_close_friend": CompiledExists(
        lambda person, viewer: CloseFriend.objects.filter(owner_id=viewer, friend_id=person), outer=["person"]
    ),
}
