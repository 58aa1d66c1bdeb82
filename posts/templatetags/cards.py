from __future__ import annotations

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from posts.cards import render_card
from posts.models import Post

register = template.Library()


@register.simple_tag(takes_context=True)
def post_card(context: Context, post: Post, eager: bool = False, expanded: bool = False) -> SafeString:
    """The card of `post`; see `posts.cards.render_card`."""
    return render_card(context, post, eager=eager, expanded=expanded)
