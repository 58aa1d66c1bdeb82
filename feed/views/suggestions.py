"""The page of suggested people, and dismissing suggestions."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest
from accounts.models import User
from common.http import next_url, render_list, success_with_undo
from common.pagination import Page, url_after
from feed import actions
from feed.suggestions import MAX_SUGGESTED, suggestions_after
from posts.views.lookup import does_not_exist_as_404
from social.conditions import with_follow_state
from social.rows import person_row

PEOPLE_PER_PAGE = 20


@require_safe
def suggested(request: MemberRequest) -> HttpResponse:
    """List all suggested people, each with the reason."""
    suggestions, end = suggestions_after(request.user, _start(request), count=PEOPLE_PER_PAGE)
    page = Page(suggestions, "" if end is None else url_after(request, end))
    return render_list(request, "feed/suggested.html", "feed/_suggestions.html", {"page": page})


def _start(request: MemberRequest) -> int:
    """Return how many suggestions come before the page, from the cursor; 0 if the cursor is invalid."""
    text = request.GET.get("cursor", "")
    return min(int(text), MAX_SUGGESTED) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


@require_POST
def dismiss(request: MemberRequest, username: str) -> HttpResponse:
    """Never suggest this person to the user again."""
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
        return HttpResponse(person_row(person, request.user, is_dismissable=True, is_focused=True))
    messages.success(request, f"{person.username} may show up in your suggestions again.")
    return redirect(next_url(request, reverse("feed:suggested")))


def _person(request: MemberRequest, username: str) -> User:
    """Return a visible person other than the user. Raises Http404."""
    others = with_follow_state(User.objects.visible_to(request.user).for_display(), request.user)
    return get_object_or_404(others.exclude(pk=request.user.pk), username=username.lower())
