"""Rows of the list of notifications, from parts that are rendered once per process.

What a row says, by its kind, is a variant of its parts; people, texts, times and addresses are slots.
"""

from __future__ import annotations

from collections.abc import Collection

from django.http import HttpRequest
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User, Viewer
from common.csrf import csrf_field
from common.fast_reverse import Paths, current_paths
from common.ids import time_of
from common.parts import static_parts
from common.templatetags.site import ago, avatar, compact
from common.text import shorten
from notifications.models import Kind
from notifications.queries import Row
from social.rows import follow_button

TEXT_CHARS = 120
"""Length of the beginning of a comment."""


def render_rows(request: HttpRequest, rows: Collection[Row]) -> SafeString:
    """Return the rows as HTML. No query; about 50 µs a row."""
    paths = current_paths()
    csrf = csrf_field(request) if any(_is_request_of_one(row) for row in rows) else ""
    return mark_safe("".join([_row(row, request.user, csrf, paths) for row in rows]))  # noqa: S308  (joined HTML)


def _row(row: Row, viewer: Viewer, csrf: str, paths: Paths) -> SafeString:
    post, comment, is_of_two = row.post, row.comment, len(row.actors) == 2
    thumb = post.slides[0].thumb if post else ""
    parts = static_parts(
        "notifications/_row.html",
        kind=row.kind,
        is_of_comment=comment is not None,
        is_unread=row.is_unread,
        is_of_two=is_of_two,
        is_of_many=row.is_of_many,
        has_heading=bool(row.heading),
        has_post=post is not None,
        has_thumb=bool(thumb),
    )
    return parts.fill(
        {
            "heading": row.heading,
            "profile_url": escape(paths("feed:profile", row.first.username)),
            "avatars": "".join(avatar(person, 32) for person in row.actors) if is_of_two else avatar(row.first, 44),
            "names": _names(row, paths),
            "url": escape(row.url),
            "noun": row.post_word,
            "text": escape(shorten(comment.text, TEXT_CHARS)) if comment else "",
            "ago": ago(time_of(row.latest)),
            "thumb": escape(thumb),
            "buttons": _buttons(row, viewer, csrf, paths),
        }
    )


def _names(row: Row, paths: Paths) -> str:
    """Return links to the people of a row: "ada", "ada and ben", "ada, ben and 3 others"."""
    parts = static_parts("notifications/_name.html")
    names = [
        parts.fill(
            {"profile_url": escape(paths("feed:profile", one.username)), "username": escape(one.username)}
        ).strip()
        for one in row.actors
    ]
    if not row.others:
        return " and ".join(names)
    return f"{', '.join(names)} and {compact(row.others)} other{'' if row.others == 1 else 's'}"


def _buttons(row: Row, viewer: Viewer, csrf: str, paths: Paths) -> str:
    """Return the buttons of a row of one person: to follow back, or to answer a request."""
    if row.is_of_many:
        return ""
    if _is_request_of_one(row):
        return _request_buttons(row.first, csrf, paths)
    return follow_button(row.first, viewer) if row.kind == Kind.FOLLOW else ""


def _request_buttons(person: User, csrf: str, paths: Paths) -> SafeString:
    return static_parts("notifications/_request_buttons.html").fill(
        {
            "username": escape(person.username),
            "approve_url": escape(paths("social:approve", person.username)),
            "refuse_url": escape(paths("social:refuse", person.username)),
            "csrf": csrf,
        }
    )


def _is_request_of_one(row: Row) -> bool:
    return row.kind == Kind.REQUEST and not row.is_of_many
