"""A user's private lists of people: blocked, muted, restricted, close friends and favourites, for pages and the API.

Each function returns one page, the newest entry first, in two queries.
"""

from __future__ import annotations

from accounts.http import MemberRequest
from accounts.models import User
from common.pagination import Page, page_by_id
from social.conditions import with_follow_state
from social.models import Block, CloseFriend, Follow, Mute, Restrict
from social.queries import blocked_by, visible_people_in_order


def blocked_people(request: MemberRequest, size: int) -> Page[User]:
    people = blocked_by(request.user)
    page = page_by_id(request, Block.objects.filter(blocker=request.user, blocked__in=people), size)
    shown = with_follow_state(people.for_display(), request.user)
    by_id = {person.pk: person for person in shown.filter(pk__in=[block.blocked_id for block in page])}
    found = [by_id[block.blocked_id] for block in page if block.blocked_id in by_id]
    return Page(found, page.next_url)


def muted_people(request: MemberRequest, size: int) -> Page[User]:
    mutes = Mute.objects.filter(muter=request.user, muted__in=User.objects.visible_to(request.user))
    page = page_by_id(request, mutes, size)
    return Page(visible_people_in_order([mute.muted_id for mute in page], request.user), page.next_url)


def restricted_people(request: MemberRequest, size: int) -> Page[User]:
    visible = User.objects.visible_to(request.user)
    page = page_by_id(request, Restrict.objects.filter(restricter=request.user, restricted__in=visible), size)
    return Page(visible_people_in_order([one.restricted_id for one in page], request.user), page.next_url)


def close_friends(request: MemberRequest, size: int) -> Page[User]:
    friends = CloseFriend.objects.filter(owner=request.user, friend__in=User.objects.visible_to(request.user))
    page = page_by_id(request, friends, size)
    return Page(visible_people_in_order([one.friend_id for one in page], request.user), page.next_url)


def favourites(request: MemberRequest, size: int) -> Page[User]:
    """Return favourites in the order in which they were followed, the newest follow first."""
    visible = User.objects.visible_to(request.user)
    page = page_by_id(
        request, Follow.objects.filter(follower=request.user, is_favourite=True, followee__in=visible), size
    )
    return Page(visible_people_in_order([one.followee_id for one in page], request.user), page.next_url)
