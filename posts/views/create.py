from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.http import MemberRequest
from common.http import wants_json
from common.ratelimit import UPLOADS, seconds_to_wait, too_many
from media.errors import TransientMediaError
from media.intake import accepted_uploads
from posts.actions import create_post
from posts.forms import PostForm


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: MemberRequest) -> HttpResponse:
    """The composer. A script that asks for JSON gets 201 or 422 with the errors by field and by file."""
    if request.method != "POST":
        return _page(request, PostForm())
    form = PostForm(request.POST, request.FILES)
    if not form.is_valid():
        return _refusal(request, form, status=422)
    if seconds := seconds_to_wait(UPLOADS, f"person:{request.user.pk}"):
        return _too_many(request, seconds)
    try:
        post = create_post(
            author=request.user,
            uploads=form.uploads(),
            caption=form.cleaned_data["caption"],
            location=form.cleaned_data["location"],
        )
    except TransientMediaError as error:
        # The disk is full, the object store is away: nothing was kept, and what was typed is still in the form.
        form.add_error("files", str(error))
        return _refusal(request, form, status=503)
    if wants_json(request):
        return JsonResponse({"url": post.get_absolute_url(), "shortcode": post.shortcode}, status=201)
    messages.success(request, "Your post is on its way: it appears once all of it is ready.")
    return redirect(post)


def _refusal(request: MemberRequest, form: PostForm, *, status: int) -> HttpResponse:
    """Why not, with what was typed."""
    return JsonResponse(form.as_json(), status=status) if wants_json(request) else _page(request, form, status=status)


def _page(request: MemberRequest, form: PostForm, *, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "file_errors": form.file_errors,
        "alt_errors": form.alt_errors if form.is_bound else [],
        "alts": form.alts,
        "accept": accepted_uploads(),
    }
    return render(request, "posts/create.html", context, status=status)


def _too_many(request: MemberRequest, seconds: int) -> HttpResponse:
    if not wants_json(request):
        return too_many(request, seconds)
    minutes = -(-seconds // 60)
    detail = f"You have posted a lot just now. Try again in {minutes} minute{'' if minutes == 1 else 's'}."
    return JsonResponse({"detail": detail}, status=429, headers={"Retry-After": str(seconds)})
