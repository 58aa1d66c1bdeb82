"""Comments of a page and their forms, from parts that are rendered once per process.

A button of a comment, for example to delete it, selects a variant of its parts; text, author and counts are slots.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Final, NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from accounts.models import Viewer
from common.fast_reverse import Paths, current_paths
from common.ids import encode_shortcode
from common.limits import MAX_COMMENT_CHARS
from common.linkify import extract_names
from common.parts import Parts, Slots, static_parts
from common.templatetags.site import ago, avatar, compact, form_key
from posts.models import Comment

_NOTHING: Final = SafeString("")
_EMPTY_KEY: Final = '<input type="hidden" name="form_key">'


class _Variant(NamedTuple):
    """What decides the parts of a comment."""

    is_member: bool
    is_pinned: bool
    is_edited: bool
    can_reply: bool
    can_approve: bool
    can_edit: bool
    can_pin: bool
    can_delete: bool
    can_unmention: bool
    has_replies: bool
    has_refusal: bool
    is_liked: bool
    has_likes: bool


class CommentRows(NamedTuple):
    """Renders comments of one post for one viewer. No query; about 20 µs a comment."""

    viewer: Viewer
    are_comments_off: bool
    """Whether the post takes no further comments."""
    csrf_field: object
    """The hidden field of the page's token. It is made when it becomes text, so only for comments with forms."""

    def rows(self, comments: Iterable[Comment], *, replies: SafeString = _NOTHING) -> SafeString:
        """Return the comments, each with its collapsed replies, or with `replies`."""
        return mark_safe("".join([self.row(comment, replies=replies) for comment in comments]))  # noqa: S308  (joined HTML)

    def row(self, comment: Comment, *, replies: SafeString = _NOTHING, refusal: str = "") -> SafeString:
        """Return a comment with its collapsed replies. `replies`, if given, are shown instead."""
        paths = current_paths()
        parts = _row_parts(
            self._variant(comment, refusal), paths, has_thread=comment.parent_id is None, is_open=bool(replies)
        )
        return parts.fill(self._values(comment, parts, paths, refusal) | _counts_of_replies(comment, replies))

    def line(self, comment: Comment, *, refusal: str = "") -> SafeString:
        """Return the text and the actions of a comment. `refusal` says why the viewer's action failed."""
        paths = current_paths()
        parts = _line_parts(self._variant(comment, refusal), paths)
        return parts.fill(self._values(comment, parts, paths, refusal))

    def thread(self, comment: Comment, replies: SafeString = _NOTHING) -> SafeString:
        """Return the replies of a comment: `replies`, or a link that fetches them."""
        has_replies = bool(comment.reply_count or replies)
        parts = static_parts("posts/_thread.html", is_open=bool(replies), has_replies=has_replies)
        return parts.fill(_base(comment, current_paths()) | _counts_of_replies(comment, replies))

    def _variant(self, comment: Comment, refusal: str) -> _Variant:
        is_member = self.viewer.is_authenticated
        return _Variant(
            is_member=is_member,
            is_pinned=comment.pinned_at is not None,
            is_edited=comment.edited_at is not None,
            can_reply=is_member and not self.are_comments_off,
            can_approve=comment.can_approve,
            can_edit=comment.can_edit,
            can_pin=comment.can_pin,
            can_delete=comment.can_delete,
            can_unmention=comment.author_id != self.viewer.pk and mentions(comment, self.viewer),
            has_replies=bool(comment.reply_count),
            has_refusal=bool(refusal),
            is_liked=comment.liked_by_viewer,
            has_likes=bool(comment.like_count),
        )

    def _values(self, comment: Comment, parts: Parts, paths: Paths, refusal: str) -> dict[str, Any]:
        return {
            **_base(comment, paths),
            **_counts_of_likes(comment),
            "avatar": avatar(comment.author, 32),
            "text": comment.text_html,
            "ago": ago(comment.created_at),
            "csrf": self.csrf_field if "csrf" in parts.slots else "",
            "refusal": escape(refusal),
        }


@cache
def _line_parts(variant: _Variant, paths: Paths) -> Parts:
    """Return the parts of the line of a comment, with its like button and count."""
    slots = Slots()
    return slots.split(_line_html(variant, slots))


@cache
def _row_parts(variant: _Variant, paths: Paths, *, has_thread: bool, is_open: bool) -> Parts:
    """Return the parts of a comment with its replies."""
    slots = Slots()
    thread = ""
    if has_thread:
        has_replies = variant.has_replies or is_open
        thread = static_parts("posts/_thread.html", is_open=is_open, has_replies=has_replies).with_marks(slots)
    values = {"pk": slots("pk"), "line": _line_html(variant, slots), "thread": thread}
    return slots.split(static_parts("posts/_comment.html").fill(values))


def _line_html(variant: _Variant, slots: Slots) -> str:
    """Return the line of a comment with the marks of its slots."""
    options = variant._asdict()
    is_liked, has_likes = options.pop("is_liked"), options.pop("has_likes")
    parts = static_parts("posts/_comment_line.html", **options)
    like = static_parts("posts/_comment_like.html", is_liked=is_liked).with_marks(slots) if variant.is_member else ""
    likes = static_parts("posts/_comment_likes.html", is_hidden=not has_likes).with_marks(slots)
    return parts.with_marks(slots, like=like, likes=likes)


def comment_like(comment: Comment) -> SafeString:
    """Return the like button of a comment."""
    parts = static_parts("posts/_comment_like.html", is_liked=comment.liked_by_viewer)
    return parts.fill(_base(comment, current_paths()))


def comment_likes(comment: Comment) -> SafeString:
    """Return the like count of a comment, a link to the list of likers."""
    parts = static_parts("posts/_comment_likes.html", is_hidden=not comment.like_count)
    return parts.fill(_base(comment, current_paths()) | _counts_of_likes(comment))


def comment_form(
    code: str,
    url: str,
    *,
    csrf: str = "",
    is_off: bool = False,
    is_copied: bool = False,
    reply_to: Comment | None = None,
    text: str = "",
    error: str = "",
) -> SafeString:
    """Return the comment box of the post with this shortcode and address.

    With `is_copied`, scripts copy it and fill in the keys.
    """
    parts = static_parts(
        "posts/_comment_form.html", is_off=is_off, has_reply=reply_to is not None, has_error=bool(error)
    )
    return parts.fill(
        {
            "code": code,
            "url": escape(url),
            "csrf": csrf,
            "form_key": _EMPTY_KEY if is_copied else form_key(),
            "parent": reply_to.pk if reply_to else "",
            "reply_name": escape(reply_to.author.username) if reply_to else "",
            "max_chars": MAX_COMMENT_CHARS,
            "text": escape(text),
            "error": escape(error),
        }
    )


def mentions(comment: Comment, person: Any) -> bool:
    """Return True if the comment mentions `person` and the mention is linked. For captions, see `posts.cards`."""
    # The cheap checks come first, because most comments do not mention the person.
    return (
        person.is_authenticated
        and f"@{person.username}" in comment.text.lower()
        and person.username not in comment.unlinked
        and person.username in extract_names(comment.text)
    )


def _base(comment: Comment, paths: Paths) -> dict[str, Any]:
    username = comment.author.username
    return {
        "pk": comment.pk,
        "code": encode_shortcode(comment.post_id),
        "name": escape(username),
        "profile_url": escape(paths("feed:profile", username)),
    }


def _counts_of_likes(comment: Comment) -> dict[str, Any]:
    count = comment.like_count
    return {"like_count": count, "like_counted": f"{compact(count)} like{'' if count == 1 else 's'}"}


def _counts_of_replies(comment: Comment, replies: SafeString) -> dict[str, Any]:
    count = comment.reply_count
    counted = f"{count} {'reply' if count == 1 else 'replies'}"
    return {"reply_count": compact(count), "reply_counted": counted, "replies": replies}
