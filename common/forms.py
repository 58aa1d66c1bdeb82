"""Form fields for clean text, with limits in graphemes."""

from __future__ import annotations

from typing import Any

from django import forms

from common.limits import MAX_CODE_POINTS_PER_CHAR
from common.text import clean_line, clean_text, grapheme_length


class GraphemeField(forms.CharField):
    """A field for text of at most `max_graphemes` characters, on several lines if `lines` is true.

    The widget has no maxlength, which would truncate silently in UTF-16 units. It has `data-max-graphemes` for the
    counter, and `dir="auto"` for right-to-left scripts.
    """

    def __init__(self, *, max_graphemes: int, lines: bool = False, **kwargs: Any) -> None:
        self.max_graphemes = max_graphemes
        self.lines = lines
        kwargs.setdefault("strip", False)
        kwargs.setdefault("widget", forms.Textarea if lines else forms.TextInput)
        super().__init__(**kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return super().widget_attrs(widget) | {"data-max-graphemes": str(self.max_graphemes), "dir": "auto"}

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return clean_text(text) if self.lines else clean_line(text)

    def validate(self, value: str) -> None:
        super().validate(value)
        check_length(value, self.max_graphemes)


def check_length(text: str, max_graphemes: int, what: str = "This") -> None:
    """Raise ValidationError with the limit and the length if `text` is too long.

    Graphemes are not counted for texts far above the limit, so rejecting a megabyte of text is fast.
    """
    if len(text) <= max_graphemes:
        return
    if len(text) > max_graphemes * MAX_CODE_POINTS_PER_CHAR:
        raise forms.ValidationError(
            f"{what} is too long. The limit is {max_graphemes:,} characters.", code="max_length"
        )
    length = grapheme_length(text)
    if length > max_graphemes:
        raise forms.ValidationError(
            f"{what} is {length:,} characters long. The limit is {max_graphemes:,}.", code="max_length"
        )
