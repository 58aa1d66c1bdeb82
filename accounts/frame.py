"""The frame of a page: head, navigation and menus, rendered once per process and filled for each request.

`frame/document.html` is rendered once for each `Variant`, as parts with slots for what differs between people and
pages (`common.parts`). A page is drawn in one of two ways:

- `render(request, template, …)`: Django renders the blocks of the page, and `document` inserts them in microseconds.
- `render_page(request, template, slots)`: the blocks are rendered once, too, with slots for what differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple, cast
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.template.backends.django import Template as EngineTemplate
from django.template.loader import get_template, render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from accounts.models import User, Viewer
from common.csrf import csrf_token
from common.fast_reverse import Paths, current_paths
from common.parts import Parts, render_parts
from common.templatetags.site import avatar

SECTIONS: Final = {
    "feed:home": "home",
    "feed:explore": "explore",
    "search:search": "search",
    "notifications:page": "notifications",
    "social:requests": "requests",
    "posts:create": "create",
}


class Variant(NamedTuple):
    """What decides the constant parts of a frame, apart from settings."""

    section: str
    """The current page's entry in the navigation: a value of SECTIONS, "profile" or ""."""
    theme: str
    is_member: bool
    is_staff: bool
    has_requests: bool
    is_read: bool
    """True if the page answers a GET, so that it can be opened again."""
    language: str | None


def render_page(
    request: HttpRequest, template: str, slots: Mapping[str, str], encoded: Mapping[str, bytes]
) -> HttpResponse:
    """Respond with a page that extends base.html and is the same for all, apart from its `{% slot %}` tags.

    `slots` has their values, which are HTML, and `encoded` has further ones in UTF-8. The template gets the fields of
    `Variant` and the name of the site. Cost: 0.1 ms.
    """
    context: dict[str, Any] = {}
    for processor in Engine.get_default().template_context_processors:
        context.update(processor(request))
    make, paths = _page.__wrapped__ if settings.DEBUG else _page, current_paths()
    parts = make(template, variant_for(request, context["user"], context["theme"], paths), paths, **_names(context))
    return HttpResponse(parts.fill_bytes({**slots_for(request, context, paths), **slots}, encoded))


def document(request: HttpRequest, context: Context, blocks: Mapping[str, str]) -> SafeString:
    """Return the page whose blocks have this HTML. `context` has the variables of the site's context processors."""
    # In development, templates change while the process runs.
    make, paths = _document.__wrapped__ if settings.DEBUG else _document, current_paths()
    variant = variant_for(request, context["user"], context["theme"], paths)
    return make(variant, paths, **_names(context)).fill({**slots_for(request, context, paths), **blocks})


def document_with_slots(context: Context, blocks: Mapping[str, str]) -> SafeString:
    """Return the page whose blocks have this HTML, with the marks of all other slots."""
    slots = context["slots"]

    def value_or_mark(name: str) -> str:
        return blocks[name] if name in blocks else slots(name)

    document_template = cast("EngineTemplate", get_template("frame/document.html")).template
    return document_template.render(context.new({**cast("dict[str, Any]", context.flatten()), "slots": value_or_mark}))


def _names(context: Context | Mapping[str, Any]) -> dict[str, str]:
    return {name: context[name] for name in ("site_name", "site_description")}


@lru_cache(maxsize=1000)
def _page(template: str, variant: Variant, paths: Paths, **names: str) -> Parts:
    """Return the parts of a page. `paths` are in its addresses, and so in the cache's key."""
    return render_parts(template, {**variant._asdict(), **names})


@lru_cache(maxsize=1000)
def _document(variant: Variant, paths: Paths, **names: str) -> Parts:
    return render_parts("frame/document.html", {**variant._asdict(), **names})


def variant_for(request: HttpRequest, user: Viewer, theme: str, paths: Paths) -> Variant:
    """Return the variant of the frame of this page for this person."""
    path = request.path
    section = _sections(paths).get(path, "")
    member = user if isinstance(user, User) else None
    return Variant(
        section or ("profile" if member and path == paths("feed:profile", member.username) else ""),
        theme,
        is_member=member is not None,
        is_staff=member is not None and member.is_staff,
        has_requests=member is not None and member.is_private and member.flags.has_requests,
        is_read=request.method == "GET",
        language=get_language(),
    )


def slots_for(request: HttpRequest, context: Context | Mapping[str, Any], paths: Paths) -> dict[str, str]:
    """Return the values of the slots for this request, from the variables of the site's context processors."""
    user: Viewer = context["user"]
    here = request.get_full_path()
    token = csrf_token(request)
    slots: dict[str, str] = {"csrf_token": token, "next_url": escape(here), "messages": _messages(context, token)}
    if not isinstance(user, User):
        return slots | {"login_url": escape(_login_url(request, here, paths))}
    return slots | {
        "profile_url": escape(paths("feed:profile", user.username)),
        "avatar": avatar(user, 24),
        "unread_badge": _badge("frame/_badge.html", "unread_notifications", str(context["unread_notifications"])),
        "requests_badge": _badge("frame/_requests_badge.html", "follow_requests", str(context["follow_requests"])),
    }


def _login_url(request: HttpRequest, here: str, paths: Paths) -> str:
    """Return the address of the login page, which leads back to this page if it can be opened again."""
    path = paths("account_login")
    returns = request.method == "GET" and "/accounts/" not in request.path and request.path != paths("feed:home")
    return f"{path}?next={quote(here)}" if returns else path


def _messages(context: Context | Mapping[str, Any], token: str) -> str:
    """Return the messages for this person as HTML, which are shown once."""
    messages = context.get("messages")
    if not messages:
        return ""
    return render_to_string("frame/_messages.html", {"messages": messages, "csrf_token": token})


@lru_cache(maxsize=2000)
def _badge(template: str, name: str, text: str) -> SafeString:
    """Return the badge with a number of up to three characters."""
    return render_to_string(template, {name: text})


@cache
def _sections(paths: Paths) -> dict[str, str]:
    """Return {path: section} of the pages in the navigation."""
    return {paths(view): section for view, section in SECTIONS.items()}
