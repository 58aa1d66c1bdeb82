from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import MemberRequest, SiteRequest
from common.ids import decode_shortcode
from posts.actions.editing import delete_post
from posts.actions.publishing import remove_failed_slide, retry_post
from posts.cards import card_response
from posts.forms.comments import CommentForm
from posts.loaded import visible_or_own_post_of
from posts.models import Post
from posts.views.lookup import own_card, own_post
from posts.views.page import post_page
from posts.views.tagging import load_people


@require_safe
@login_not_required
def show(request: SiteRequest, shortcode: str) -> HttpResponse:
    """Show a post on its own page. Its author sees it in any state."""
    post = visible_or_own_post_of(decode_shortcode(shortcode), request.user)
    if post is None:
        raise Http404
    load_people(request, post)
    return post_page(request, post, CommentForm())


@require_safe
def state(request: MemberRequest, shortcode: str) -> HttpResponse:
    """Return the card of the viewer's own post. The page requests it every two seconds while the post is processed."""
    return card_response(request, own_card(request, shortcode))


@require_POST
def retry(request: MemberRequest, shortcode: str) -> HttpResponse:
    post = own_post(request, shortcode)
    retry_post(post)
    return _card_or_redirect(request, post)


@require_POST
def remove_slide(request: MemberRequest, shortcode: str, media_id: int) -> HttpResponse:
    """Delete a file that failed, so that the rest of the post is published. 404 if it is the only file."""
    post = own_post(request, shortcode)
    if not remove_failed_slide(post, media_id=media_id):
        raise Http404
    return _card_or_redirect(request, post)


def _card_or_redirect(request: MemberRequest, post: Post) -> HttpResponse:
    """Return the updated card for htmx; otherwise redirect to the post."""
    if not request.htmx:
        return redirect(post)
    return card_response(request, Post.objects.for_cards(request.user).get(pk=post.pk))


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: MemberRequest, shortcode: str) -> HttpResponse:
    """Delete a post. GET asks for confirmation."""
    post = own_post(request, shortcode)
    if request.method != "POST":
        post = Post.objects.for_cards(request.user).get(pk=post.pk)
        return render(request, "posts/confirm_delete.html", {"post": post})
    delete_post(post)
    messages.success(request, "Your post was deleted.")
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": request.user.get_absolute_url()})
    return redirect(request.user)
