"""Searching in the JSON API."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Schema

from accounts.http import MemberRequest
from common.api import PROBLEMS, ApiRouter, Listed, Paging, absolute, listed
from common.pagination import Page
from posts.api.output import PostOut, post_out, visible_output
from search.query import read_query
from search.results import page_of_people, page_of_places, page_of_posts, page_of_tags
from search.tags_and_places import Topic
from social.api.listed_people import ListedPersonOut, listed_person_out

router = ApiRouter(tags=["search"])


class TagOut(Schema):
    """A tag, with the number of its posts that the caller may see."""

    tag: str = Field(description="Without #, in its normal form.", examples=["sunset"])
    url: str = Field(description="The URL of its page.")
    post_count: int = Field(description="Counted up to 1,000.")
    more: bool = Field(description="Whether there are more posts than were counted.")


class PlaceOut(Schema):
    """A place, with the number of its posts that the caller may see."""

    place: str = Field(description="Spelled as in the newest of these posts.", examples=["Café Kotti, Berlin"])
    url: str = Field(description="The URL of its page.")
    post_count: int = Field(description="Counted up to 1,000.")
    more: bool = Field(description="Whether there are more posts than were counted.")


class Search(Paging):
    q: str = Field(
        max_length=2_000,
        description='The query. Searches for posts also support "a phrase", -without, from:name, #tag, '
        "before:2026-11-23, after:2026-11 and has:video. Only the first 300 characters are used.",
    )
    type: Literal["users", "posts", "tags", "places"] = Field("users", description="The kind of results.")


Found = Listed[ListedPersonOut | PostOut | TagOut | PlaceOut]


@router.get("/search", response={200: Found, **PROBLEMS})
def search(request: MemberRequest, response: HttpResponse, params: Query[Search]) -> Found:
    """Search for people, posts, tags or places, best first. Without exact matches, similar spellings are found."""
    query = read_query(params.q)
    page: Page[Any]
    items: list[Any]
    if not query:
        page, items = Page([]), []
    elif params.type == "users":
        page = page_of_people(request, query, params.limit)
        items = [listed_person_out(request, person) for person in page]
    elif params.type == "posts":
        page = page_of_posts(request, query, params.limit, visible_output)
        items = [post_out(request, post) for post in page]
    elif params.type == "tags":
        page = page_of_tags(request, query, params.limit)
        items = [TagOut(tag=topic.name, **_counted(request, topic)) for topic in page]
    else:
        page = page_of_places(request, query, params.limit)
        items = [PlaceOut(place=topic.name, **_counted(request, topic)) for topic in page]
    return listed(request, response, page, items)


def _counted(request: HttpRequest, topic: Topic) -> dict[str, Any]:
    return {"url": absolute(request, topic.url), "post_count": topic.post_count, "more": topic.is_more}
