"""Pages of the style guide. They are open to everyone, and only exist in development."""

from __future__ import annotations

import re

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common.forms import GraphemeField
from common.limits import MAX_BIO_CHARS
from styleguide.examples import examples
from styleguide.photos import photo_of, scaled

COLOURS = [
    *["ground", "ground-raised", "ground-subtle", "ground-hover", "ground-pressed", "ground-inverse"],
    *["text", "text-muted", "line", "line-strong", "link", "focus"],
    *["primary", "primary-hover", "primary-quiet", "danger", "success", "warning", "like"],
]
"""The colour tokens to show. `static/styleguide/styleguide.css` has a rule for each, as inline styles are forbidden."""

MAX_PHOTO_PX = 1080


class ExampleForm(forms.Form):
    email = forms.EmailField(label="Email")
    username = forms.CharField(help_text="Up to 30 letters, digits, dots and underscores.")
    bio = GraphemeField(max_graphemes=MAX_BIO_CHARS, lines=True, required=False)
    photo = forms.FileField(required=False)


class ExampleCommentForm(forms.Form):
    text = forms.CharField(max_length=10)
    reply_to = None


@require_safe
@login_not_required
def styleguide(request: HttpRequest) -> HttpResponse:
    """Render every component in every state with unsaved objects. No query."""
    form = ExampleForm(
        {"email": "anna@example", "username": "anna..lind", "bio": "Forests, streams and slow mornings."}, initial={}
    )
    form.add_error("username", "A username can’t have two dots in a row. Try anna.lind.")
    refused = ExampleCommentForm({"text": "A comment that is too long"})
    context = examples() | {"colours": COLOURS, "icons": icons(), "form": form, "comment_form": refused}
    return render(request, "styleguide/styleguide.html", context)


@require_safe
@login_not_required
def demo_photo(request: HttpRequest, owner: str, number: int) -> HttpResponse:
    """Send a photo of the demo content. `owner` makes this the URL of a medium or an avatar."""
    name, side = photo_of(number)
    content, _, _ = scaled(name, max(1, min(side, MAX_PHOTO_PX)))
    return HttpResponse(content, content_type="image/jpeg", headers={"Cache-Control": "max-age=3600"})


def icons() -> list[str]:
    """Return the names of the icons in the stylesheet."""
    stylesheet = (settings.BASE_DIR / "static/css/components/icons.css").read_text(encoding="utf-8")
    return sorted(set(re.findall(r"^\.i-([a-z-]+)", stylesheet, re.MULTILINE)))
