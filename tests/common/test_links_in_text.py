"""Tags, names and addresses are found in any script, with the boundaries that readers expect."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from common.linkify import extract_names, extract_tags, linkify, normalize_tag
from tests.conftest import FILES

FIELD = {
    (entry["kind"], entry["text"] if isinstance(entry["text"], str) else "|".join(entry["text"])): entry["expected"]
    for entry in json.loads((FILES / "text" / "field_texts.json").read_text())
}
CAPTIONS = [text for kind, text in FIELD if kind == "caption"]


def addresses(text: str) -> list[str]:
    return [unescape(url) for url in re.findall(r'<a href="(https?://[^"]*)"', linkify(text), re.IGNORECASE)]


FOUND_IN_CAPTIONS = {
    "see https://en.wikipedia.org/wiki/Blur_(band) ok": (["https://en.wikipedia.org/wiki/Blur_(band)"], [], []),
    "(see https://example.com/a)": (["https://example.com/a"], [], []),
    "見て https://example.com/foo。次の文。": (["https://example.com/foo"], [], []),
    "详见https://example.com/guide，谢谢": (["https://example.com/guide"], [], []),
    "谢谢@anna 好看": ([], ["anna"], []),
    "\u2764\ufe0f#love": ([], [], ["love"]),
    "press #\ufe0f\u20e3 now": ([], [], []),
    "thanks @anna...you rock": ([], ["anna"], []),
    "@" + "a" * 35: ([], [], []),
    "#sunset#beach#love": ([], [], ["sunset", "beach", "love"]),
    "#スター・ウォーズ #col·legi": ([], [], ["スター・ウォーズ", "col·legi"]),
    "#İstanbul #istanbul": ([], [], ["istanbul"]),
    "#کتاب\u200cخانه": ([], [], ["کتاب\u200cخانه"]),
}


@pytest.mark.parametrize("text", CAPTIONS)
def test_real_captions_have_these_addresses_names_and_tags(text):
    assert (addresses(text), extract_names(text), extract_tags(text)) == FOUND_IN_CAPTIONS[text]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("今日は@anna、ありがとう", ["anna"]),
        ("ขอบคุณ@anna", ["anna"]),
        ("고마워@anna에게", ["anna"]),
        ("「@anna」と（@ben）", ["anna", "ben"]),
        ("，@anna。", ["anna"]),
        ("＠anna です", ["anna"]),
        ("\u2764\ufe0f@anna", ["anna"]),
        (".@anna and (@ben)", ["anna", "ben"]),
        ("@anna. @ben.. @carla…", ["anna", "ben", "carla"]),
        ("@anna_k.b", ["anna_k.b"]),
        ("@" + "a" * 30, ["a" * 30]),
        ("@" + "a" * 31, []),
        ("@josé @anna@example.social", []),
        ("me@example.org josé@example.org first.last@example.org", []),
        ("https://example.org/@anna", []),
        ("@.anna @@ben", []),
    ],
)
def test_names_end_where_a_username_ends(text, names):
    assert extract_names(text) == names


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("今日は#東京、#大阪。", ["東京", "大阪"]),
        ("谢谢#上海！", ["上海"]),
        ("ที่#กรุงเทพ", ["กรุงเทพ"]),
        ("서울에서#서울", ["서울"]),
        ("＃東京＃大阪", ["東京", "大阪"]),
        ("（#東京）「#京都」", ["東京", "京都"]),
        ("👩\u200d👩\u200d👧#family 🏳\ufe0f\u200d🌈#pride 👍🏽#ok 🇫🇷#paris", ["family", "pride", "ok", "paris"]),
        ("1\ufe0f\u20e3#first", ["first"]),
        ("#1\ufe0f\u20e3 #\u20e3 #\ufe0f", []),
        ("#love2\ufe0f\u20e3", ["love"]),
        ("#love\u2764\ufe0f", ["love"]),
        ("#ｌｏｖｅ #ｶﾒﾗ #カメラ", ["love", "カメラ"]),
        ("#STRASSE #straße", ["strasse"]),
        ("#İZMİR #izmir", ["izmir"]),
        ("#a· #・b", ["a"]),
        ("#क्\u200dष #क्ष", ["क्\u200dष", "क्ष"]),
        ("a#b &#39; /#c ##d", []),
        ("#\u3164 #\u200b #\u200d #_ #12", []),
        ("#１２", []),
        ("@anna#love", ["love"]),
    ],
)
def test_tags_are_complete_and_normalized(text, tags):
    assert extract_tags(text) == tags


@pytest.mark.parametrize(
    "tag", ["İstanbul", "ﬁn", "ＡＢＣ", "スター・ウォーズ", "ｽﾀｰ･ｳｫｰｽﾞ", "Ŀl", "ﷺ", "col·legi", "葛\U000e0100城"]
)
def test_normalizing_a_tag_twice_changes_nothing(tag):
    assert extract_tags(f"#{tag}") == [normalize_tag(tag)]
    assert extract_tags(f"#{normalize_tag(tag)}") == [normalize_tag(tag)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("见https://example.com/a（中文）", ["https://example.com/a"]),
        ("「https://example.com/a」、https://example.com/b！", ["https://example.com/a", "https://example.com/b"]),
        ("https://example.com/foo見て", ["https://example.com/foo"]),
        ("https://example.com次の文", ["https://example.com"]),
        ("https://example.com/guide를 보세요", ["https://example.com/guide"]),
        ("https://ja.wikipedia.org/wiki/東京タワー", ["https://ja.wikipedia.org/wiki/東京タワー"]),
        ("https://例え.jp/道 https://пример.рф/путь", ["https://例え.jp/道", "https://пример.рф/путь"]),
        ("https://xn--r8jz45g.jp:8080/?q=1#x", ["https://xn--r8jz45g.jp:8080/?q=1#x"]),
        ("((https://example.com/a_(b)))", ["https://example.com/a_(b)"]),
        ("[a](https://example.com/a), {https://example.com/b}", ["https://example.com/a", "https://example.com/b"]),
        ("https://example.com/a[1].", ["https://example.com/a[1]"]),
        ("https://example.com/a... https://example.com/b?!", ["https://example.com/a", "https://example.com/b"]),
        ("HTTPS://Example.com/A", ["HTTPS://Example.com/A"]),
        ("https:// http://. https://-", []),
    ],
)
def test_addresses_end_where_the_sentence_continues(text, found):
    assert addresses(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "https://instagram.com@evil.example",
        "https://user:word@evil.example/path",
        "https://instagram.com＠evil.example",
        "https://instagram.com%40evil.example",
        "https://instagram.com\\@evil.example",
        "http://@evil.example",
    ],
)
def test_an_address_that_looks_like_another_site_is_not_linked(text):
    assert linkify(text) == text
