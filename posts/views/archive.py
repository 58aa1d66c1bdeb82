from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import MemberRequest
from common.http import success_with_undo
from posts.actions.archiving import archive_post, unarchive_post
from posts.views.lookup import own_card, own_post


@require_http_methods(["GET", "HEAD", "POST"])
def archive(request: MemberRequest, shortcode: str) -> HttpResponse:
    """Archive a post. GET asks for confirmation, or redirects to the page of a post that can't be archived."""
    post = own_card(request, shortcode)
    if request.method != "POST" and post.state == "published":
        return render(request, "posts/confirm_archive.html", {"post": post})
    if request.method != "POST" or not (archive_post(post) or post.archived_at):
        return redirect(post)
    undo = reverse("posts:unarchive", args=[post.shortcode])
    success_with_undo(request, "Archived. Only you can see this post now.", undo)
    return redirect(request.user)


@require_POST
def unarchive(request: MemberRequest, shortcode: str) -> HttpResponse:
    post = own_post(request, shortcode)
    if unarchive_post(post):
        messages.success(request, "Post restored to your profile.")
    return redirect(post)
