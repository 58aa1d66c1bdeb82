from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest
from posts.actions import likes as actions
from posts.likers import likers_of_comment
from posts.models import Comment, Post
from posts.views.likes import LIKERS_PER_PAGE, render_likers
from posts.views.lookup import does_not_exist_as_404, thread_url, visible_comment, visible_post


@require_POST
def like(request: MemberRequest, shortcode: str, comment_id: int) -> HttpResponse:
    post = visible_post(request, shortcode)
    comment = visible_comment(request, post, comment_id)
    with does_not_exist_as_404():
        actions.like_comment(comment, liker=request.user)
    return _like_button(request, post, comment)


@require_POST
def unlike(request: MemberRequest, shortcode: str, comment_id: int) -> HttpResponse:
    post = visible_post(request, shortcode)
    comment = visible_comment(request, post, comment_id)
    actions.unlike_comment(comment, liker=request.user)
    return _like_button(request, post, comment)


@require_safe
def likers(request: MemberRequest, shortcode: str, comment_id: int) -> HttpResponse:
    """List the people who like the comment, the newest like first."""
    post = visible_post(request, shortcode)
    comment = visible_comment(request, post, comment_id)
    page = likers_of_comment.page(request, LIKERS_PER_PAGE, comment.pk)
    return render_likers(request, page, {"post": post, "comment": comment})


def _like_button(request: MemberRequest, post: Post, comment: Comment) -> HttpResponse:
    """Return the updated heart and count for htmx; otherwise redirect to the comment."""
    if not request.htmx:
        return redirect(thread_url(post, comment))
    comment = visible_comment(request, post, comment.pk)
    return render(request, "posts/_comment_liked.html", {"post": post, "comment": comment})
