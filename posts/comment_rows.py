"""Comments of a page, from parts that are rendered once per process.

A button of a comment, for example to delete it, selects a variant of its parts; text, author and counts are slots.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from accounts.models import Viewer
from common.fast_reverse import fast_reverse
from common.ids import encode_shortcode
from common.linkify import extract_names
from common.parts import static_parts
from common.templatetags.site import ago, avatar, compact
from posts.models import Comment

_NOTHING: Final = SafeString("")


class CommentRows(NamedTuple):
    """Renders comments of one post for one viewer. No query; about 50 µs a comment."""

    viewer: Viewer
    are_comments_off: bool
    """Whether the post takes no further comments."""
    csrf_token: object
    """The token of the page's forms. It is made when it becomes text, so only for comments with forms."""

    def rows(self, comments: Iterable[Comment], *, replies: SafeString = _NOTHING) -> SafeString:
        """Return the comments, each with its collapsed replies, or with `replies`."""
        return mark_safe("".join([self.row(comment, replies=replies) for comment in comments]))  # noqa: S308  (joined HTML)

    def row(self, comment: Comment, *, replies: SafeString = _NOTHING, refusal: str = "") -> SafeString:
        """Return a comment with its collapsed replies. `replies`, if given, are shown instead."""
        thread = _NOTHING if comment.parent_id else self.thread(comment, replies)
        values = {"pk": comment.pk, "line": self.line(comment, refusal=refusal), "thread": thread}
        return static_parts("posts/_comment.html").fill(values)

    def line(self, comment: Comment, *, refusal: str = "") -> SafeString:
        """Return the text and the actions of a comment. `refusal` says why the viewer's action failed."""
        is_member = self.viewer.is_authenticated
        author = comment.author
        parts = static_parts(
            "posts/_comment_line.html",
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
        )
        return parts.fill(
            _base(comment)
            | {
                "avatar": avatar(author, 32),
                "text": comment.text_html,
                "ago": ago(comment.created_at),
                "likes": comment_likes(comment),
                "like": comment_like(comment) if is_member else "",
                "csrf": _csrf_field(self.csrf_token) if "csrf" in parts.slots else "",
                "refusal": escape(refusal),
            }
        )

    def thread(self, comment: Comment, replies: SafeString = _NOTHING) -> SafeString:
        """Return the replies of a comment: `replies`, or a link that fetches them."""
        parts = static_parts(
            "posts/_thread.html", is_open=bool(replies), has_replies=bool(comment.reply_count or replies)
        )
        count = comment.reply_count
        noun = "reply" if count == 1 else "replies"
        counts = {"count": compact(count), "counted": f"{count} {noun}", "replies": replies}
        return parts.fill(_base(comment) | counts)


def comment_like(comment: Comment) -> SafeString:
    """Return the like button of a comment."""
    return static_parts("posts/_comment_like.html", is_liked=comment.liked_by_viewer).fill(_base(comment))


def comment_likes(comment: Comment) -> SafeString:
    """Return the like count of a comment, a link to the list of likers."""
    count = comment.like_count
    shown = {"count": count, "counted": f"{compact(count)} like{'' if count == 1 else 's'}"}
    return static_parts("posts/_comment_likes.html", is_hidden=not count).fill(_base(comment) | shown)


def mentions(comment: Comment, person: Any) -> bool:
    """Return True if the comment mentions `person` and the mention is linked. For captions, see `posts.cards`."""
    # The cheap checks come first, because most comments do not mention the person.
    return (
        person.is_authenticated
        and f"@{person.username}" in comment.text.lower()
        and person.username not in comment.unlinked
        and person.username in extract_names(comment.text)
    )


def _base(comment: Comment) -> dict[str, Any]:
    username = comment.author.username
    return {
        "pk": comment.pk,
        "code": encode_shortcode(comment.post_id),
        "name": escape(username),
        "profile_url": escape(fast_reverse("feed:profile", username)),
    }


def _csrf_field(token: object) -> str:
    return f'<input type="hidden" name="csrfmiddlewaretoken" value="{escape(token)}">'
