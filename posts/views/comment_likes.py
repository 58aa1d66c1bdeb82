from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest
from accounts.models import User
from common.pagination import page_by_id
from posts.actions import likes as actions
from posts.models import Comment, CommentLike, Post
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
    likes = CommentLike.objects.filter(comment=comment, person__in=User.objects.visible_to(request.user))
    page = page_by_id(request, likes, LIKERS_PER_PAGE)
    people = [like.person_id for like in page]
    return render_likers(request, people, page.next_url, {"post": post, "comment": comment})


def _like_button(request: MemberRequest, post: Post, comment: Comment) -> HttpResponse:
    """Return the updated heart and count for htmx; otherwise redirect to the comment."""
    if not request.htmx:
        return redirect(thread_url(post, comment))
    comment = visible_comment(request, post, comment.pk)
    return render(request, "posts/_comment_liked.html", {"post": post, "comment": comment})
