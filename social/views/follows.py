"""Follow and unfollow people, and lists of followers and followees."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.http import MemberRequest
from accounts.models import User
from common.http import render_list
from common.pagination import Page
from social import lists
from social.actions import follows
from social.actions.blocks import BlockedError
from social.queries import find_open_person, visible_people_in_order
from social.rows import follow_button
from social.views.lookup import visible_person

PEOPLE_PER_PAGE = 30


@require_POST
def follow(request: MemberRequest, username: str) -> HttpResponse:
    """Follow a person, or send a follow request if the account is private."""
    person = visible_person(request, username)
    if person.pk != request.user.pk:
        try:
            follows.follow(request.user, followee=person)
        except BlockedError as error:
            raise Http404 from error
    return _follow_button(request, person)


@require_POST
def unfollow(request: MemberRequest, username: str) -> HttpResponse:
    """Unfollow a person, or cancel the follow request."""
    person = visible_person(request, username)
    ended = follows.unfollow(request.user, followee=person)
    if ended and person.is_private and _is_on_page_of(request, person):
        # The posts below the button are no longer visible to the viewer.
        return HttpResponseClientRefresh()
    return _follow_button(request, person)


@require_safe
def followers(request: MemberRequest, username: str) -> HttpResponse:
    """List the person's followers, the newest first."""
    person = _open_person(request, username)
    page = lists.followers.page(request, PEOPLE_PER_PAGE, person.pk)
    return _list(request, "social/followers.html", person, page)


@require_safe
def following(request: MemberRequest, username: str) -> HttpResponse:
    """List the people that the person follows, the newest first."""
    person = _open_person(request, username)
    page = lists.followees.page(request, PEOPLE_PER_PAGE, person.pk)
    return _list(request, "social/following.html", person, page)


def _open_person(request: MemberRequest, username: str) -> User:
    person = find_open_person(username.lower(), request.user)
    if person is None:
        raise Http404
    return person


def _list(request: MemberRequest, template: str, person: User, page: Page[User]) -> HttpResponse:
    # People can remove their own followers.
    is_removable = template == "social/followers.html" and person.pk == request.user.pk
    context = {"person": person, "page": page, "is_removable": is_removable}
    return render_list(request, template, "components/_people.html", context)


def _follow_button(request: MemberRequest, person: User) -> HttpResponse:
    """Return the new button to htmx; redirect browsers without JavaScript to the profile."""
    if not request.htmx:
        return redirect(person)
    people = visible_people_in_order([person.pk], request.user)
    if not people:
        raise Http404
    return HttpResponse(follow_button(people[0], request.user))


def _is_on_page_of(request: MemberRequest, person: User) -> bool:
    path = urlsplit(request.htmx.current_url or "").path if request.htmx else ""
    return path.lower() == person.get_absolute_url()
