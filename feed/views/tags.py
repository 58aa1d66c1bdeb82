"""Pages of tags, following and muting tags, and the lists of followed and muted tags, which only their owner sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest, SiteRequest
from accounts.models import User
from common.http import is_further_page, next_url, render_list
from common.limits import MAX_FOLLOWED_TAGS, MAX_MUTED_TAGS
from common.linkify import normalize_tag
from common.pagination import Page, page_by_id
from common.refusals import Refusal
from common.text import clean_line
from feed import actions
from feed.models import TagFollow, TagMute
from feed.tags import MAX_COUNTED_POSTS, TagState, count_tagged_posts, is_tag, page_of_tag, tag_state
from posts.cards import tile_page

TILES_PER_PAGE = 24
TAGS_PER_PAGE = 30

TagAction = Callable[[User, str], bool]


@require_safe
@login_not_required
def tag(request: SiteRequest, tag: str) -> HttpResponse:
    """Show the posts with a tag, newest first. An unused tag has an empty page."""
    name = normalize_tag(clean_line(tag))
    state = tag_state(name, request.user)
    found = page_of_tag(request, state.pk, TILES_PER_PAGE)
    is_further = is_further_page(request)
    context: dict[str, Any] = {"page": tile_page(request, found, with_cover=not is_further)}
    if not is_further:
        count = count_tagged_posts(state.pk, request.user)
        context |= _buttons(name, state) | {"post_count": count, "counted": MAX_COUNTED_POSTS}
    return render_list(request, "feed/tag.html", "feed/_grid.html", context)


@require_POST
def follow_tag(request: MemberRequest, tag: str) -> HttpResponse:
    return _change(request, tag, lambda person, name: actions.follow_tag(person, name=name), "You follow #{}.")


@require_POST
def unfollow_tag(request: MemberRequest, tag: str) -> HttpResponse:
    return _change(request, tag, lambda person, name: actions.unfollow_tag(person, name=name), "You unfollowed #{}.")


@require_POST
def mute_tag(request: MemberRequest, tag: str) -> HttpResponse:
    return _change(request, tag, lambda person, name: actions.mute_tag(person, name=name), "You muted #{}.")


@require_POST
def unmute_tag(request: MemberRequest, tag: str) -> HttpResponse:
    return _change(request, tag, lambda person, name: actions.unmute_tag(person, name=name), "You unmuted #{}.")


def _change(request: MemberRequest, tag: str, action: TagAction, done: str) -> HttpResponse:
    """Do the action; answer htmx with the redrawn buttons, and redirect a browser without JavaScript back."""
    name = normalize_tag(clean_line(tag))
    if not is_tag(name):
        raise Http404
    refusal = ""
    try:
        action(request.user, name)
    except Refusal as error:
        refusal = error.message
    if request.htmx:
        context = _buttons(name, tag_state(name, request.user)) | {"refusal": refusal}
        return render(request, "feed/_tag_buttons.html", context, status=422 if refusal else 200)
    if refusal:
        messages.error(request, refusal)
    else:
        messages.success(request, done.format(name))
    return redirect(next_url(request, reverse("feed:tag", args=[name])))


def _buttons(name: str, state: TagState) -> dict[str, Any]:
    """Return what `feed/_tag_buttons.html` needs."""
    return {"tag": name, "is_tag": is_tag(name), "followed": state.is_followed, "muted": state.is_muted}


@require_safe
def followed_tags(request: MemberRequest) -> HttpResponse:
    """List the tags the user follows, newest first."""
    return _list(request, TagFollow, "followed", MAX_FOLLOWED_TAGS)


@require_safe
def muted_tags(request: MemberRequest) -> HttpResponse:
    """List the tags the user has muted, newest first."""
    return _list(request, TagMute, "muted", MAX_MUTED_TAGS)


def _list(request: MemberRequest, model: type[TagFollow | TagMute], kind: str, limit: int) -> HttpResponse:
    rows: QuerySet[Any] = model.objects.filter(person=request.user).select_related("hashtag")
    found = page_by_id(request, rows, TAGS_PER_PAGE)
    context = {"page": Page([row.hashtag for row in found], found.next_url), "kind": kind, "limit": limit}
    return render_list(request, "feed/tags.html", "feed/_tags.html", context)
