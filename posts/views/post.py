from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import MemberRequest, SiteRequest
from common.ids import decode_shortcode
from posts.actions.editing import delete_post
from posts.actions.publishing import remove_failed_slide, retry_post
from posts.cards import card_response
from posts.forms.comments import CommentForm
from posts.models import Post
from posts.views.lookup import own_post
from posts.views.page import post_page
from posts.views.tagging import load_people


@require_safe
@login_not_required
def show(request: SiteRequest, shortcode: str) -> HttpResponse:
    """A post on its own page; its author sees it while it is processing, or failed, too."""
    posts = Post.objects.visible_to_or_owned_by(request.user).for_cards(request.user)
    post = get_object_or_404(posts, pk=decode_shortcode(shortcode))
    load_people(request, post)
    return post_page(request, post, CommentForm())


@require_safe
def state(request: MemberRequest, shortcode: str) -> HttpResponse:
    """The card of one's own post as it is now: asked every two seconds while the post is processing."""
    posts = Post.objects.visible_to_or_owned_by(request.user).for_cards(request.user).filter(author=request.user)
    post = get_object_or_404(posts, pk=decode_shortcode(shortcode))
    return card_response(request, post)


@require_POST
def retry(request: MemberRequest, shortcode: str) -> HttpResponse:
    post = own_post(request, shortcode)
    retry_post(post)
    return _card_or_redirect(request, post)


@require_POST
def remove_slide(request: MemberRequest, shortcode: str, media_id: int) -> HttpResponse:
    """Delete a file that failed, so that the rest of one's own post is published. The only one stays: 404."""
    post = own_post(request, shortcode)
    if not remove_failed_slide(post, media_id=media_id):
        raise Http404
    return _card_or_redirect(request, post)


def _card_or_redirect(request: MemberRequest, post: Post) -> HttpResponse:
    """The redrawn card for htmx; for a browser without JavaScript, back to the post."""
    if not request.htmx:
        return redirect(post)
    return card_response(request, Post.objects.for_cards(request.user).get(pk=post.pk))


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: MemberRequest, shortcode: str) -> HttpResponse:
    """GET asks, POST deletes."""
    post = own_post(request, shortcode)
    if request.method != "POST":
        post = Post.objects.for_cards(request.user).get(pk=post.pk)
        return render(request, "posts/confirm_delete.html", {"post": post})
    delete_post(post)
    messages.success(request, "Your post was deleted.")
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": request.user.get_absolute_url()})
    return redirect(request.user)
