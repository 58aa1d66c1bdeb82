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

    Ignores letter case, accents, compatibility forms (full width, bold letters), invisible characters and punctuation.
    Each emoji is a word, and so is each letter of a script without spaces: "垃圾" is in "这是垃圾邮件".
    """
    # Compatibility forms first, because only NFKC turns a bold É into letters whose accent can be removed.
    plain = unicodedata.normalize("NFKD", strip_invisible(unicodedata.normalize("NFKC", text).casefold()))
    return " ".join(_TOKEN.findall(unicodedata.normalize("NFC", _ACCENTS.sub("", plain)).casefold()))


class HiddenWordQuerySet(models.QuerySet["HiddenWord"]):
    def applying_to(self, owner_id: int) -> HiddenWordQuerySet:
        """Words that apply to comments under posts of this user: their own and the site's."""
        return self.filter(Q(owner_id=owner_id) | Q(owner=None))

    def of(self, owner: User) -> HiddenWordQuerySet:
        """The list of `owner`, in its order."""
        return self.filter(owner=owner).order_by("pk")

    def match_any(self, text: str) -> bool:
        """Return True if `text` contains one of these words or phrases, as whole words. One query."""
        words = f" {normalize_words(text)} "
        return any(f" {pattern} " in words for pattern in self.values_list("pattern", flat=True))


class HiddenWord(models.Model):
    """A word or phrase. Comments that contain it wait for approval."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="hidden_words", db_index=False
    )
    """The user to whose posts the word applies; null for the list of the site, which applies to all posts."""
    word = models.CharField(max_length=MAX_HIDDEN_WORD_CHARS * MAX_CODE_POINTS_PER_CHAR)
    """The word as it was typed."""
    pattern = models.CharField(max_length=MAX_HIDDEN_WORD_CHARS * MAX_CODE_POINTS_PER_CHAR * 4, editable=False)
    """The normalized word that texts are compared with: `normalize_words(word)`."""

    objects = HiddenWordQuerySet.as_manager()

    class Meta:
        constraints = [
            # Also serves the list of one owner.
            models.UniqueConstraint(fields=["owner", "pattern"], name="hide_a_word_once", nulls_distinct=False),
            models.CheckConstraint(condition=~Q(pattern=""), name="hidden_words_say_something"),
        ]

    def __str__(self) -> str:
        return self.word
