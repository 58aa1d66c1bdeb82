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
def post_card(
    context: Context, post: Post, eager: bool = False, expanded: bool = False, followed_tag: str = ""
) -> SafeString:
    """Render the card of `post`; see `posts.cards.render_card`."""
    return render_card(context, post, eager=eager, expanded=expanded, followed_tag=followed_tag)


@register.filter
def names(source: Post | Comment, person: Any) -> bool:
    """Return True if the caption or comment mentions `person` and the mention is linked."""
    text: str = source.caption if hasattr(source, "caption") else source.text
    # The cheap checks come first, because most texts do not mention the person.
    return (
        person.is_authenticated
        and f"@{person.username}" in text.lower()
        and person.username not in source.unlinked
        and person.username in extract_names(text)
    )
