"""The menu of a post as a page, for browsers without JavaScript."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.http import SiteRequest
from common.ids import decode_shortcode
from posts.cards import flags_of
from posts.menu import menu_items, share_of
from posts.models import Post


@require_safe
@login_not_required
def menu(request: SiteRequest, shortcode: str) -> HttpResponse:
    """Show the menu of actions that the viewer may take on the post. Two queries."""
    posts = Post.objects.visible_to_or_owned_by(request.user).for_cards(request.user)
    post = get_object_or_404(posts, pk=decode_shortcode(shortcode))
    states = flags_of(post, request.user)
    username, is_member = post.author.username, request.user.is_authenticated
    items = [item for item in menu_items(shortcode, username, is_member=is_member) if item.applies_to(states)]
    origin = request.build_absolute_uri("/").removesuffix("/")
    share = share_of(shortcode, username, origin=origin, is_public=post.is_public) if "published" in states else None
    return render(request, "posts/menu.html", {"post": post, "items": items, "share": share})
