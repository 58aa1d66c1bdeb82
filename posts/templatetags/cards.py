from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from common.linkify import extract_names
from posts.cards import render_card
from posts.models import Comment, Post

register = template.Library()


@register.simple_tag(takes_context=True)
def post_card(context: Context, post: Post, eager: bool = False, expanded: bool = False) -> SafeString:
    """The card of `post`; see `posts.cards.render_card`."""
    return render_card(context, post, eager=eager, expanded=expanded)


@register.filter
def names(said: Post | Comment, person: Any) -> bool:
    """Whether a caption or a comment has the name of `person` as a link."""
    text: str = said.caption if hasattr(said, "caption") else said.text
    # Nearly all do not, which is told without taking them apart.
    return (
        person.is_authenticated
        and f"@{person.username}" in text.lower()
        and person.username not in said.unlinked
        and person.username in extract_names(text)
    )
