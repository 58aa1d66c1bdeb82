"""Text is cleaned, measured in graphemes, and safely turned into links."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.linkify import extract_names, extract_tags, linkify
from common.templatetags.site import compact, short_ago
from common.text import clean_line, clean_text, grapheme_length, shorten


@pytest.mark.parametrize(
    ("text", "length"), [("", 0), ("abc", 3), ("👩‍👩‍👧‍👦", 1), ("🇫🇷🇩🇪", 2), ("e\u0301", 1), ("a\r\nb", 3), ("नमस्ते", 3)]
)
def test_length_is_counted_in_graphemes(text, length):
    assert grapheme_length(text) == length


@pytest.mark.parametrize(
    ("text", "length", "shown"),
    [
        ("Short", 10, "Short"),
        ("exactly 10", 10, "exactly 10"),
        ("#birds #kingfisher #heron", 22, "#birds #kingfisher…"),
        ("one two three", 8, "one two…"),
        ("one two, three", 9, "one two…"),
        ("one\ntwo three", 8, "one\ntwo…"),
        ("abcdefghijklmnop", 6, "abcde…"),
        ("a bcdefghijklmnop", 6, "a bcd…"),
        ("写真を撮るのが好きです", 5, "写真を撮…"),
        ("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 2, "👩‍👩‍👧‍👦…"),
        ("Cafe\u0301s are nice", 6, "Cafe\u0301s…"),
    ],
)
def test_a_long_text_is_cut_at_a_word_and_never_inside_a_grapheme(text, length, shown):
    assert shorten(text, length) == shown
    assert grapheme_length(shorten(text, length)) <= length


def test_cleaning_removes_control_and_misleading_characters():
    assert clean_text(" a\x00b\r\nc\u202ed\ud800 ") == "ab\ncd"
    assert clean_line("a\n  b\tc ") == "a b c"
    assert clean_text("👩‍👩‍👧") == "👩‍👩‍👧", "joiners inside an emoji stay"


def test_tags_names_and_addresses_become_links():
    html = linkify("Hi @Anna.b. See #Été, https://x.y/a?b=1&c=2. mail me@x.y a#b ##c")

    assert '<a href="/anna.b/">@Anna.b</a>.' in html
    assert '<a href="/explore/tags/%C3%A9t%C3%A9/">#Été</a>,' in html
    assert '<a href="https://x.y/a?b=1&amp;c=2" rel="nofollow noopener ugc">x.y/a?b=1&amp;c=2</a>.' in html
    assert html.count("<a ") == 3


@pytest.mark.promise("U9")
@given(st.text() | st.text(alphabet="<>&\"'@#:/.htpsjavcrix()= \n"))
def test_no_text_produces_markup_other_than_links(text):
    html = linkify(text)
    left = re.sub(r'<a href="(?:/|https?://)[^"<>]*"(?: rel="nofollow noopener ugc")?>[^<>]*</a>', "", html)

    assert "<" not in left
    assert ">" not in left
    assert '"' not in left


def test_tags_and_names_are_unique_and_in_order():
    assert extract_tags("#b #a #B #1 #2026 #x1") == ["b", "a", "x1"]
    assert extract_names("@Ben @anna @BEN x@y.z") == ["ben", "anna"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (1204, "1,204"),
        (9999, "9,999"),
        (10_000, "10K"),
        (12_449, "12.4K"),
        (999_999, "999K"),
        (3_100_000, "3.1M"),
    ],
)
def test_counts_are_short_and_never_rounded_up(number, text):
    assert compact(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "now"), (59, "now"), (60, "1m"), (3599, "59m"), (7200, "2h"), (86_400 * 4, "4d"), (86_400 * 37, "5w")],
)
def test_times_are_short(seconds, text):
    from datetime import UTC, datetime, timedelta

    now = datetime(2026, 6, 1, tzinfo=UTC)
    assert short_ago(now - timedelta(seconds=seconds), now) == text
