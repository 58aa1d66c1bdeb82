from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.find import find_people
from accounts.http import MemberRequest
from accounts.models import User
from common.http import varies_by_htmx
from common.pagination import Page, page_by_id
from posts.models import Hashtag, Post
from search.find import clean_query, find_posts, find_tags
from social.models import with_follow_state

PEOPLE_SHOWN = 10
TAGS_SHOWN = 5
TILES_PER_PAGE = 24


@require_safe
def search(request: MemberRequest) -> HttpResponse:
    """People, tags and posts for `?q=`; for htmx, as somebody types or scrolls, only the results."""
    query = clean_query(request.GET.get("q", ""))
    is_further = "cursor" in request.GET
    people: list[User] = []
    tags: list[Hashtag] = []
    posts: Page[Post] = Page([])
    if query:
        posts = page_by_id(request, find_posts(query, request.user).for_cards(request.user), TILES_PER_PAGE)
    if query and not is_further:
        people = list(with_follow_state(find_people(query, request.user).for_display(), request.user)[:PEOPLE_SHOWN])
        tags = find_tags(query, request.user, count=TAGS_SHOWN)
    context: dict[str, Any] = {"q": query, "people": people, "tags": tags, "posts": posts, "page": posts}
    template = "search/search.html"
    if request.htmx:
        template = "feed/_grid.html" if is_further else "search/_results.html"
    return varies_by_htmx(render(request, template, context))
