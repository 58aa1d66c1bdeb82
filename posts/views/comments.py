from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest, SiteRequest
from common.http import varies_by_htmx
from posts.actions import add_comment
from posts.actions import approve_comment as do_approve_comment
from posts.actions import delete_comment as do_delete_comment
from posts.forms import CommentForm
from posts.models import Comment, Post
from posts.views.lookup import gone_is_missing, visible_card, visible_post
from posts.views.page import mark_deletable, newest_comments, post_page


@require_POST
def comment(request: MemberRequest, shortcode: str) -> HttpResponse:
    """Add a comment. htmx gets it drawn, with an empty form; a form that does not hold comes back as 422."""
    post = visible_card(request, shortcode)
    form = CommentForm(request.POST)
    if not form.is_valid():
        if not request.htmx:
            return post_page(request, post, form, status=422)
        return render(request, "posts/_comment_form.html", {"post": post, "comment_form": form}, status=422)
    with gone_is_missing():
        added = add_comment(post, author=request.user, text=form.cleaned_data["text"])
    if not request.htmx:
        return redirect(f"{post.get_absolute_url()}#comment-{added.pk}")
    mark_deletable(request, added)
    post.comment_count += 1
    return render(request, "posts/_comment_added.html", {"post": post, "comment": added, "comment_form": CommentForm()})


@require_safe
@login_not_required
def comments(request: SiteRequest, shortcode: str) -> HttpResponse:
    """Further comments: a fragment for htmx, the post's page from there on for others."""
    post = visible_card(request, shortcode)
    if not request.htmx:
        return varies_by_htmx(post_page(request, post, CommentForm()))
    context = {"post": post, "comments": newest_comments(request, post)}
    return varies_by_htmx(render(request, "posts/_comments.html", context))


@require_POST
def delete_comment(request: MemberRequest, shortcode: str, comment_id: int) -> HttpResponse:
    post = visible_post(request, shortcode)
    comment = get_object_or_404(Comment.objects.deletable_by(request.user).filter(post=post), pk=comment_id)
    do_delete_comment(comment)
    if not request.htmx:
        return redirect(post)
    post = get_object_or_404(Post.objects.with_viewer_state(request.user), pk=post.pk)
    return render(request, "posts/_comment_deleted.html", {"post": post})


@require_POST
def approve_comment(request: MemberRequest, shortcode: str, comment_id: int) -> HttpResponse:
    """Show what somebody restricted wrote under one's own post to all. htmx gets the comment drawn anew."""
    post = visible_post(request, shortcode)
    waiting = Comment.objects.visible_to(request.user).waiting_for(request.user).filter(post=post)
    comment = get_object_or_404(waiting.select_related("author", "post"), pk=comment_id)
    do_approve_comment(comment)
    if not request.htmx:
        return redirect(f"{post.get_absolute_url()}#comment-{comment.pk}")
    comment.refresh_from_db(fields=["hidden_until_approved"])
    mark_deletable(request, comment)
    post = get_object_or_404(Post.objects.with_viewer_state(request.user), pk=post.pk)
    return render(request, "posts/_comment_approved.html", {"post": post, "comment": comment})
