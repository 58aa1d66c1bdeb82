"""The menu on a profile and its confirmations, from parts that are rendered once per process."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from django.http import HttpRequest
from django.utils.html import escape
from django.utils.safestring import SafeString

from accounts.models import User
from common.csrf import csrf_field
from common.fast_reverse import Paths, current_paths
from common.parts import Parts, Slots, render_parts
from social.confirmations import confirmations_for


class _Relations(NamedTuple):
    """What decides the entries of the menu, apart from the username: annotations of `with_relations`."""

    username: str
    """A slot."""
    followed_by_viewer: bool
    follows_viewer: bool
    is_favourite: bool
    is_close_friend: bool
    is_muted: bool
    is_restricted: bool


def profile_menu(request: HttpRequest, person: User) -> SafeString:
    """Return the menu of actions on `person`, who comes from `with_relations`, for a member. No query."""
    return _fill("social/_profile_menu.html", request, person)


def profile_dialogs(request: HttpRequest, person: User) -> SafeString:
    """Return the confirmations that entries of `profile_menu` open."""
    return _fill("social/_profile_dialogs.html", request, person)


def _fill(template: str, request: HttpRequest, person: User) -> SafeString:
    relations = [bool(getattr(person, field)) for field in _Relations._fields[1:]]
    values = {
        "username": escape(person.username),
        "csrf": csrf_field(request),
        "next_url": escape(request.get_full_path()),
    }
    return _parts(template, current_paths(), *relations).fill(values)


@cache
def _parts(template: str, paths: Paths, *relations: bool) -> Parts:
    """Return the parts for these relations. `paths` are in their addresses, and so in the cache's key."""
    slots = Slots()
    person = _Relations(slots("username"), *relations)
    return render_parts(template, {"person": person, "confirmations": confirmations_for(person)}, slots)
