from __future__ import annotations

from django import forms

from common.forms import GraphemeField
from common.limits import MAX_COMMENT_CHARS
from posts.actions.requests import tags_and_names_problem
from posts.forms.fields import parse_id
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
    """The id of the comment to reply to; empty for a comment on the post."""

    reply_to: Comment | None = None
    """The comment to reply to, with its author. Views set it."""

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if problem := tags_and_names_problem(text, "comment"):
            raise forms.ValidationError(problem, code="too_many")
        return text

    def clean_parent(self) -> int | None:
        """Return the id, None for a comment on the post, or -1, which no comment has, for an invalid id."""
        text = self.cleaned_data["parent"]
        return parse_id(text) if text else None
