from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import regex
from django.conf import settings
from django.db import models
from django.db.models import Q

from common.limits import MAX_CODE_POINTS_PER_CHAR, MAX_HIDDEN_WORD_CHARS
from common.text import SPACELESS, strip_invisible

if TYPE_CHECKING:
    from accounts.models import User

_SPACELESS_LETTER = rf"(?=[{SPACELESS}])\w"
_TOKEN = regex.compile(rf"{_SPACELESS_LETTER}\p{{M}}*|(?:(?!{_SPACELESS_LETTER})[\w\p{{M}}])+|\p{{S}}")
_ACCENTS = regex.compile(r"[\u0300-\u036f]")


def normalize_words(text: str) -> str:
    """Return the words of `text` in order, normalized for comparison and joined by spaces.

    Letter case, accents, compatibility forms (full width, bold letters), signs that are not seen and punctuation do
    not matter. Emoji are words, and so is each letter of a script without spaces: "垃圾" is in "这是垃圾邮件".
    """
    # Compatibility forms first: of a bold É nothing else finds the E.
    plain = unicodedata.normalize("NFKD", strip_invisible(unicodedata.normalize("NFKC", text).casefold()))
    return " ".join(_TOKEN.findall(unicodedata.normalize("NFC", _ACCENTS.sub("", plain)).casefold()))


class HiddenWordQuerySet(models.QuerySet["HiddenWord"]):
    def applying_to(self, owner_id: int) -> HiddenWordQuerySet:
        """Words that apply to comments under posts of this user: their own and the site's."""
        return self.filter(Q(owner_id=owner_id) | Q(owner=None))

    def of(self, owner: User) -> HiddenWordQuerySet:
        """One's own list, in the order in which it was written."""
        return self.filter(owner=owner).order_by("pk")

    def match_any(self, text: str) -> bool:
        """Return True if `text` contains one of these as whole words in a row. One query."""
        words = f" {normalize_words(text)} "
        return any(f" {pattern} " in words for pattern in self.values_list("pattern", flat=True))


class HiddenWord(models.Model):
    """A word, or some in a row: comments with it wait for approval."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="hidden_words", db_index=False
    )
    """Under whose posts; null for the site's own list, which is heeded under all."""
    word = models.CharField(max_length=MAX_HIDDEN_WORD_CHARS * MAX_CODE_POINTS_PER_CHAR)
    """As it was typed."""
    pattern = models.CharField(max_length=MAX_HIDDEN_WORD_CHARS * MAX_CODE_POINTS_PER_CHAR * 4, editable=False)
    """As it is compared: `normalize_words(word)`."""

    objects = HiddenWordQuerySet.as_manager()

    class Meta:
        constraints = [
            # Also the list of one owner.
            models.UniqueConstraint(fields=["owner", "pattern"], name="hide_a_word_once", nulls_distinct=False),
            models.CheckConstraint(condition=~Q(pattern=""), name="hidden_words_say_something"),
        ]

    def __str__(self) -> str:
        return self.word
