"""Explore in the JSON API."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Schema

from accounts.api.authentication import ANYBODY
from accounts.api.bodies import Acting, ActingOnPost, check_actor, check_post
from accounts.http import MemberRequest
from common.api import PROBLEMS, ApiRouter, Listed, Paging, listed
from common.api_bodies import IdIn
from common.pagination import Page, url_after
from feed import actions
from feed.explore import MAX_SEEN_PER_REPORT, ExploreCursor, ExploreLists, Scored, read_explore, remember_seen
from posts.api.lookup import find_post
from posts.api.output import PostOut, for_output, post_fields
from posts.models import Post

router = ApiRouter(tags=["posts"])


class ExplorePostOut(PostOut):
    """A post in Explore."""

    seen: bool = Field(description="Whether the caller saw it there in the last week: such posts come last.")


_OUTPUT: Final = ExploreLists[Post]("output", for_output, lambda post: Scored(post, post.score))


@router.get("/explore", auth=ANYBODY, response={200: Listed[ExplorePostOut], **PROBLEMS})
def list_explore(request: HttpRequest, response: HttpResponse, paging: Query[Paging]) -> Listed[ExplorePostOut]:
    """List recent, popular posts by authors that the caller does not follow.

    Reading the list marks nothing as seen: report posts that were in view with POST /api/explore/seen.
    """
    cursor = ExploreCursor.parse(paging.cursor)
    found = read_explore(request.user, cursor=cursor, count=paging.limit, lists=_OUTPUT)
    items = [
        ExplorePostOut(**post_fields(request, post), seen=number >= found.new_count)
        for number, post in enumerate(found.posts)
    ]
    return listed(request, response, Page([], url_after(request, found.next) if found.next else ""), items)


class SeenBody(Acting):
    posts: list[IdIn] = Field(
        max_length=MAX_SEEN_PER_REPORT,
        description=f"The ids of posts that were in view for a second: at most {MAX_SEEN_PER_REPORT}.",
    )


@router.post("/explore/seen", response={204: None, **PROBLEMS})
def report_seen(request: MemberRequest, body: SeenBody) -> Any:
    """Record which posts of Explore were in view for a second. They come after all others for a week."""
    check_actor(request, body)
    visible = Post.objects.visible_to(request.user).filter(pk__in=body.posts)
    remember_seen(request.user, visible.values_list("pk", flat=True))
    return HttpResponse(status=204)


class HiddenOut(Schema):
    hidden: bool = Field(description="Whether Explore no longer shows the post to the caller.")


@router.post("/explore/{id}/hide", response={200: HiddenOut, **PROBLEMS})
def hide_from_explore(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> HiddenOut:  # noqa: A002
    """Hide a post from the caller's Explore. Repeating it is harmless."""
    actions.hide_from_explore(request.user, post=_visible_post(request, id, body))
    return HiddenOut(hidden=True)


@router.post("/explore/{id}/show", response={200: HiddenOut, **PROBLEMS})
def show_in_explore(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> HiddenOut:  # noqa: A002
    """Show a hidden post in the caller's Explore again. Repeating it is harmless."""
    actions.show_in_explore(request.user, post=_visible_post(request, id, body))
    return HiddenOut(hidden=False)


def _visible_post(request: MemberRequest, ref: str, body: ActingOnPost | None) -> Post:
    check_actor(request, body)
    post = find_post(Post.objects.visible_to(request.user), ref)
    check_post(body, post.pk)
    return post
