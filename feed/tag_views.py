"""Following and muting tags, and the lists of those that one does. Only one sees them oneself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest
from accounts.models import User, Viewer
from common.http import next_url, varies_by_htmx
from common.limits import MAX_FOLLOWED_TAGS, MAX_MUTED_TAGS
from common.linkify import extract_tags, normalize_tag
from common.pagination import Page, page_by_id
from common.refusals import Refusal
from common.text import clean_line
from feed import actions
from feed.models import TagFollow, TagMute
from posts.models import Hashtag

TAGS_PER_PAGE = 30

TagAction = Callable[[User, str], bool]


def tag_state(name: str, viewer: Viewer) -> dict[str, Any]:
    """What `feed/_tag_buttons.html` needs of a tag. One query; none for somebody without a session."""
    state: dict[str, Any] = {"tag": name, "is_tag": is_tag(name), "followed": False, "muted": False}
    if viewer.is_authenticated:
        followed = Exists(TagFollow.objects.filter(person_id=viewer.pk, hashtag_id=OuterRef("pk")))
        muted = Exists(TagMute.objects.filter(person_id=viewer.pk, hashtag_id=OuterRef("pk")))
        tag = Hashtag.objects.filter(name=name).annotate(followed=followed, muted=muted).first()
        if tag is not None:
            state |= {"followed": tag.followed, "muted": tag.muted}
    return state


def is_tag(name: str) -> bool:
    """Whether a caption can carry the normalized `name` as a tag."""
    return extract_tags(f"#{name}") == [name]


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
    """Do it; the redrawn buttons for htmx, for a browser without JavaScript back to where it was."""
    name = normalize_tag(clean_line(tag))
    if not is_tag(name):
        raise Http404
    refusal = ""
    try:
        action(request.user, name)
    except Refusal as error:
        refusal = str(error)
    if request.htmx:
        context = tag_state(name, request.user) | {"refusal": refusal}
        return render(request, "feed/_tag_buttons.html", context, status=422 if refusal else 200)
    if refusal:
        messages.error(request, refusal)
    else:
        messages.success(request, done.format(name))
    return redirect(next_url(request, reverse("feed:tag", args=[name])))


@require_safe
def followed_tags(request: MemberRequest) -> HttpResponse:
    """The tags one follows, the newest first."""
    return _list(request, TagFollow, "followed", MAX_FOLLOWED_TAGS)


@require_safe
def muted_tags(request: MemberRequest) -> HttpResponse:
    """The tags one has muted, the newest first."""
    return _list(request, TagMute, "muted", MAX_MUTED_TAGS)


def _list(request: MemberRequest, model: type[TagFollow | TagMute], kind: str, limit: int) -> HttpResponse:
    """The page, or for htmx its further rows. Nobody both follows and mutes a tag, so the list says all of it."""
    rows: QuerySet[Any] = model.objects.filter(person=request.user).select_related("hashtag")
    found = page_by_id(request, rows, TAGS_PER_PAGE)
    page = Page([row.hashtag for row in found], found.next_url)
    is_fragment = request.htmx and "cursor" in request.GET
    context = {"page": page, "kind": kind, "limit": limit}
    template = "feed/_tags.html" if is_fragment else "feed/tags.html"
    return varies_by_htmx(render(request, template, context))
