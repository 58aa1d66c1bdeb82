"""Parsing search queries, which never fails."""

import random
from datetime import UTC, datetime

import pytest

from search.query import MAX_TERMS, Term, read_query


def terms(text):
    return [(term.kind, term.text, term.is_excluded) for term in read_query(text).terms]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  ", []),
        ("morning light", [("words", "morning", False), ("words", "light", False)]),
        ('"morning light"', [("words", "morning light", False)]),
        ("“morning light”", [("words", "morning light", False)]),
        ('"morning light', [("words", "morning light", False)]),
        ("coffee -milk", [("words", "coffee", False), ("words", "milk", True)]),
        ('-"oat milk"', [("words", "oat milk", True)]),
        ("coffee - milk", [("words", "coffee", False), ("words", "-", False), ("words", "milk", False)]),
        ("sugar-free", [("words", "sugar-free", False)]),
        ("from:Anna", [("author", "anna", False)]),
        ("FROM:@anna.k", [("author", "anna.k", False)]),
        ("-from:anna", [("author", "anna", True)]),
        ("from:", [("words", "from:", False)]),
        ("#Sunset", [("tag", "sunset", False)]),
        ("＃夕日", [("tag", "夕日", False)]),
        ("-#ad", [("tag", "ad", True)]),
        ("#", [("words", "#", False)]),
        ("has:video", [("has", "video", False)]),
        ("-has:photos", [("has", "photo", True)]),
        ("has:elephants", [("words", "has:elephants", False)]),
        ("before:yesterday", [("words", "before:yesterday", False)]),
        ("after:2026-13-01", [("words", "after:2026-13-01", False)]),
        ("time:12", [("words", "time:12", False)]),
        ("a a a", [("words", "a", False)]),
        ('""', []),
        ("\x00", []),
    ],
)
def test_words_phrases_and_operators_are_parsed(text, expected):
    assert terms(text) == expected


def test_dates_limit_the_ids():
    query = read_query("after:2026-03 before:2026/04/15 light")

    assert query.after == datetime(2026, 3, 1, tzinfo=UTC)
    assert query.before == datetime(2026, 4, 15, tzinfo=UTC)
    assert query.terms == (Term("words", "light"),)
    assert read_query("after:2025 after:2026").after == datetime(2026, 1, 1, tzinfo=UTC)
    _, highest = read_query("before:9999-12-31").ids
    assert highest is not None
    assert highest < 1 << 63
    lowest, _ = read_query("after:0001").ids
    assert lowest is not None
    assert lowest > -(1 << 63)


def test_long_queries_are_cut_and_any_text_is_parsed():
    assert len(read_query(" ".join(f"w{n}" for n in range(90))).terms) == MAX_TERMS
    assert len(read_query("x" * 5_000).text) == 300
    rng = random.Random(7)
    pieces = [
        '"',
        "-",
        "from:",
        "#",
        "has:",
        "before:",
        "2026-02-30",
        "é",
        "写",
        "🦊",
        "'",
        "\\",
        "%",
        "_",
        ":",
        " ",
        "a",
    ]
    for _ in range(500):
        read_query("".join(rng.choices(pieces, k=rng.randrange(30))))
