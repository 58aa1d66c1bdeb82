"""Pages of places."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from accounts.http import MemberRequest
from common.http import is_further_page, varies_by_htmx
from common.ids import decode_shortcode
from posts.cards import tile_page
from posts.models import Post
from search import tags_and_places
from search.models import Place

POSTS_PER_PAGE = 24


@require_safe
def place(request: MemberRequest, slug: str) -> HttpResponse:
    """Show the posts from a place, newest first. 404 if the user may see none of them."""
    page = tile_page(request, tags_and_places.page_of_place(request, slug, POSTS_PER_PAGE))
    if is_further_page(request):
        return varies_by_htmx(render(request, "feed/_grid.html", {"page": page}))
    shown = tags_and_places.find_place(slug, request.user)
    if shown is None:
        raise Http404
    return varies_by_htmx(render(request, "search/place.html", {"page": page, "place": shown}))


@require_safe
def place_of(request: MemberRequest, shortcode: str) -> HttpResponse:
    """Redirect from a post to the page of its place.

    Only the search index knows the places of posts. With this address, cards can link to them without a query.
    """
    post = get_object_or_404(Post.objects.visible_to(request.user), pk=decode_shortcode(shortcode))
    place = get_object_or_404(Place, postdocument__post=post)
    return redirect("search:place", tags_and_places.slug_of(place.words))
