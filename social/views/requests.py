"""Follow requests: the list, and approving and refusing them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest
from accounts.models import User
from common.http import next_url, render_list
from social import lists
from social.actions import requests as request_actions
from social.queries import request_count_text, visible_people_in_order
from social.views.lookup import visible_person

REQUESTS_PER_PAGE = 30


@require_safe
def requests(request: MemberRequest) -> HttpResponse:
    """List the people who have asked to follow the user, the newest request first."""
    context = {"page": lists.requesters.page(request, REQUESTS_PER_PAGE)}
    return render_list(request, "social/requests.html", "social/_requests.html", context)


@require_POST
def approve(request: MemberRequest, username: str) -> HttpResponse:
    person = visible_person(request, username)
    approved = request_actions.approve_request(request.user, requester=person)
    return _answered(request, person, f"{person.username} now follows you." if approved else "")


@require_POST
def refuse(request: MemberRequest, username: str) -> HttpResponse:
    person = visible_person(request, username)
    refused = request_actions.refuse_request(request.user, requester=person)
    return _answered(request, person, f"You declined the request from {person.username}." if refused else "")


def _answered(request: MemberRequest, person: User, said: str) -> HttpResponse:
    """Return the row with the result to htmx; redirect browsers without scripts to the list."""
    said = said or "This request is no longer available."
    if not request.htmx:
        messages.success(request, said)
        return redirect(next_url(request, reverse("social:requests")))
    [person] = visible_people_in_order([person.pk], request.user) or [person]
    context = {"person": person, "said": said, "follow_requests": request_count_text(request.user)}
    return render(request, "social/_answered.html", context)


@require_POST
def approve_all(request: MemberRequest) -> HttpResponse:
    count = request_actions.approve_all(request.user)
    request.user.refresh_from_db(fields=["accepts_requests_up_to"])
    more = " The others will be accepted in a moment." if request.user.accepts_requests_up_to else ""
    messages.success(request, f"{_requests(count)} accepted.{more}")
    return redirect("social:requests")


@require_POST
def refuse_all(request: MemberRequest) -> HttpResponse:
    messages.success(request, f"{_requests(request_actions.refuse_all(request.user))} declined.")
    return redirect("social:requests")


def _requests(count: int) -> str:
    return f"{count:,} request{'' if count == 1 else 's'}"
