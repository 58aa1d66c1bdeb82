"""Lists of people for pages and the API: followers and followees, and a user's private lists.

Each function returns one page, the newest entry first, in two queries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from django.db.models import Manager, QuerySet

from accounts.http import MemberRequest
from accounts.models import User, UserQuerySet
from common.pagination import MAX_BIGINT, Page, cursor_of, page_of
from common.statements import LIMIT, Statement
from social.conditions import with_follow_state
from social.models import Block, CloseFriend, Follow, FollowRequest, Mute, Restrict
from social.queries import blocked_by, visible_people_in_order

MAX_ENTRIES: Final = 101
"""The largest number of entries that a list is asked for: a page of 100, and one more."""


class _Entry(NamedTuple):
    id: int
    person_id: int


class PeopleList:
    """A list of people in the rows of a table: `PeopleList("muted", Mute.objects, of="muter", who="muted")`.

    `of` is the column with the id of the list's owner or object, and `who` the relation to the people, of whom the list
    has those in `people(viewer)`.
    """

    def __init__(
        self,
        name: str,
        rows: Manager[Any] | QuerySet[Any, Any],
        *,
        of: str,
        who: str,
        people: Callable[[User], UserQuerySet] = User.objects.visible_to,
    ) -> None:
        def entries(viewer: int, owner: int, before: int) -> QuerySet[Any, Any]:
            shown = {f"{of}_id": owner, f"{who}__in": people(User(pk=viewer)), "pk__lt": before}
            return rows.filter(**shown).order_by("-pk").values_list("pk", f"{who}_id")[:MAX_ENTRIES]

        self._entries = Statement[Any](name, entries, viewer="bigint", owner="bigint", before="bigint", count=LIMIT)

    def ids(self, request: MemberRequest, size: int, owner: int | None = None) -> Page[int]:
        """Return the ids of the people on a page after the request's cursor. One query.

        `owner` is the id of the list's owner or object; without one, that of the viewer.
        """
        viewer, before = request.user.pk, cursor_of(request) or MAX_BIGINT
        owner = viewer if owner is None else owner
        rows = self._entries.rows(viewer=viewer, owner=owner, before=before, count=size + 1)
        page = page_of(request, [_Entry(*row) for row in rows], size)
        return Page([entry.person_id for entry in page], page.next_url)

    def page(self, request: MemberRequest, size: int, owner: int | None = None) -> Page[User]:
        """Return the people on a page, with followed_by_viewer. Two queries."""
        ids = self.ids(request, size, owner)
        return Page(visible_people_in_order(ids.items, request.user), ids.next_url)


followers: Final = PeopleList("followers", Follow.objects, of="followee", who="follower")
followees: Final = PeopleList("followees", Follow.objects, of="follower", who="followee")
requesters: Final = PeopleList("requesters", FollowRequest.objects, of="target", who="requester")


def blocked_people(request: MemberRequest, size: int) -> Page[User]:
    ids = _BLOCKED.ids(request, size)
    people = _BLOCKED_PEOPLE.rows(viewer=request.user.pk, ids=ids.items) if ids.items else []
    by_id = {person.pk: person for person in people}
    return Page([by_id[pk] for pk in ids if pk in by_id], ids.next_url)


def muted_people(request: MemberRequest, size: int) -> Page[User]:
    return _MUTED.page(request, size)


def restricted_people(request: MemberRequest, size: int) -> Page[User]:
    return _RESTRICTED.page(request, size)


def close_friends(request: MemberRequest, size: int) -> Page[User]:
    return _CLOSE_FRIENDS.page(request, size)


def favourites(request: MemberRequest, size: int) -> Page[User]:
    """Return favourites in the order in which they were followed, the newest follow first."""
    return _FAVOURITES.page(request, size)


def _blocked(viewer: int, ids: list[int]) -> UserQuerySet:
    reader = User(pk=viewer)
    people: UserQuerySet = blocked_by(reader).for_display().filter(pk__any_of=ids)
    return with_follow_state(people, reader)


_BLOCKED_PEOPLE: Final = Statement[User]("people_blocked_by_viewer", _blocked, viewer="bigint", ids="bigint[]")
# People who blocked the viewer in turn are in the list.
_BLOCKED: Final = PeopleList("blocks", Block.objects, of="blocker", who="blocked", people=blocked_by)
_MUTED: Final = PeopleList("mutes", Mute.objects, of="muter", who="muted")
_RESTRICTED: Final = PeopleList("restrictions", Restrict.objects, of="restricter", who="restricted")
_CLOSE_FRIENDS: Final = PeopleList("close_friends", CloseFriend.objects, of="owner", who="friend")
_FAVOURITES: Final = PeopleList("favourites", Follow.objects.filter(is_favourite=True), of="follower", who="followee")
