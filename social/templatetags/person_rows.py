"""Tags for people and the buttons on their rows. None of them runs a query."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User
from common.csrf import csrf_field
from social import rows

register = template.Library()


@register.simple_tag(takes_context=True)
def follow_button(context: Context, person: User) -> SafeString:
    """Render the button to follow `person`; see `social.rows.follow_button`."""
    return rows.follow_button(person, context["user"])


@register.simple_tag(takes_context=True)
def request_rows(context: Context, people: Iterable[User]) -> SafeString:
    """Render the rows of follow requests."""
    csrf = csrf_field(context["request"])
    return mark_safe("".join([rows.request_row(person, csrf) for person in people]))  # noqa: S308  (joined HTML)


@register.simple_tag(takes_context=True)
def person_row(
    context: Context, person: User, reason: str = "", is_dismissable: bool = False, is_removable: bool = False
) -> SafeString:
    """Render a row in a list of people. With `is_removable` it has a button to remove the person as a follower."""
    extra = ""
    if is_removable:
        button = {"person": person, "kind": "follower", "is_on": True}
        extra = render_to_string("social/_change_button.html", button, context["request"])
    return rows.person_row(person, context["user"], reason=reason, is_dismissable=is_dismissable, extra=extra)
