"""The viewer's saved posts and collections. Other people's collections are not found."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import MemberRequest
from accounts.models import User
from common import limits
from common.http import is_further_page, render_list
from common.pagination import MAX_BIGINT, Page
from common.refusals import Refusal
from common.text import isolate
from posts import queries
from posts.actions import saves as actions
from posts.cards import Cover, Tile, covers_of, tile_page
from posts.forms.collections import CollectionForm
from posts.models import Collection, Post, Save
from posts.states import visible_states
from posts.views.lookup import visible_card, visible_post

TILES_PER_PAGE = 24


@require_POST
def save(request: MemberRequest, shortcode: str) -> HttpResponse:
    post = visible_post(request, shortcode)
    actions.save_post(post, person=request.user)
    return _saved(request, post)


@require_POST
def unsave(request: MemberRequest, shortcode: str) -> HttpResponse:
    post = visible_post(request, shortcode)
    actions.unsave_post(post, person=request.user)
    return _saved(request, post)


def _saved(request: MemberRequest, post: Post) -> HttpResponse:
    """Return nothing for scripts, which have changed the button already; otherwise redirect to the post."""
    return HttpResponse(status=204) if request.htmx else redirect(post)


@require_safe
def saved(request: MemberRequest) -> HttpResponse:
    """List the viewer's collections, and all saved posts, the last saved first."""
    context: dict[str, Any] = {"page": _page_of_saves(request)}
    if not is_further_page(request):
        context |= {"collections": _with_covers(request.user), "form": CollectionForm()}
    return render_list(request, "posts/saved.html", "feed/_grid.html", context)


@require_safe
def collection(request: MemberRequest, collection_id: int) -> HttpResponse:
    found = _own_collection(request, collection_id)
    page = _page_of_saves(request, found)
    return render_list(request, "posts/collection.html", "feed/_grid.html", {"page": page, "collection": found})


@require_http_methods(["GET", "HEAD", "POST"])
def new_collection(request: MemberRequest) -> HttpResponse:
    form = CollectionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            return redirect(actions.create_collection(owner=request.user, name=form.cleaned_data["name"]))
        except Refusal as refusal:
            form.add_error("name", str(refusal))
    status = 422 if form.errors else 200
    return render(request, "posts/collection_form.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def rename_collection(request: MemberRequest, collection_id: int) -> HttpResponse:
    found = _own_collection(request, collection_id)
    form = CollectionForm(request.POST if request.method == "POST" else None, initial={"name": found.name})
    if form.is_valid():
        try:
            actions.rename_collection(found, name=form.cleaned_data["name"])
            return redirect(found)
        except Refusal as refusal:
            form.add_error("name", str(refusal))
    status = 422 if form.errors else 200
    return render(request, "posts/collection_form.html", {"form": form, "collection": found}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def delete_collection(request: MemberRequest, collection_id: int) -> HttpResponse:
    """Delete a collection. GET asks for confirmation."""
    found = _own_collection(request, collection_id)
    if request.method != "POST":
        return render(request, "posts/confirm_delete_collection.html", {"collection": found})
    actions.delete_collection(found)
    messages.success(request, f"“{isolate(found.name)}” was deleted. Its posts are still saved.")
    return redirect("posts:saved")


@require_http_methods(["GET", "HEAD", "POST"])
def collections(request: MemberRequest, shortcode: str) -> HttpResponse:
    """Choose the collection of a post. POST saves the post into `collection`, or into none if that is empty."""
    post = visible_card(request, shortcode)
    refusal = ""
    if request.method == "POST":
        chosen = request.POST.get("collection", "")
        into = _own_collection(request, _number(chosen)) if chosen else None
        try:
            actions.put_in_collection(post, person=request.user, collection=into)
            messages.success(request, f"Saved to “{isolate(into.name)}”." if into else "Saved.")
            return redirect(post)
        except Refusal as error:
            refusal = str(error)
    context = {
        "post": post,
        "collections": Collection.objects.filter(owner=request.user).order_by("-id")[: limits.MAX_COLLECTIONS],
        "current": Save.objects.filter(post=post, person=request.user).values_list("collection_id", flat=True).first(),
        "refusal": refusal,
    }
    return render(request, "posts/collections.html", context, status=422 if refusal else 200)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else 0


def _own_collection(request: MemberRequest, collection_id: int) -> Collection:
    """Return the viewer's own collection, or raise 404."""
    return get_object_or_404(Collection, pk=min(collection_id, MAX_BIGINT), owner=request.user)


def _page_of_saves(request: MemberRequest, collection: Collection | None = None) -> Page[Tile]:
    """Return the tiles of one page of saved posts. Two queries."""
    return tile_page(request, queries.page_of_saves(request, visible_states, TILES_PER_PAGE, collection=collection))


def _with_covers(owner: User) -> list[tuple[Collection, Cover | None]]:
    """Return the collections of `owner`, newest first, each with its last saved visible post. Three queries."""
    found = list(Collection.objects.filter(owner=owner).order_by("-id")[: limits.MAX_COLLECTIONS])
    newest = queries.newest_in_collections(owner)
    covers = covers_of(list(visible_states(set(newest.values()), owner).values()), owner)
    return [(one, covers.get(newest.get(one.pk, 0))) for one in found]
