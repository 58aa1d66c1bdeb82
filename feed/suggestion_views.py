"""The page of all people to follow, and dismissing some."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest
from accounts.models import User
from common.http import next_url, success_with_undo, varies_by_htmx
from common.pagination import Page, url_after
from feed import actions
from feed.suggestions import MAX_SUGGESTED, suggestions_after
from posts.views.lookup import does_not_exist_as_404
from social.conditions import with_follow_state

PEOPLE_PER_PAGE = 20


@require_safe
def suggested(request: MemberRequest) -> HttpResponse:
    """Everybody who is suggested to one, each with the reason."""
    people, end = suggestions_after(request.user, _start(request), count=PEOPLE_PER_PAGE)
    context = {"page": Page(people, "" if end is None else url_after(request, end)), "is_dismissable": True}
    is_fragment = request.htmx and "cursor" in request.GET
    return varies_by_htmx(render(request, "components/_people.html" if is_fragment else "feed/suggested.html", context))


def _start(request: MemberRequest) -> int:
    """Read how many suggestions come before the page from the cursor; 0 if it is not one of ours."""
    text = request.GET.get("cursor", "")
    return min(int(text), MAX_SUGGESTED) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


@require_POST
def dismiss(request: MemberRequest, username: str) -> HttpResponse:
    """Not this one, ever."""
    person = _person(request, username)
    with does_not_exist_as_404():
        actions.dismiss_suggestion(request.user, dismissed=person)
    if request.htmx:
        return render(request, "feed/_dismissed.html", {"person": person})
    undo = reverse("feed:restore", args=[person.username])
    success_with_undo(request, f"We won’t suggest {person.username} again.", undo)
    return redirect(next_url(request, reverse("feed:suggested")))


@require_POST
def restore(request: MemberRequest, username: str) -> HttpResponse:
    """Undo `dismiss`."""
    person = _person(request, username)
    actions.restore_suggestion(request.user, dismissed=person)
    if request.htmx:
        return render(request, "components/_person.html", {"person": person, "is_dismissable": True})
    messages.success(request, f"{person.username} may be suggested to you again.")
    return redirect(next_url(request, reverse("feed:suggested")))


def _person(request: MemberRequest, username: str) -> User:
    """Somebody else whom one may see, else 404."""
    others = with_follow_state(User.objects.visible_to(request.user).for_display(), request.user)
    return get_object_or_404(others.exclude(pk=request.user.pk), username=username.lower())
