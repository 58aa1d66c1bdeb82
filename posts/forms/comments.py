from __future__ import annotations

from django import forms

from common.forms import GraphemeField
from common.limits import MAX_COMMENT_CHARS
from posts.forms.text import check_tags_and_names, parse_id
from posts.models import Comment


class CommentForm(forms.Form):
    text = GraphemeField(
        max_graphemes=MAX_COMMENT_CHARS,
        lines=True,
        label="Add a comment",
        error_messages={"required": "Write something first."},
        widget=forms.Textarea(attrs={"rows": 1, "placeholder": "Add a comment…"}),
    )
    parent = forms.CharField(required=False)
    """The id of the comment that is replied to."""

    reply_to: Comment | None = None
    """That comment, with its author; set by the view."""

    def clean_text(self) -> str:
        return check_tags_and_names(self.cleaned_data["text"], "comment")

    def clean_parent(self) -> int | None:
        """None for a comment of its own; -1, which no comment has, for what is no id."""
        text = self.cleaned_data["parent"]
        return parse_id(text) if text else None
