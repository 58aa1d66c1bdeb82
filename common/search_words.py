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
from django.db.migrations.operations import RunSQL

MAX_WORDS_CHARS: Final = 600
MIN_INFIX_CHARS: Final = 3
"""Parts of at least so many letters are found within words: a trigram has three."""
MAX_WORDS: Final = 16
"""Of what is looked for in a name; further ones are left out."""
MAX_EDITED_CHARS: Final = 20
MAX_EDITED_WORDS: Final = 3
LIKENESS: Final = 0.45
"""pg_trgm's word similarity above which a word is taken for another spelling: two letters wrong in a longer one."""

_CYRILLIC = "абвгдезийклмнопрстуфхцыэіїєґўј"
_AS_LATIN = "abvgdeziiklmnoprstufhcyeiiegui"
_GREEK = "αβγδεζηικλμνξοπρσςτυφω"
_AS_LATIN_TOO = "avgdeziiklmnxoprsstyfo"
_LONGER = {
    "ж": "zh",
    "ч": "ch",
    "ш": "sh",
    "щ": "shch",
    "ю": "yu",
    "я": "ya",
    "ъ": "",
    "ь": "",
    "θ": "th",
    "χ": "ch",
    "ψ": "ps",
}
_ALONE = r"\u0e00-\u0e7f\u2190-\u2bff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00010000-\U0003ffff"
"""Signs that are a word each: Thai, arrows and symbols, kana, Chinese, and all beyond the first plane, emoji too."""
_NOTHING = r"\u0300-\u036f\u200c\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff"
"""Accents, joiners, and how a sign is drawn: skin tones too."""
_SPACES = (
    r"\u0001-\u0020\u0080-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf"
    r"\u2000-\u206f\u3000-\u303f\uff00-\uff65"
)


def _longer(expression: str) -> str:
    for letter, letters in _LONGER.items():
        expression = f"replace({expression}, '{letter}', '{letters}')"
    return expression


# As `common.0003_search_words` creates it. `common.0005_korean_and_elisions` replaced it since.
CREATE_SEARCH_WORDS = RunSQL(
    rf"""
    -- unaccent() reads a dictionary and is therefore STABLE; ours is never changed. Names are whole for pg_restore,
    -- which runs without a search path.
    CREATE FUNCTION search_words(text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
    DECLARE
        words text := lower($1);
    BEGIN
        IF octet_length(words) <> char_length(words) THEN
            words := lower(public.unaccent('public.unaccent'::regdictionary, normalize(words, NFKC)));
            words := normalize(regexp_replace(normalize(words, NFKD), '[{_NOTHING}]', '', 'g'), NFC);
            words := replace(words, '’', '');
            IF words ~ '[\u0370-\u04ff]' THEN
                words := {_longer(f"translate(words, '{_CYRILLIC}{_GREEK}', '{_AS_LATIN}{_AS_LATIN_TOO}')")};
            END IF;
        END IF;
        words := btrim(regexp_replace(replace(words, '''', ''), '[^a-z0-9\u0080-\U0010ffff]+|[{_SPACES}]+', ' ', 'g'));
        IF octet_length(words) <> char_length(words) THEN
            words := (
                SELECT string_agg(
                    CASE WHEN part[1] < chr(128) COLLATE "C" THEN part[1]
                    ELSE ' x' || encode(convert_to(part[1], 'UTF8'), 'hex') || ' ' END, '')
                FROM regexp_matches(words, '([\u0001-\u007f]+|[{_ALONE}]|[^\u0001-\u007f{_ALONE}]{{1,60}})', 'g')
                    AS part
            );
            words := btrim(regexp_replace(words, ' +', ' ', 'g'));
        END IF;
        RETURN words;
    END $$;
    """,  # noqa: S608  (constants of this module)
    "DROP FUNCTION search_words(text)",
)


class SearchWords(models.Func):
    """The words of some columns together, each after a space: " anna k anna karenina".

    Cut, because a sign can become many letters and a row of an index has at most 2,704 bytes.
    """

    template = f"left(' ' || search_words(%(expressions)s), {MAX_WORDS_CHARS})"
    arg_joiner = " || ' ' || "
    output_field = models.TextField()


@lru_cache(maxsize=2_000)
def words_of(text: str) -> tuple[str, ...]:
    """The words of what somebody looks for. One query, or none where it was asked for a moment ago."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT search_words(%s)", [text])
        return tuple(str(cursor.fetchone()[0]).split())


def like_all(column: str, name: str, patterns: Sequence[str]) -> tuple[str, dict[str, str]]:
    """A condition of SQL that `column` is LIKE each of the patterns, and its values, called `name`0, `name`1 and so on.

    LIKE ALL of an array says the same, and no index knows it.
    """
    values = {f"{name}{number}": pattern for number, pattern in enumerate(patterns)}
    return " AND ".join(f"{column} LIKE %({one})s" for one in values), values


def inside(words: Sequence[str]) -> list[str]:
    """LIKE patterns for text with all of the words in it; short ones only where a word begins."""
    return [f"%{word}%" if len(word) >= MIN_INFIX_CHARS else f"% {word}%" for word in words]


def rows_alike(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run a query that compares words with pg_trgm's `%>`, for which LIKENESS is set in a transaction of its own."""
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [str(LIKENESS)])
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def like_edited(column: str, words: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """A condition of SQL that `column` has all of the words, one of them with one letter wrong, too many, too few, or
    two in each other's place; and its values. "false" for words that are too short.

    Each spelling is looked up in the index: similarity of trigrams would read all names that are a little alike.
    """
    conditions: list[str] = []
    values: dict[str, Any] = {}
    for at, word in enumerate(words[:MAX_EDITED_WORDS]):
        if MIN_INFIX_CHARS < len(word) <= MAX_EDITED_CHARS:
            others, values_of_others = like_all(column, f"beside{at}_", inside([*words[:at], *words[at + 1 :]]))
            conditions.append(f"({column} LIKE ANY (%(edited{at})s){' AND ' if others else ''}{others})")
            values |= values_of_others | {f"edited{at}": edited(word)}
    return " OR ".join(conditions) or "false", values


def edited(word: str) -> list[str]:
    """LIKE patterns for words that begin as `word` does, but for one slip of the fingers."""
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
