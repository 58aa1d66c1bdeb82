"""The frame of a page: head, navigation and menus, rendered once per process and filled for each request.

A template in `templates/frame/` is rendered once for each `Variant`, as parts with slots for what differs between
people (`common.parts`). `draw` fills the slots in microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest
from django.template import Context
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from accounts.models import User, Viewer
from common.fast_reverse import fast_reverse
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
    is_staff: bool
    has_requests: bool
    language: str | None


def draw(template: str, variant: Variant, slots: Mapping[str, str]) -> SafeString:
    """Return the HTML of `template` with the values of `slots`. Cost: a few microseconds, after the first time."""
    # In development, templates change while the process runs.
    make = _parts.__wrapped__ if settings.DEBUG else _parts
    return make(template, variant, settings.SITE_NAME, settings.ROOT_URLCONF, get_script_prefix()).fill(slots)


@lru_cache(maxsize=1000)
def _parts(template: str, variant: Variant, site_name: str, urlconf: str, prefix: str) -> Parts:
    """Return the parts of the frame. `urlconf` and `prefix` are parts of the addresses, and so of the cache's key."""
    return render_parts(template, {**variant._asdict(), "site_name": site_name})


def variant_for(request: HttpRequest, user: Viewer, theme: str) -> Variant:
    """Return the variant of the frame of this page for this person."""
    path = request.path
    section = _sections(settings.ROOT_URLCONF, get_script_prefix()).get(path, "")
    if not isinstance(user, User):
        return Variant(section, theme, is_staff=False, has_requests=False, language=get_language())
    return Variant(
        section or ("profile" if path == user.get_absolute_url() else ""),
        theme,
        is_staff=user.is_staff,
        has_requests=user.is_private and user.flags.has_requests,
        language=get_language(),
    )


def slots_for(request: HttpRequest, context: Context) -> dict[str, str]:
    """Return the values of the slots for this request, from the variables of the site's context processors."""
    user: Viewer = context["user"]
    here = request.get_full_path()
    slots: dict[str, str] = {"csrf_token": str(context["csrf_token"]), "next_url": escape(here)}
    if not isinstance(user, User):
        return slots | {"login_url": escape(_login_url(request, here))}
    return slots | {
        "profile_url": escape(user.get_absolute_url()),
        "avatar": avatar(user, 24),
        "unread_badge": _badge("frame/_badge.html", "unread_notifications", str(context["unread_notifications"])),
        "requests_badge": _badge("frame/_requests_badge.html", "follow_requests", str(context["follow_requests"])),
    }


def _login_url(request: HttpRequest, here: str) -> str:
    """Return the address of the login page, which leads back to this page if it can be opened again."""
    path = fast_reverse("account_login")
    returns = request.method == "GET" and "/accounts/" not in request.path and request.path != fast_reverse("feed:home")
    return f"{path}?next={quote(here)}" if returns else path


@lru_cache(maxsize=2000)
def _badge(template: str, name: str, text: str) -> SafeString:
    """Return the badge with a number of up to three characters."""
    return render_to_string(template, {name: text})


@cache
def _sections(urlconf: str, prefix: str) -> dict[str, str]:
    """Return {path: section} of the pages in the navigation."""
    return {fast_reverse(view): section for view, section in SECTIONS.items()}
