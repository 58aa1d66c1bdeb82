from __future__ import annotations

from django import forms

from common.forms import check_length
from common.limits import MAX_HIDDEN_WORD_CHARS, MAX_HIDDEN_WORDS
from common.text import clean_line
from posts.models import normalize_words


class HiddenWordsForm(forms.Form):
    """The author's hidden words, one per line."""

    words = forms.CharField(
        required=False,
        strip=False,
        label="Hidden words",
        help_text=f"One per line: at most {MAX_HIDDEN_WORDS}, each of at most {MAX_HIDDEN_WORD_CHARS} characters.",
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "autocapitalize": "none", "dir": "auto"}),
    )

    def clean_words(self) -> list[str]:
        # A megabyte of lines is refused in the time of a few hundred.
        lines = self.cleaned_data["words"].splitlines()
        words = [word for word in (clean_line(line) for line in lines[: MAX_HIDDEN_WORDS * 10]) if word]
        if len(words) > MAX_HIDDEN_WORDS:
            raise forms.ValidationError(
                f"You entered {len(words)} or more words. At most {MAX_HIDDEN_WORDS} are allowed.", code="too_many"
            )
        for word in words:
            check_length(word, MAX_HIDDEN_WORD_CHARS, f"“{word[:30]}{'…' if len(word) > 30 else ''}”")
            if not normalize_words(word):
                raise forms.ValidationError(f"“{word}” has no letter, digit or symbol.", code="no_word")
        return words
