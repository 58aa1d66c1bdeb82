"""Set the words that make comments wait for approval."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts.models import User
from posts.models import HiddenWord, normalize_words


@transaction.atomic
def set_hidden_words(owner: User, words: Sequence[str]) -> int:
    """Replace the list of hidden words of `owner`, keeping the order; return its length.

    Of words with the same normalized form only the first is kept. The caller has cleaned the words and checked their
    lengths. Existing comments are not affected.
    """
    # The lock makes simultaneous replacements run one after the other.
    User.objects.lock(owner.pk)
    patterns: dict[str, str] = {}
    for word in words:
        if pattern := normalize_words(word):
            patterns.setdefault(pattern, word)
    HiddenWord.objects.of(owner).delete()
    HiddenWord.objects.bulk_create(HiddenWord(owner=owner, word=word, pattern=key) for key, word in patterns.items())
    return len(patterns)
