"""Recent searches, which only their owner sees."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.http import MemberRequest
from search import actions
from search.query import clean_query


@require_POST
def remember(request: MemberRequest) -> HttpResponse:
    """Save a search, then redirect to its results. The script, which sends the same form, gets an empty answer."""
    text = clean_query(request.POST.get("q", ""))
    actions.save_search(request.user, text=text)
    if request.htmx:
        return HttpResponse(status=204)
    return redirect(f"{reverse('search:search')}?{urlencode({'q': text})}" if text else reverse("search:search"))


@require_POST
def forget(request: MemberRequest, search_id: int) -> HttpResponse:
    """Delete one recent search."""
    if not actions.delete_search(request.user, pk=search_id):
        raise Http404
    return _recent(request)


@require_POST
def forget_all(request: MemberRequest) -> HttpResponse:
    """Delete all recent searches."""
    actions.delete_searches(request.user)
    return _recent(request)


def _recent(request: MemberRequest) -> HttpResponse:
    """Answer htmx with the redrawn list, and redirect a browser without JavaScript to the search."""
    if not request.htmx:
        return redirect("search:search")
    return render(request, "search/_recent.html", {"recent": actions.recent_searches(request.user)})
