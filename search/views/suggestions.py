"""The suggestions below a search field while someone types."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import MemberRequest
from search import actions, tags_and_places
from search.query import read_query
from search.rows import highlight_topics, person_rows, suggested_people

SUGGESTED_PEOPLE = 6
SUGGESTED_TOPICS = 3


@require_safe
def suggest(request: MemberRequest) -> HttpResponse:
    """Render suggestions for the text `?q=`, as a fragment; for an empty text, the recent searches.

    `?only=people` and `?only=tags` are for fields that take a username or a tag.
    """
    only = request.GET.get("only", "")
    query = read_query(request.GET.get("q", ""))
    context: dict[str, Any] = {"q": query.text}
    if not query:
        return render(request, "search/_suggestions.html", context | {"recent": actions.recent_searches(request.user)})
    if only != "tags":
        context["people"] = person_rows(suggested_people(request, query, SUGGESTED_PEOPLE), query, request.user)
    if only != "people":
        viewer, counted = request.user, {"count_up_to": tags_and_places.MAX_COUNTED_QUICKLY}
        found_tags = tags_and_places.find_tags(query, viewer)[:SUGGESTED_TOPICS]
        tags = tags_and_places.shown_tags(found_tags, viewer, **counted)
        found_places = [] if only == "tags" else tags_and_places.find_places(query, viewer)[:SUGGESTED_TOPICS]
        places = tags_and_places.shown_places(found_places, viewer, **counted) if found_places else []
        context |= {"tags": tags, "places": places}
        highlight_topics([*tags, *places], query)
    return render(request, "search/_suggestions.html", context)
