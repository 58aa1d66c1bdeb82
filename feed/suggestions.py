"""People to follow: friends of friends first, then popular and new ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.core.cache import cache
from django.db import connection
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from feed.models import DismissedPerson
from social.conditions import follows, not_muted, with_follow_state
from social.models import FollowRequest
from social.visible import shown_follows, visible_people

KEPT_SECONDS: Final = 3600
MAX_SUGGESTED: Final = 100
"""Of each kind, and what the page of all shows at most."""

OWN_FOLLOWS: Final = 100
"""Of the reader's newest follows, whose own are looked at…"""

THEIR_FOLLOWS: Final = 200
"""… and the newest follows of each: 20,000 entries of an index at most."""

SHOWN_NAMES: Final = 3
"""Of those by whom a person is followed, kept in case that some are not to be named when the list is shown."""

POPULAR, NEW = "Popular", "New here"


@dataclass(frozen=True)
class Candidate:
    """Somebody who may be suggested; who they are to the reader is asked when they are."""

    person_id: int
    reason: str = ""
    followed_by: tuple[int, ...] = ()
    """Up to SHOWN_NAMES of those whom the reader follows and who follow them…"""
    friends: int = 0
    """… and how many there are."""


def suggestions_for(reader: User, *, count: int = 5) -> list[User]:
    """The first people to suggest to `reader`, each with a `reason`. See `suggestions_after`."""
    return suggestions_after(reader, 0, count=count)[0]


def suggestions_after(reader: User, start: int, *, count: int) -> tuple[list[User], int | None]:
    """Return up to `count` suggestions after the first `start`, and how many come before the next (None at the end).

    Nobody whom the reader follows, has asked, muted or dismissed, or may not see; a reason names only people whom the
    reader follows and sees by now. Such candidates are not counted: the cursor tells nothing of them. Cost: the list of
    candidates from the cache (three queries an hour and after each follow), and usually one query a page.
    """
    found: list[User] = []
    candidates, at, wanted = candidates_for(reader), 0, start + count + 1
    while at < len(candidates) and len(found) < wanted:
        batch = candidates[at : at + start + 2 * count]
        people = _people(reader, {pk for one in batch for pk in (one.person_id, *one.followed_by)})
        found += [person for one in batch if (person := _suggested(one, people))]
        at += len(batch)
    return found[start : start + count], start + count if len(found) >= wanted else None


def _people(reader: User, ids: set[int]) -> dict[int, User]:
    """Those of `ids` whom the reader sees and has not muted, with what the reader is to them. One query."""
    people = with_follow_state(User.objects.visible_to(reader).for_display(), reader)
    dismissed = DismissedPerson.objects.filter(person_id=reader.pk, dismissed_id=OuterRef("pk"))
    people = people.filter(not_muted(reader, "pk"), pk__in=ids).annotate(is_dismissed=Exists(dismissed))
    return {person.pk: person for person in people}


def _suggested(one: Candidate, people: dict[int, User]) -> User | None:
    person: Any = people.get(one.person_id)
    if person is None or person.followed_by_viewer or person.requested_by_viewer or person.is_dismissed:
        return None
    person.reason = one.reason
    if one.followed_by:
        friends = [people[pk] for pk in one.followed_by if pk in people and people[pk].followed_by_viewer]
        if not friends:
            return None
        # Those who are not to be named are not counted either.
        number = one.friends - (len(one.followed_by) - len(friends))
        person.reason = followed_by([friend.username for friend in friends], number)
    return person  # type: ignore[no-any-return]


def followed_by(names: list[str], number: int) -> str:
    """ "Followed by anna", "… by anna and ben", "… by anna and 3 others": of `number` people, the first of `names`."""
    if number == 1:
        return f"Followed by {names[0]}"
    if number == 2 and len(names) >= 2:
        return f"Followed by {names[0]} and {names[1]}"
    return f"Followed by {names[0]} and {number - 1} other{'' if number == 2 else 's'}"


# --- Candidates -------------------------------------------------------------------------------------------------------


def suggestions_key(reader: User) -> str:
    """Another after each follow, block and mute of the reader, which all move their `follows_version`."""
    return f"suggested:{reader.pk}:{reader.follows_version}"


def candidates_for(reader: User) -> list[Candidate]:
    key = suggestions_key(reader)
    kept = cache.get(key)
    if kept is None:
        kept = find_candidates(reader)
        cache.set(key, kept, KEPT_SECONDS)
    return [Candidate(*one) for one in kept]


def find_candidates(reader: User) -> list[tuple[int, str, tuple[int, ...], int]]:
    """The fields of candidates, which the cache keeps: friends of friends, then two popular people to each new one.

    Three queries.
    """
    found = [(pk, "", tuple(by), number) for pk, by, number in _friends_of_friends(reader)]
    known = {one[0] for one in found}
    asked = FollowRequest.objects.filter(requester=reader, target=OuterRef("pk"))
    others = User.objects.visible_to(reader).exclude(pk=reader.pk).filter(~follows(reader, "pk"), ~Exists(asked))
    # Of a private account the number of posts would tell of posts that the reader may not see.
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
    """Return people followed by those whom the reader follows: (id, some of those, how many), the most followed first.

    People whom the reader may not see are left out before each limit.
    """
    people, values = visible_people(reader).named("visible")
    shown, values_of_shown = shown_follows(reader).named("follows")
    with connection.cursor() as cursor:
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
