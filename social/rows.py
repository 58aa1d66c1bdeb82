"""Rows of people and their follow buttons, from parts that are rendered once per process."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from django.utils.html import escape
from django.utils.safestring import SafeString

from accounts.models import Viewer
from common.fast_reverse import Paths, current_paths
from common.parts import Parts, Slots, static_parts
from common.templatetags.site import avatar, avatar_html


class ListedPerson(Protocol):
    """The columns of a row about a person: a User of `with_follow_state`, or some of its columns."""

    @property
    def pk(self) -> int: ...
    @property
    def username(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def display_name(self) -> str: ...
    @property
    def avatar_small_url(self) -> str: ...
    @property
    def is_private(self) -> bool: ...
    @property
    def followed_by_viewer(self) -> bool: ...
    @property
    def requested_by_viewer(self) -> bool: ...


def follow_button(person: ListedPerson, viewer: Viewer) -> SafeString:
    """Return the button to follow `person`, who comes from `with_follow_state`; "" if that is `viewer`. No query.

    The button asks a private account for permission, and undoes a follow or a request.
    """
    if viewer.pk == person.pk:
        return SafeString("")
    paths = current_paths()
    if not viewer.is_authenticated:
        urls = {"login_url": paths("account_login"), "url": paths("feed:profile", person.username)}
        return static_parts("social/_follow_link.html").fill(urls)
    return _button(person.username, _follow_state(person), is_private=person.is_private, paths=paths)


def person_row(
    person: ListedPerson,
    viewer: Viewer,
    *,
    reason: str = "",
    is_dismissable: bool = False,
    is_focused: bool = False,
    extra: str = "",
    paths: Paths | None = None,
) -> SafeString:
    """Return a row in a list of people. `reason` replaces the name, and `extra` is the HTML of further buttons.

    With `is_focused` its link gets the focus when htmx inserts it. Cost: a few microseconds for a row that was drawn
    before in this process. Long lists pass `current_paths()` as `paths`, so that it is found once.
    """
    if viewer.is_authenticated and not extra and not is_focused:
        row = _row(
            person.username,
            person.display_name[:1].upper(),
            person.avatar_small_url,
            "own" if viewer.pk == person.pk else _follow_state(person),
            is_private=person.is_private,
            is_dismissable=is_dismissable,
            paths=paths or current_paths(),
        )
        return row.fill({"name": escape(reason or person.name)})
    return _fill_row(
        person.username,
        avatar(person, 44),
        escape(reason or person.name),
        follow_button(person, viewer),
        extra=extra,
        is_dismissable=is_dismissable,
        is_focused=is_focused,
        paths=current_paths(),
    )


def _fill_row(
    username: str,
    picture: str,
    name: str,
    button: str,
    *,
    is_dismissable: bool,
    paths: Paths,
    is_focused: bool = False,
    extra: str = "",
) -> SafeString:
    """Return the HTML of a row. All but `username` is HTML."""
    parts = static_parts("components/_person.html", is_dismissable=is_dismissable, is_focused=is_focused)
    return parts.fill(
        {
            "url": paths("feed:profile", username),
            "avatar": picture,
            "username": escape(username),
            "name": name,
            "follow_button": button,
            "dismiss_url": paths("feed:dismiss", username) if is_dismissable else "",
            "extra": extra,
        }
    )


def request_row(person: ListedPerson, csrf: str) -> SafeString:
    """Return the row of a follow request with both answers. `csrf` is the hidden field of their forms."""
    paths, username = current_paths(), person.username
    return static_parts("social/_request.html").fill(
        {
            "username": escape(username),
            "name": escape(person.name),
            "url": paths("feed:profile", username),
            "avatar": avatar(person, 44),
            "approve_url": paths("social:approve", username),
            "refuse_url": paths("social:refuse", username),
            "csrf": csrf,
        }
    )


def _follow_state(person: ListedPerson) -> str:
    return "followed" if person.followed_by_viewer else "requested" if person.requested_by_viewer else ""


def _button(username: str, state: str, *, is_private: bool, paths: Paths) -> SafeString:
    url = paths("social:unfollow" if state else "social:follow", username)
    parts = static_parts("social/_follow_button.html", state=state, is_private=is_private)
    return parts.fill({"url": url, "username": escape(username)})


@lru_cache(maxsize=4_000)
def _row(
    username: str, initial: str, avatar_url: str, state: str, *, is_private: bool, is_dismissable: bool, paths: Paths
) -> Parts:
    """Return the row of a person for a member, with a slot for the name. All that it shows is in the cache's key."""
    slots = Slots()
    button = "" if state == "own" else _button(username, state, is_private=is_private, paths=paths)
    picture = avatar_html(avatar_url, initial, 44)
    html = _fill_row(username, picture, slots("name"), button, is_dismissable=is_dismissable, paths=paths)
    return slots.split(html)
