"""Rendering of post cards. All cards are rendered here, so a cache of them would go here too."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import Context
from django.template.backends.django import Template as EngineTemplate
from django.template.loader import get_template
from django.utils.safestring import SafeString

from posts.models import Post

CARD = "posts/_card.html"


def render_card(
    context: Context, post: Post, *, eager: bool = False, expanded: bool = False, followed_tag: str = ""
) -> SafeString:
    """Render one card within the context of a page. `post` must come from `for_cards()`; no query.

    `eager` marks the first card of a page, whose photo is loaded immediately; `expanded` shows the whole caption.
    `followed_tag` is shown as the reason for a post on the home page.
    """
    with context.push(post=post, eager=eager, expanded=expanded, followed_tag=followed_tag):
        # The engine's own template: its wrapper would run the context processors for each card.
        return cast("EngineTemplate", get_template(CARD)).template.render(context)


def card_response(request: HttpRequest, post: Post) -> HttpResponse:
    """Respond with a single card, for htmx."""
    return render(request, "posts/_one_card.html", {"post": post})
