from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.http import MemberRequest
from common.refusals import Refusal
from posts.actions.editing import edit_post
from posts.actions.requests import InvalidRequestError
from posts.forms.editing import EditForm
from posts.models import Post
from posts.views.lookup import own_card
from posts.views.tagging import edit_page


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: MemberRequest, shortcode: str) -> HttpResponse:
    """Edit a post. `move`, sent by browsers without JavaScript, returns the form with a slide moved."""
    post = own_card(request, shortcode)
    if request.method != "POST":
        return edit_page(request, EditForm(post))
    form = EditForm(post, request.POST)
    if move := request.POST.get("move"):
        return edit_page(request, form.moved(move))
    edited = form.read()
    try:
        is_changed = edit_post(post, edited)
    except InvalidRequestError as error:
        form.refuse(error.errors)
        return edit_page(request, form, status=422)
    except Refusal as error:
        form.show_conflict(str(error), edited, own_card(request, shortcode))
        return edit_page(request, form, status=409)
    except Post.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, "Post updated." if is_changed else "Nothing to change.")
    return redirect(post)
