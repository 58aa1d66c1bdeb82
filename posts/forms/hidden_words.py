from __future__ import annotations

from django import forms

from common.forms import check_length
from common.limits import MAX_HIDDEN_WORD_CHARS, MAX_HIDDEN_WORDS
from common.text import clean_line
from posts.models import normalize_words


class HiddenWordsForm(forms.Form):
    """One's hidden words, one on each line."""

    words = forms.CharField(
        required=False,
        strip=False,
        label="Hidden words",
        help_text=f"One on each line, at most {MAX_HIDDEN_WORDS}, each of at most {MAX_HIDDEN_WORD_CHARS} characters.",
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "autocapitalize": "none", "dir": "auto"}),
    )

    def clean_words(self) -> list[str]:
        # Every line of a megabyte is not looked at.
        lines = self.cleaned_data["words"].splitlines()
        words = [word for word in (clean_line(line) for line in lines[: MAX_HIDDEN_WORDS * 10]) if word]
        if len(words) > MAX_HIDDEN_WORDS:
            raise forms.ValidationError(
                f"These are {len(words)} words or more: at most {MAX_HIDDEN_WORDS} fit.", code="too_many"
            )
        for word in words:
            check_length(word, MAX_HIDDEN_WORD_CHARS, f"“{word[:30]}{'…' if len(word) > 30 else ''}”")
            if not normalize_words(word):
                raise forms.ValidationError(f"“{word}” has no letter, digit or sign in it.", code="no_word")
        return words
