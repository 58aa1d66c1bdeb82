"""Text as the search compares it: `search_words`, a function of PostgreSQL, so that rows and queries agree.

It gives words of a to z and digits, whatever the script and whatever locale the server runs in (trigrams and letter
classes of PostgreSQL depend on that, and know ASCII alone in some):

- letter case and accents do not matter: unaccent, and what Unicode takes apart;
- Cyrillic and Greek are written in Latin letters, so that «Анна» is found as anna too;
- Chinese and Japanese signs, Korean syllables, Thai letters (also Lao, Tibetan, Burmese and Khmer) and emoji are a word
  each, because they stand without spaces or have particles attached; a run of any other script is one word: "x" and
  its bytes in hexadecimal;
- words joined by an apostrophe are there joined and in their parts: "l'été" is "lete l ete"; "don't" is "dont" alone;
- all else parts words.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from django.db import connection, models, transaction

MAX_WORDS_CHARS: Final = 600
MIN_INFIX_CHARS: Final = 3
"""Parts of at least so many letters are found within words: a trigram has three."""
MAX_WORDS: Final = 16
"""Of what is looked for in a name; further ones are left out."""
MAX_EDITED_CHARS: Final = 20
MAX_EDITED_WORDS: Final = 3
LIKENESS: Final = 0.45
"""pg_trgm's word similarity above which a word is taken for another spelling: two letters wrong in a longer one."""


def search_words_expression(*columns: str) -> models.Func:
    """Return the words of some columns together, each after a space: " anna k anna karenina".

    Cut, because a character can become many letters and a row of an index has at most 2,704 bytes.
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
    with connection.cursor() as cursor:
        cursor.execute("SELECT search_words(%s)", [text])
        return tuple(str(cursor.fetchone()[0]).split())


def like_all(column: str, name: str, patterns: Sequence[str]) -> tuple[str, dict[str, str]]:
    """A condition of SQL that `column` is LIKE each of the patterns, and its values, called `name`0, `name`1 and so on.

    LIKE ALL of an array says the same, and no index knows it.
    """
    values = {f"{name}{number}": pattern for number, pattern in enumerate(patterns)}
    return " AND ".join(f"{column} LIKE %({one})s" for one in values), values


def infix_patterns(words: Sequence[str]) -> list[str]:
    """Return LIKE patterns for text that contains all words; short words match only at the beginning of a word."""
    return [f"%{word}%" if len(word) >= MIN_INFIX_CHARS else f"% {word}%" for word in words]


def fuzzy_rows(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run a query that compares words with pg_trgm's `%>`, for which LIKENESS is set in a transaction of its own."""
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [str(LIKENESS)])
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def edit_distance_condition(column: str, words: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """A condition of SQL that `column` has all of the words, one of them with one letter wrong, too many, too few, or
    two in each other's place; and its values. "false" for words that are too short.

    Each spelling is looked up in the index: similarity of trigrams would read all names that are a little alike.
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
        # The index has something to look for: two letters before the unknown one, or three after it.
        if len(before) >= 2 or len(after) >= MIN_INFIX_CHARS:
            found.append(f"{before}_{after}")
        if len(before) >= 2 or len(word) - at >= MIN_INFIX_CHARS:
            found.append(f"{before}_{word[at:]}")
        found += [before + after, f"{before}{after[0]}{word[at]}{after[1:]}"] if after else [before]
    return [f"% {one}%" for one in dict.fromkeys(found)]
