from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest
from accounts.models import User
from common.http import varies_by_htmx
from common.pagination import Page, page_by_id
from social import actions
from social.models import Follow
from social.people import people_in_order

PEOPLE_PER_PAGE = 30


@require_POST
def follow(request: MemberRequest, username: str) -> HttpResponse:
    person = _person(request, username)
    if person.pk != request.user.pk:
        actions.follow(request.user, followee=person)
    return _follow_button(request, person)


@require_POST
def unfollow(request: MemberRequest, username: str) -> HttpResponse:
    person = _person(request, username)
    actions.unfollow(request.user, followee=person)
    return _follow_button(request, person)


@require_safe
def followers(request: MemberRequest, username: str) -> HttpResponse:
    """Who follows the person, the newest first."""
    person = _person(request, username)
    follows = Follow.objects.filter(followee=person, follower__in=User.objects.visible_to(request.user))
    page = page_by_id(request, follows, PEOPLE_PER_PAGE)
    people = people_in_order([follow.follower_id for follow in page], request.user)
    return _list(request, "social/followers.html", person, Page(people, page.next_url))


@require_safe
def following(request: MemberRequest, username: str) -> HttpResponse:
    """Whom the person follows, the newest first."""
    person = _person(request, username)
    follows = Follow.objects.filter(follower=person, followee__in=User.objects.visible_to(request.user))
    page = page_by_id(request, follows, PEOPLE_PER_PAGE)
    people = people_in_order([follow.followee_id for follow in page], request.user)
    return _list(request, "social/following.html", person, Page(people, page.next_url))


def _person(request: MemberRequest, username: str) -> User:
    person: User = get_object_or_404(User.objects.visible_to(request.user), username=username.lower())
    return person


def _list(request: MemberRequest, template: str, person: User, page: Page[User]) -> HttpResponse:
    """The page, or for htmx its further rows."""
    is_fragment = request.htmx and "cursor" in request.GET
    template = "components/_people.html" if is_fragment else template
    return varies_by_htmx(render(request, template, {"person": person, "page": page}))


def _follow_button(request: MemberRequest, person: User) -> HttpResponse:
    """The redrawn button for htmx; for a browser without JavaScript, back to the profile."""
    if not request.htmx:
        return redirect(person)
    [person] = people_in_order([person.pk], request.user)
    return render(request, "social/_follow_button.html", {"person": person})
