from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest
from accounts.models import User
from common.http import render_list
from common.ids import decode_shortcode
from common.pagination import Page
from posts.actions import likes as actions
from posts.cards import render_piece
from posts.likers import find_post_with_likers, likers_of_post
from posts.models import Post
from posts.views.lookup import does_not_exist_as_404, own_post, visible_card, visible_post

LIKERS_PER_PAGE = 30


@require_POST
def like(request: MemberRequest, shortcode: str) -> HttpResponse:
    post = visible_post(request, shortcode)
    with does_not_exist_as_404():
        actions.like_post(post, liker=request.user)
    return _like_count(request, post)


@require_POST
def unlike(request: MemberRequest, shortcode: str) -> HttpResponse:
    post = visible_post(request, shortcode)
    actions.unlike_post(post, liker=request.user)
    return _like_count(request, post)


@require_safe
def likers(request: MemberRequest, shortcode: str) -> HttpResponse:
    """List the people who like the post, the newest like first. 404 if the author hides them from the viewer."""
    post = find_post_with_likers(decode_shortcode(shortcode), request.user)
    if post is None:
        raise Http404
    return render_likers(request, likers_of_post.page(request, LIKERS_PER_PAGE, post.pk), {"post": post})


def render_likers(request: MemberRequest, page: Page[User], context: dict[str, Any]) -> HttpResponse:
    """Render one page of people: a fragment for htmx that follows a cursor, otherwise a page."""
    return render_list(request, "posts/likers.html", "components/_people.html", {**context, "page": page})


@require_POST
def hide(request: MemberRequest, shortcode: str) -> HttpResponse:
    return _set_hidden(request, shortcode, hide=True)


@require_POST
def show(request: MemberRequest, shortcode: str) -> HttpResponse:
    return _set_hidden(request, shortcode, hide=False)


def _set_hidden(request: MemberRequest, shortcode: str, *, hide: bool) -> HttpResponse:
    post = own_post(request, shortcode)
    if actions.set_likes_hidden(post, hide=hide):
        messages.success(
            request, "Only you can see the like count now." if hide else "Others can see the like count now."
        )
    return redirect(post)


def _like_count(request: MemberRequest, post: Post) -> HttpResponse:
    """Return the updated count for htmx; otherwise redirect to the post."""
    if not request.htmx:
        return redirect(post)
    post = visible_card(request, post.shortcode)
    return HttpResponse(render_piece("likes", post, request.user))
