"""Normalize text for search with `search_words`, a PostgreSQL function that rows and queries share.

The function returns words of a to z and digits for every script and server locale (PostgreSQL's trigrams and letter
classes depend on the locale, and some locales support ASCII only):

- letter case and accents are removed, by unaccent and Unicode decomposition;
- Cyrillic and Greek are transliterated, so that "anna" also finds "Анна";
- each Chinese or Japanese character, Korean syllable, Thai, Lao, Tibetan, Burmese or Khmer letter and emoji is a word,
  because these are written without spaces or with particles attached; a run of any other script is one word: "x" and
  its bytes in hexadecimal;
- words joined by an apostrophe appear joined and in parts: "l'été" gives "lete l ete"; "don't" gives only "dont";
- all other characters separate words.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from django.db import connections, models, transaction

from common.replicas import read_alias, read_connection

MAX_WORDS_CHARS: Final = 600
MIN_INFIX_CHARS: Final = 3
"""Minimum length of a search word that also matches inside words: the length of a trigram."""
MAX_WORDS: Final = 16
"""Maximum number of words in a search for names; further words are ignored."""
MAX_EDITED_CHARS: Final = 20
MAX_EDITED_WORDS: Final = 3
LIKENESS: Final = 0.45
"""pg_trgm's word similarity from which a word counts as a misspelling, about two wrong letters in a long word."""


def search_words_expression(*columns: str) -> models.Func:
    """Return the words of several columns, each after a space: " anna k anna karenina".

    The result is truncated, because a character can become many letters and an index row has at most 2,704 bytes.
    """
    return models.Func(
        *columns,
        template=f"left(' ' || search_words(%(expressions)s), {MAX_WORDS_CHARS})",
        arg_joiner=" || ' ' || ",
        output_field=models.TextField(),
    )


@lru_cache(maxsize=2_000)
def split_words(text: str) -> tuple[str, ...]:
    """Return the normalized words of a search text. One query, or none if cached."""
    with read_connection().cursor() as cursor:
        cursor.execute("SELECT search_words(%s)", [text])
        return tuple(str(cursor.fetchone()[0]).split())


def like_all(column: str, name: str, patterns: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return (SQL, values) for the condition that `column` matches all patterns; the values are `name`0, `name`1 …

    The equivalent LIKE ALL of an array would not use the index.
    """
    values = {f"{name}{number}": pattern for number, pattern in enumerate(patterns)}
    return " AND ".join(f"{column} LIKE %({one})s" for one in values), values


def infix_patterns(words: Sequence[str]) -> list[str]:
    """Return LIKE patterns for text that contains all words; short words match only at the beginning of a word."""
    return [f"%{word}%" if len(word) >= MIN_INFIX_CHARS else f"% {word}%" for word in words]


def fuzzy_rows(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run a query with pg_trgm's `%>` operator in a transaction that sets its threshold to LIKENESS."""
    alias = read_alias()
    with transaction.atomic(using=alias, savepoint=False), connections[alias].cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [str(LIKENESS)])
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def edit_distance_condition(column: str, words: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return (SQL, values) for the condition that `column` has all words, one of them with a typing error.

    A typing error is a wrong, additional, missing or transposed letter. The SQL is "false" if all words are too short.
    The index finds each spelling; trigram similarity would read all slightly similar names.
    """
    conditions: list[str] = []
    values: dict[str, Any] = {}
    for at, word in enumerate(words[:MAX_EDITED_WORDS]):
        if MIN_INFIX_CHARS < len(word) <= MAX_EDITED_CHARS:
            others, values_of_others = like_all(column, f"beside{at}_", infix_patterns([*words[:at], *words[at + 1 :]]))
            conditions.append(f"({column} LIKE ANY (%(edited{at})s){' AND ' if others else ''}{others})")
            values |= values_of_others | {f"edited{at}": edit_patterns(word)}
    return " OR ".join(conditions) or "false", values


def edit_patterns(word: str) -> list[str]:
    """Return LIKE patterns for words that begin like `word` with one typing error."""
    found: list[str] = []
    for at in range(len(word)):
        before, after = word[:at], word[at + 1 :]
        # The index needs two letters before the unknown one, or three after it.
        if len(before) >= 2 or len(after) >= MIN_INFIX_CHARS:
            found.append(f"{before}_{after}")
        if len(before) >= 2 or len(word) - at >= MIN_INFIX_CHARS:
            found.append(f"{before}_{word[at:]}")
        found += [before + after, f"{before}{after[0]}{word[at]}{after[1:]}"] if after else [before]
    return [f"% {one}%" for one in dict.fromkeys(found)]
