"""Suggested people in the JSON API."""

from __future__ import annotations

from django.http import HttpResponse
from ninja import Field, Query, Schema

from accounts.api.bodies import ActingOnPerson, check_actor, not_oneself
from accounts.api.people import find_person, person_fields
from accounts.http import MemberRequest
from accounts.models import User
from common.api import PROBLEMS, ApiRouter, Listed, Paging, listed
from common.pagination import Page, url_after
from feed import actions
from feed.suggestions import suggestions_after
from social.api.listed_people import ListedPersonOut, follow_relation

router = ApiRouter(tags=["people"])


class SuggestedPersonOut(ListedPersonOut):
    """A person that the caller might want to follow."""

    reason: str = Field(description="Why they are suggested, as a phrase to display.", examples=["Followed by anna"])


class SuggestionPaging(Paging):
    cursor: str = Field("", pattern=r"^([0-9]{1,3})?$", description="`next` of the previous page, unchanged.")


@router.get("/suggestions", response={200: Listed[SuggestedPersonOut], **PROBLEMS})
def list_suggestions(
    request: MemberRequest, response: HttpResponse, paging: Query[SuggestionPaging]
) -> Listed[SuggestedPersonOut]:
    """List people that the caller might want to follow, each with the reason."""
    suggestions, end = suggestions_after(request.user, int(paging.cursor or 0), count=paging.limit)
    items = [
        SuggestedPersonOut(
            **person_fields(request, one.person), standing=follow_relation(request, one.person), reason=one.reason
        )
        for one in suggestions
    ]
    return listed(request, response, Page([], "" if end is None else url_after(request, end)), items)


class DismissedOut(Schema):
    dismissed: bool = Field(description="Whether the person is no longer suggested to the caller.")


@router.post("/suggestions/{id}/dismiss", response={200: DismissedOut, **PROBLEMS})
def dismiss_suggestion(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> DismissedOut:  # noqa: A002
    """Stop suggesting a person to the caller. Repeating it is harmless."""
    actions.dismiss_suggestion(request.user, dismissed=_another(request, id, body))
    return DismissedOut(dismissed=True)


@router.post("/suggestions/{id}/restore", response={200: DismissedOut, **PROBLEMS})
def restore_suggestion(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> DismissedOut:  # noqa: A002
    """Allow a dismissed person to be suggested again. Repeating it is harmless."""
    actions.restore_suggestion(request.user, dismissed=_another(request, id, body))
    return DismissedOut(dismissed=False)


def _another(request: MemberRequest, ref: str, body: ActingOnPerson | None) -> User:
    check_actor(request, body)
    return not_oneself(request, find_person(User.objects.visible_to(request.user), ref))
