"""The menu of a post.

A page with posts contains the menu once, as a `<template>` with placeholders, which scripts copy for a post. Without
JavaScript the menu is a page of its own (`posts.views.menu`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from common.fast_reverse import fast_reverse

CODE, AUTHOR = "_code_", "_author_"
"""Placeholders for the shortcode and the author's username in the template of the menu (static/js/post-menus.js)."""


@dataclass(frozen=True)
class Confirmation:
    """A question that scripts ask first. Without them, the page of the item asks it."""

    question: str
    text: str
    action: str


@dataclass(frozen=True)
class MenuItem:
    """A link, or with `is_post` a button that sends a form."""

    label: str
    icon: str
    view: str
    when: str = ""
    """States (templates/posts/_flags.html) that a post must have or, with "!", must not have; separated by spaces."""
    of: Literal["post", "author"] = "post"
    is_post: bool = False
    is_danger: bool = False
    fragment: str = ""
    confirm: Confirmation | None = None
    url: str = ""

    def for_post(self, shortcode: str, author: str) -> MenuItem:
        address = fast_reverse(self.view, author if self.of == "author" else shortcode)
        return replace(self, url=f"{address}{self.fragment}")

    def applies_to(self, states: Iterable[str]) -> bool:
        """Return True if a post in these states has the item."""
        present = set(states)
        return all((word[1:] not in present) if word[0] == "!" else word in present for word in self.when.split())


_REMOVE_ME: Final = Confirmation(
    "Remove yourself from this caption?",
    "Your name stays in the text, but no longer links to your profile, even if the text is edited.",
    "Remove",
)
_ARCHIVE: Final = Confirmation(
    "Archive this post?",
    "It will be hidden from everyone but you, along with its likes and comments. You can restore it any time.",
    "Archive",
)
_DELETE: Final = Confirmation(
    "Delete this post?",
    "Its photos, videos, likes and comments will be deleted too. This can’t be undone.",
    "Delete",
)

_FOR_ALL: Final = (
    MenuItem("Go to post", "link", "posts:post"),
    MenuItem("About this account", "user", "feed:profile", of="author"),
)
_FOR_MEMBERS: Final = (
    MenuItem("Remove me from this", "user", "posts:unmention", "!own named", is_post=True, confirm=_REMOVE_ME),
    MenuItem("Save to a collection", "bookmark", "posts:collections", "published"),
    MenuItem("Not interested", "close", "feed:hide_post", "!own published", is_post=True),
    MenuItem("Edit", "edit", "posts:edit", "own !removed"),
    MenuItem("Tag people", "user", "posts:edit", "own !removed", fragment="#people"),
    MenuItem("Archive", "archive", "posts:archive", "own published", confirm=_ARCHIVE),
    MenuItem("Restore from archive", "archive", "posts:unarchive", "own archived", is_post=True),
    MenuItem("Turn comments off", "comment", "posts:comments_off", "own !comments-off", is_post=True),
    MenuItem("Turn comments on", "comment", "posts:comments_on", "own comments-off", is_post=True),
    MenuItem("Hide like count", "heart", "posts:hide_likes", "own !likes-hidden", is_post=True),
    MenuItem("Show like count", "heart", "posts:show_likes", "own likes-hidden", is_post=True),
    MenuItem("Delete", "trash", "posts:delete", "own", is_danger=True, confirm=_DELETE),
)


def menu_items(shortcode: str, author: str, *, is_member: bool) -> list[MenuItem]:
    """Return all items that a post can have, with the addresses for this post."""
    return [item.for_post(shortcode, author) for item in (*_FOR_ALL, *(_FOR_MEMBERS if is_member else ()))]


@dataclass(frozen=True)
class Share:
    """The link of a post to share. The addresses are absolute, except in the template of the menu."""

    url: str
    embed_url: str
    """Address of the page to embed; "" if the post cannot be embedded."""
    title: str


def share_of(shortcode: str, author: str, *, origin: str, is_public: bool) -> Share:
    embed = origin + fast_reverse("posts:embed", shortcode) if is_public else ""
    return Share(origin + fast_reverse("posts:post", shortcode), embed, f"Post by {author}")
