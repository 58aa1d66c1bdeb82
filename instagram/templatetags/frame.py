"""The tag that draws parts of the frame of a page."""

from __future__ import annotations

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from instagram.frame import draw, slots_for, variant_for

register = template.Library()

_KEY = "frame"


@register.simple_tag(takes_context=True)
def frame(context: Context, name: str) -> SafeString:
    """Draw the template `name` of the frame for this request. See `instagram.frame`."""
    drawn = context.render_context.get(_KEY)
    if drawn is None:
        request = context["request"]
        drawn = variant_for(request, context["user"], context["theme"]), slots_for(request, context)
        context.render_context[_KEY] = drawn
    return draw(name, *drawn)
