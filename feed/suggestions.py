"""Suggested people: first those followed by the reader's followees, then popular and new people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT

from accounts.models import User
from common import valkey
from common.fast_reverse import fast_reverse
from common.replicas import read_connection
from common.statements import Statement
from feed.models import DismissedPerson
from social.conditions import follows, not_muted, with_follow_state
from social.models import FollowRequest
from social.visible import shown_follows, visible_people

KEPT_SECONDS: Final = 3600
_END: Final = b"end"
"""The last element of a stored list."""

MAX_SUGGESTED: Final = 100
"""The number of candidates of each kind, and the length of the full list."""

OWN_FOLLOWS: Final = 100
"""The number of the reader's newest follows whose own follows are read."""

THEIR_FOLLOWS: Final = 200
"""The number of newest follows read of each of them: at most 20,000 index entries in total."""

SHOWN_NAMES: Final = 3
"""The number of followers kept for a reason, in case the reader may not see some of them when the list is shown."""

SPARE: Final = 2
"""The number of further candidates that are checked with those for the panel, in case some may not be shown."""

POPULAR, NEW = "Popular", "New here"


class Candidate(NamedTuple):
    """A person who may be suggested. Visibility and follows are checked when the list is shown."""

    person_id: int
    reason: str = ""
    followed_by: Sequence[int] = ()
    """Up to SHOWN_NAMES of the reader's followees who follow the person."""
    friends: int = 0
    """The number of the reader's followees who follow the person."""


class Suggestion(NamedTuple):
    shown: ShownPerson
    reason: str

    @property
    def person(self) -> User:
        """The person for display, with the columns of a list of people."""
        return self.shown.person


def suggestions_for(reader: User, *, count: int = 5) -> list[Suggestion]:
    """Return the first `count` suggestions of `suggestions_after`. The same cost, for fewer candidates."""
    return _find(reader, count, batch=count + SPARE)[:count]


def suggestions_after(reader: User, start: int, *, count: int) -> tuple[list[Suggestion], int | None]:
    """Return up to `count` suggestions after the first `start`, and the `start` of the next page (None at the end).

    Leaves out people that the reader follows, has asked, muted or dismissed, or may not see. A reason names only people
    that the reader currently follows and may see. The cursor does not count candidates that were left out, so it
    reveals nothing about them. Cost: usually one round trip to Valkey and one query; the list of candidates costs three
    queries an hour and after each follow.
    """
    wanted = start + count + 1
    found = _find(reader, wanted, batch=start + 2 * count)
    return found[start : start + count], start + count if len(found) >= wanted else None


def _find(reader: User, wanted: int, *, batch: int) -> list[Suggestion]:
    """Return at least `wanted` suggestions, or all. Checks `batch` candidates at once."""
    found: list[Suggestion] = []
    at, is_end = 0, False
    while len(found) < wanted and not is_end:
        candidates = candidates_for(reader, at, batch)
        people = _people(reader, {pk for one in candidates for pk in (one.person_id, *one.followed_by)})
        found += [shown for one in candidates if (shown := _shown(one, people))]
        at += batch
        is_end = len(candidates) < batch
    return found


class ShownPerson(NamedTuple):
    """A visible person as columns, and whether the reader follows them, or has asked to follow or dismissed them."""

    pk: int
    username: str
    name: str
    avatar_96: str | None
    avatar_320: str | None
    """The storage keys of the avatar at these sizes."""
    avatar_state: str
    is_private: bool
    followed_by_viewer: bool
    requested_by_viewer: bool
    is_dismissed: bool

    @property
    def display_name(self) -> str:
        return self.name or self.username

    @property
    def avatar_small_url(self) -> str:
        return fast_reverse("avatar", self.pk, self.avatar_96) if self.avatar_96 else ""

    @property
    def person(self) -> User:
        """The person for display, neither followed nor asked."""
        avatar = {size: {"webp": key} for size, key in (("96", self.avatar_96), ("320", self.avatar_320)) if key}
        values = (self.pk, self.username, self.name, avatar, self.avatar_state, self.is_private)
        found = User.from_db(DEFAULT_DB_ALIAS, _PERSON_FIELDS, values)
        found.followed_by_viewer = found.requested_by_viewer = False
        return found


_PERSON_FIELDS: Final = ("id", "username", "name", "avatar", "avatar_state", "is_private")


def _people(reader: User, ids: Iterable[int]) -> dict[int, ShownPerson]:
    """Return the people with these ids that the reader may see and has not muted. One statement."""
    rows = _PEOPLE.rows(reader=reader.pk, ids=ids)
    return {row[0]: ShownPerson(*row) for row in rows}


def _candidate_rows(reader: int, ids: list[int]) -> QuerySet[Any, Any]:
    viewer = User(pk=reader)
    people = with_follow_state(User.objects.visible_to(viewer), viewer)
    dismissed = DismissedPerson.objects.filter(person_id=reader, dismissed_id=OuterRef("pk"))
    people = people.filter(not_muted(viewer, "pk"), pk__any_of=ids).annotate(
        is_dismissed=Exists(dismissed), avatar_96=KT("avatar__96__webp"), avatar_320=KT("avatar__320__webp")
    )
    return people.values_list(*ShownPerson._fields)


_PEOPLE: Final = Statement[Any]("suggested_people", _candidate_rows, reader="bigint", ids="bigint[]")


def _shown(one: Candidate, people: dict[int, ShownPerson]) -> Suggestion | None:
    """Return the suggestion of a candidate; None if the reader is not shown it."""
    known = people.get(one.person_id)
    if known is None or known.followed_by_viewer or known.requested_by_viewer or known.is_dismissed:
        return None
    if not one.followed_by:
        return Suggestion(known, one.reason)
    friends = [people[pk].username for pk in one.followed_by if pk in people and people[pk].followed_by_viewer]
    if not friends:
        return None
    # Followers who must not be named are not counted either.
    number = one.friends - (len(one.followed_by) - len(friends))
    return Suggestion(known, followed_by(friends, number))


def followed_by(names: list[str], number: int) -> str:
    """Return "Followed by anna", "… by anna and ben" or "… by anna and 3 others", for `number` people."""
    if number == 1:
        return f"Followed by {names[0]}"
    if number == 2 and len(names) >= 2:
        return f"Followed by {names[0]} and {names[1]}"
    return f"Followed by {names[0]} and {number - 1} other{'' if number == 2 else 's'}"


# --- Candidates -------------------------------------------------------------------------------------------------------


def suggestions_key(reader: User) -> str:
    """Return the cache key. It changes with each follow, block and mute of the reader, like `follows_version`."""
    return f"suggested:{reader.pk}:{reader.follows_version}"


def candidates_for(reader: User, start: int, count: int) -> list[Candidate]:
    """Return up to `count` candidates after the first `start`; fewer mean the end of the list.

    They are a list in Valkey, so that a page reads only its own. Without Valkey, each call computes them.
    """
    with valkey.optional("suggestions are found anew", url=settings.CACHE_URL) as is_available:
        if is_available:
            key = suggestions_key(reader)
            wanted = ("LRANGE", key, start, start + count - 1)
            stored, is_stored = valkey.send(valkey.pages(), wanted, ("EXISTS", key))
            if not is_stored:
                _store(key, find_candidates(reader))
                [stored] = valkey.send(valkey.pages(), wanted)
            texts = [one for one in stored if one != _END]
            return [Candidate(*one) for one in json.loads(b"[" + b",".join(texts) + b"]")]
    return [Candidate(*one) for one in find_candidates(reader)[start : start + count]]


def _store(key: str, candidates: Iterable[tuple[Any, ...]]) -> None:
    """Replace the list in one transaction. _END shows that an empty list has been stored."""
    pipe = valkey.pages().pipeline(transaction=True)
    pipe.delete(key)
    pipe.rpush(key, *[json.dumps(one) for one in candidates], _END)
    pipe.expire(key, KEPT_SECONDS)
    pipe.execute()


def find_candidates(reader: User) -> list[tuple[int, str, tuple[int, ...], int]]:
    """Return the fields of the candidates, as they are stored. Three queries.

    People followed by followees come first, then two popular people for each new one.
    """
    found = [(pk, "", tuple(by), number) for pk, by, number in _friends_of_friends(reader)]
    known = {one[0] for one in found}
    asked = FollowRequest.objects.filter(requester=reader, target=OuterRef("pk"))
    others = User.objects.visible_to(reader).exclude(pk=reader.pk).filter(~follows(reader, "pk"), ~Exists(asked))
    # The number of posts of a private account must not have an effect: the reader may not see the posts.
    others = others.filter(Q(is_private=True) | Q(folded_posts__gt=0)).exclude(pk__in=known)
    popular = list(
        others.filter(folded_followers__gt=0)
        .order_by("-folded_followers", "-id")
        .values_list("pk", flat=True)[:MAX_SUGGESTED]
    )
    new = [pk for pk in others.order_by("-id").values_list("pk", flat=True)[:MAX_SUGGESTED] if pk not in set(popular)]
    while (popular or new) and len(found) < MAX_SUGGESTED:
        found += [(pk, POPULAR, (), 0) for pk in popular[:2]]
        found += [(pk, NEW, (), 0) for pk in new[:1]]
        popular, new = popular[2:], new[1:]
    return found[:MAX_SUGGESTED]


def _friends_of_friends(reader: User) -> list[tuple[int, list[int], int]]:
    """Return people followed by the reader's followees: (id, up to SHOWN_NAMES followees, number of followees).

    People with the most followees come first. Hidden people are left out before each limit is applied.
    """
    people, values = visible_people(reader).named("visible")
    shown, values_of_shown = shown_follows(reader).named("follows")
    with read_connection().cursor() as cursor:
        cursor.execute(
            f"""
            WITH friend AS (
                SELECT follow.followee_id AS id FROM ({shown}) AS follow ORDER BY follow.id DESC LIMIT %(own)s
            )
            SELECT theirs.followee_id, (array_agg(friend.id ORDER BY theirs.id DESC))[1:%(names)s], count(*) AS friends
            FROM friend CROSS JOIN LATERAL (
                SELECT follow.id, follow.followee_id FROM social_follow AS follow
                JOIN ({people}) AS person ON person.id = follow.followee_id
                WHERE follow.follower_id = friend.id ORDER BY follow.id DESC LIMIT %(their)s
            ) AS theirs
            WHERE theirs.followee_id <> %(reader)s AND NOT EXISTS (
                SELECT FROM social_follow AS mine
                WHERE mine.follower_id = %(reader)s AND mine.followee_id = theirs.followee_id)
            GROUP BY theirs.followee_id ORDER BY friends DESC, max(theirs.id) DESC LIMIT %(count)s
            """,  # noqa: S608  (the SQL of visible_people and shown_follows)
            values
            | values_of_shown
            | {
                "reader": reader.pk,
                "own": OWN_FOLLOWS,
                "their": THEIR_FOLLOWS,
                "names": SHOWN_NAMES,
                "count": MAX_SUGGESTED,
            },
        )
        return cursor.fetchall()  # type: ignore[no-any-return]
