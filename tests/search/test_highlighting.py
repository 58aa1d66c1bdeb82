"""Matching words are marked, and everything else is escaped."""

import pytest

from search.highlighting import SNIPPET_CHARS, highlight, snippet


@pytest.mark.parametrize(
    ("text", "terms", "expected"),
    [
        ("Morning light", ["light"], "Morning <mark>light</mark>"),
        ("Lights, LIGHT", ["light"], "<mark>Lights</mark>, <mark>LIGHT</mark>"),
        ("a photo of photos", ["photos"], "a <mark>photo</mark> of <mark>photos</mark>"),
        ("Café Zoë", ["cafe", "zoe"], "<mark>Café</mark> <mark>Zoë</mark>"),
        ("Cafe", ["CAFÉ"], "<mark>Cafe</mark>"),
        ("delight", ["light"], "delight"),
        ("朝の写真です", ["写真"], "朝の<mark>写真</mark>です"),
        ("Доброе утро", ["утро"], "Доброе <mark>утро</mark>"),
        ("run 🦊 run", ["🦊"], "run <mark>🦊</mark> run"),
        ("<b>&", ["b"], "&lt;<mark>b</mark>&gt;&amp;"),
        ("nothing", ["%", "", "<", "("], "nothing"),
        ("ßtraße", ["strasse"], "ßtraße"),
        ("Straße", ["strasse"], "<mark>Straße</mark>"),
    ],
)
def test_words_are_marked_in_any_case_with_any_accents_and_endings(text, terms, expected):
    assert highlight(text, terms) == expected


def test_names_are_also_marked_inside_words():
    assert highlight("joanna", ["anna"], inside=True) == "jo<mark>anna</mark>"


def test_a_snippet_is_the_part_around_the_first_match():
    text = "word " * 100 + "Kingfisher\nover the pond " + "word " * 100

    shown = snippet(text, ["kingfisher"])

    assert "<mark>Kingfisher</mark> over the pond" in shown
    assert shown.startswith("…word")
    assert shown.endswith("…")
    assert len(shown) < SNIPPET_CHARS + 20
    assert snippet("short & sweet", ["absent"]) == "short &amp; sweet"
    assert snippet("", ["a"]) == ""
