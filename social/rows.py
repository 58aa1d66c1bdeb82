"""Rows of people and their follow buttons, from parts that are rendered once per process."""

from __future__ import annotations

from django.utils.html import escape
from django.utils.safestring import SafeString

from accounts.models import User, Viewer
from common.fast_reverse import fast_reverse
from common.parts import static_parts
from common.templatetags.site import avatar


def follow_button(person: User, viewer: Viewer) -> SafeString:
    """Return the button to follow `person`, who comes from `with_follow_state`; "" if that is `viewer`. No query.

    The button asks a private account for permission, and undoes a follow or a request.
    """
    if viewer.pk == person.pk:
        return SafeString("")
    username = escape(person.username)
    if not viewer.is_authenticated:
        urls = {"login_url": fast_reverse("account_login"), "url": fast_reverse("feed:profile", person.username)}
        return static_parts("social/_follow_link.html").fill(urls)
    state = "followed" if person.followed_by_viewer else "requested" if person.requested_by_viewer else ""
    follow, unfollow = (fast_reverse(f"social:{verb}", person.username) for verb in ("follow", "unfollow"))
    parts = static_parts("social/_follow_button.html", state=state, is_private=person.is_private)
    values = {"username": username, "follow_url": follow, "unfollow_url": unfollow}
    return parts.fill(values | {"url": unfollow if state else follow})


def person_row(
    person: User,
    viewer: Viewer,
    *,
    reason: str = "",
    is_dismissable: bool = False,
    is_focused: bool = False,
    extra: str = "",
) -> SafeString:
    """Return a row in a list of people. `reason` replaces the name, and `extra` is the HTML of further buttons.

    With `is_focused` its link gets the focus when htmx inserts it.
    """
    username = escape(person.username)
    dismiss_url = fast_reverse("feed:dismiss", person.username) if is_dismissable else ""
    return static_parts("components/_person.html", is_dismissable=is_dismissable, is_focused=is_focused).fill(
        {
            "url": fast_reverse("feed:profile", person.username),
            "avatar": avatar(person, 44),
            "username": username,
            "name": escape(reason or person.name),
            "follow_button": follow_button(person, viewer),
            "dismiss_url": dismiss_url,
            "extra": extra,
        }
    )
