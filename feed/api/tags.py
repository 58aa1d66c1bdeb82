"""Following and muting tags in the JSON API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from ninja import Field, Query, Schema

from accounts.api.bodies import Acting, check_actor
from accounts.http import MemberRequest
from common.api import PROBLEMS, ApiRouter, IdPaging, Listed, NotFound, Problem, absolute, listed
from common.linkify import normalize_tag
from common.pagination import page_by_id
from common.refusals import Refusal
from common.text import clean_line
from feed import actions
from feed.models import TagFollow, TagMute
from feed.tags import is_tag, tag_state

router = ApiRouter(tags=["tags"])


class TagOut(Schema):
    tag: str = Field(description="Without #, in its normal form.", examples=["sunset"])
    url: str


@router.get("/user/tags", response={200: Listed[TagOut], **PROBLEMS})
def list_followed_tags(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> Listed[TagOut]:
    """List the tags that the caller follows, the last followed first."""
    return _tags(request, response, TagFollow.objects.filter(person=request.user), paging.limit)


@router.get("/user/muted-tags", response={200: Listed[TagOut], **PROBLEMS})
def list_muted_tags(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> Listed[TagOut]:
    """List the tags that the caller has muted, the last muted first."""
    return _tags(request, response, TagMute.objects.filter(person=request.user), paging.limit)


def _tags(request: MemberRequest, response: HttpResponse, rows: QuerySet[Any], size: int) -> Listed[TagOut]:
    page = page_by_id(request, rows.select_related("hashtag"), size)
    items = [TagOut(tag=row.hashtag.name, url=absolute(request, row.hashtag.get_absolute_url())) for row in page]
    return listed(request, response, page, items)


def normal_tag(ref: str) -> str:
    """Return the normal form of the tag `ref`. Raises NotFound if no caption can contain it."""
    name = normalize_tag(clean_line(ref))
    if not is_tag(name):
        raise NotFound
    return name


class TagStateOut(Schema):
    """The caller's choices for a tag. Following it ends a mute, and muting it ends following."""

    tag: str = Field(description="Without #, in its normal form.", examples=["sunset"])
    followed: bool = Field(description="Whether the caller follows it.")
    muted: bool = Field(description="Whether the caller has muted it.")


def _tag_state(request: MemberRequest, ref: str, body: Acting | None, act: Callable[..., bool]) -> TagStateOut:
    check_actor(request, body)
    name = normal_tag(ref)
    try:
        act(request.user, name=name)
    except Refusal as error:
        raise Problem(409, "refused", error.message) from error
    state = tag_state(name, request.user)
    return TagStateOut(tag=name, followed=state.is_followed, muted=state.is_muted)


@router.post("/tags/{id}/follow", response={200: TagStateOut, **PROBLEMS})
def follow_tag(request: MemberRequest, id: str, body: Acting | None = None) -> TagStateOut:  # noqa: A002
    """Follow a tag: its posts come to the caller's home page. `{id}` is the tag without #. Repeating it is harmless."""
    return _tag_state(request, id, body, actions.follow_tag)


@router.post("/tags/{id}/unfollow", response={200: TagStateOut, **PROBLEMS})
def unfollow_tag(request: MemberRequest, id: str, body: Acting | None = None) -> TagStateOut:  # noqa: A002
    """Stop following a tag. Repeating it is harmless."""
    return _tag_state(request, id, body, actions.unfollow_tag)


@router.post("/tags/{id}/mute", response={200: TagStateOut, **PROBLEMS})
def mute_tag(request: MemberRequest, id: str, body: Acting | None = None) -> TagStateOut:  # noqa: A002
    """Mute a tag: its posts leave the caller's home page and Explore. Repeating it is harmless."""
    return _tag_state(request, id, body, actions.mute_tag)


@router.post("/tags/{id}/unmute", response={200: TagStateOut, **PROBLEMS})
def unmute_tag(request: MemberRequest, id: str, body: Acting | None = None) -> TagStateOut:  # noqa: A002
    """End the mute of a tag. Repeating it is harmless."""
    return _tag_state(request, id, body, actions.unmute_tag)
