"""People as a viewer sees them, and their follow requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, QuerySet, Value

from accounts.models import User, UserQuerySet, Viewer
from accounts.statements import ViewerStatement
from common.compiled_queries import CompiledExists
from common.statements import Statement
from social.conditions import MUTES, content_visible_q, with_follow_state
from social.models import CloseFriend, Follow, FollowRequest, Restrict

MAX_COUNTED_REQUESTS = 99


def visible_people_in_order(ids: Sequence[int], viewer: Viewer) -> list[User]:
    """Return the users with these ids that `viewer` may see, in this order, with followed_by_viewer. One query."""
    people = _PEOPLE.rows(viewer, ids=ids) if ids else []
    by_id = {person.pk: person for person in people}
    return [by_id[pk] for pk in ids if pk in by_id]


def _people(viewer: Viewer, ids: list[int]) -> UserQuerySet:
    people: UserQuerySet = User.objects.visible_to(viewer).for_display().filter(pk__any_of=ids)
    return with_follow_state(people, viewer)


_PEOPLE: Final = ViewerStatement[User]("visible_people", _people, ids="bigint[]")


def with_visible_content(viewer: Viewer) -> UserQuerySet:
    """Return users whose posts and lists `viewer` may see: public accounts, and private ones that they follow."""
    people: UserQuerySet = User.objects.visible_to(viewer).filter(content_visible_q(viewer))
    return people


def find_open_person(username: str, viewer: Viewer) -> User | None:
    """Return the person with this username of `with_visible_content`, or None. One query."""
    return _OPEN.first(viewer, username=username)


_OPEN: Final = ViewerStatement[User](
    "open_person", lambda viewer, username: with_visible_content(viewer).filter(username=username), username="text"
)


def blocked_by(viewer: User) -> UserQuerySet:
    """Return people that `viewer` has blocked, for the pages that unblock. They may have blocked the viewer too."""
    people: UserQuerySet = User.objects.active().filter(blocks_received__blocker=viewer)
    return people


def with_relations(people: UserQuerySet, viewer: Viewer) -> UserQuerySet:
    """Annotate `with_follow_state`, is_content_visible, follows_viewer, and what `viewer` has chosen for each person.

    The choices are is_muted, is_restricted, is_close_friend and is_favourite. For the header of a profile. Show them to
    the viewer only.
    """
    state: dict[str, Any] = dict.fromkeys(_RELATIONS, _NO)
    if viewer.is_authenticated:
        state = {name: subquery(person="pk", viewer=viewer.pk) for name, subquery in _RELATIONS.items()}
    state["is_content_visible"] = ExpressionWrapper(content_visible_q(viewer), output_field=BooleanField())
    return with_follow_state(people, viewer).annotate(**state)


_NO = Value(False, output_field=BooleanField())
_RELATIONS: Final = {
    "follows_viewer": CompiledExists(
        lambda person, viewer: Follow.objects.filter(follower_id=person, followee_id=viewer), outer=["person"]
    ),
    "is_muted": MUTES,
    "is_restricted": CompiledExists(
        lambda person, viewer: Restrict.objects.filter(restricter_id=viewer, restricted_id=person), outer=["person"]
    ),
    "is_close_friend": CompiledExists(
        lambda person, viewer: CloseFriend.objects.filter(owner_id=viewer, friend_id=person), outer=["person"]
    ),
    "is_favourite": CompiledExists(
        lambda person, viewer: Follow.objects.filter(follower_id=viewer, followee_id=person, is_favourite=True),
        outer=["person"],
    ),
}


def follow_requests_for(person: User) -> QuerySet[FollowRequest]:
    """Return follow requests to `person` by users that they may see."""
    return FollowRequest.objects.filter(target=person, requester__in=User.objects.visible_to(person))


def has_requests(person: str) -> Exists:
    """Return the condition of `user.flags.has_requests`: an open request to follow the person in the outer `person`."""
    return Exists(FollowRequest.objects.filter(target=OuterRef(person)))


def request_count_text(person: User) -> str:
    """Return the number of requests for display: "", "1" … "99", "99+".

    No query for public accounts, and if the person's flags tell that it is "".
    """
    if not (person.is_private and person.flags.has_requests):
        return ""
    count = len(_SOME_REQUESTS.rows(person=person.pk))
    return f"{MAX_COUNTED_REQUESTS}+" if count > MAX_COUNTED_REQUESTS else str(count or "")


def _some_requests(person: int) -> QuerySet[Any, Any]:
    return follow_requests_for(User(pk=person)).values_list("pk")[: MAX_COUNTED_REQUESTS + 1]


_SOME_REQUESTS: Final[Statement[Any]] = Statement("follow_requests", _some_requests, person="bigint")
