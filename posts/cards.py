"""The card of a post, drawn in this one place, so that it can be cached here."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import Context
from django.template.loader import get_template
from django.utils.safestring import SafeString

from posts.models import Post

CARD = "posts/_card.html"


def render_card(context: Context, post: Post, *, eager: bool = False, expanded: bool = False) -> SafeString:
    """The HTML of one card within a page's context. `post` comes from `for_cards()`; no query.

    `eager` marks the first card of a page, whose photo is fetched at once; `expanded` shows the caption whole.
    """
    with context.push(post=post, eager=eager, expanded=expanded):
        # The engine's own template, not its wrapper, which would run the context processors once a card.
        return get_template(CARD).template.render(context)  # type: ignore[attr-defined, no-any-return]


def card_response(request: HttpRequest, post: Post) -> HttpResponse:
    """A card alone, for htmx."""
    return render(request, "posts/_one_card.html", {"post": post})
