from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest
from accounts.models import User
from common.http import varies_by_htmx
from common.pagination import Page, page_by_id
from posts.actions.likes import like_comment as do_like_comment
from posts.actions.likes import unlike_comment as do_unlike_comment
from posts.models import Comment, CommentLike, Post
from posts.views.likes import LIKERS_PER_PAGE
from posts.views.lookup import does_not_exist_as_404, visible_comment, visible_post
from social.queries import visible_people_in_order


@require_POST
def like_comment(request: MemberRequest, shortcode: str, comment_id: int) -> HttpResponse:
    post = visible_post(request, shortcode)
    comment = visible_comment(request, post, comment_id)
    with does_not_exist_as_404():
        do_like_comment(comment, liker=request.user)
    return _like_button(request, post, comment)


@require_POST
def unlike_comment(request: MemberRequest, shortcode: str, comment_id: int) -> HttpResponse:
    post = visible_post(request, shortcode)
    comment = visible_comment(request, post, comment_id)
    do_unlike_comment(comment, liker=request.user)
    return _like_button(request, post, comment)


@require_safe
def comment_likers(request: MemberRequest, shortcode: str, comment_id: int) -> HttpResponse:
    """Who likes the comment, newest first."""
    post = visible_post(request, shortcode)
    comment = visible_comment(request, post, comment_id)
    likes = CommentLike.objects.filter(comment=comment, person__in=User.objects.visible_to(request.user))
    page = page_by_id(request, likes, LIKERS_PER_PAGE)
    people = visible_people_in_order([like.person_id for like in page], request.user)
    is_fragment = request.htmx and "cursor" in request.GET
    template = "components/_people.html" if is_fragment else "posts/likers.html"
    context = {"post": post, "comment": comment, "page": Page(people, page.next_url)}
    return varies_by_htmx(render(request, template, context))


def _like_button(request: MemberRequest, post: Post, comment: Comment) -> HttpResponse:
    """The redrawn heart and count for htmx; for a browser without JavaScript, back to the comment."""
    if not request.htmx:
        return redirect(f"{post.get_absolute_url()}comments/{comment.thread_id}/replies/#comment-{comment.pk}")
    comment = visible_comment(request, post, comment.pk)
    return render(request, "posts/_comment_liked.html", {"post": post, "comment": comment})
