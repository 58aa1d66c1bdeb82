"""Texts as real people type them in many languages: the texts in field_texts.json, and more of each kind."""

from __future__ import annotations

import json
import unicodedata

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from common.limits import MAX_EQUAL_COMMENTS
from common.refusals import Refusal
from common.text import clean_line, clean_text, is_blank
from posts.actions.comments import add_comment, edit_comment
from posts.actions.hidden_words import set_hidden_words
from posts.models import Collection, Comment, HiddenWord, Mention
from tests.conftest import FILES
from tests.search.test_posts import found

FIELD = json.loads((FILES / "text" / "field_texts.json").read_text())


def of_kind(kind):
    return [entry["text"] for entry in FIELD if entry["kind"] == kind]


BLANK = [
    *of_kind("comment"),
    *of_kind("name"),
    *(
        "\u200b\u200c\u200d\u200e\u200f",
        "\u2060\u2064\u206a",
        "\u115f\u1160\uffa0",
        "\u2800 \u2800",
        "\ufe0f",
        "\u034f",
    ),
    *("\U000e0067\U000e007f", "\u00ad", "\u180e\u17b4", "\u061c", "\u3000\u00a0\u2003", "\u202e\u2066", "\U0001d159"),
    *("\n\t ", "\u200d\n\u200d", "\ufff9\ufffb", "\U000e01ef"),
]


@pytest.mark.parametrize("text", BLANK)
def test_invisible_text_is_blank(text):
    assert is_blank(text)
    assert clean_text(text) == clean_line(text) == ""


@pytest.mark.parametrize("text", [".", "\u0301", "👩\u200d👩", "1\ufe0f\u20e3", "ㅋ", "\u3164a", "①", "̈", "\u00b7"])
def test_visible_text_is_not_blank(text):
    assert not is_blank(text)


def test_blank_text_is_refused_or_emptied_in_every_form(signed_in, author, follower, share):
    post = share(author)
    for text in of_kind("comment"):
        page = signed_in(follower).post(f"{post.get_absolute_url()}comment/", {"text": text})
        assert page.status_code == 422
        assert "Write something first." in page.text
        with pytest.raises(Refusal, match="Write something"):
            add_comment(post, author=follower, text=text)
    for text in [*of_kind("name"), "\u200b\u200b"]:
        assert signed_in(author).post("/accounts/edit/", {"name": text, "bio": text, "link": ""}).status_code == 302
        author.refresh_from_db()
        assert (author.name, author.bio) == ("", "")
    collection = signed_in(author).post("/saved/new/", {"name": "\u3164"})
    assert collection.status_code == 422
    assert not Comment.objects.exists()
    set_hidden_words(author, ["\u3164", "\u200b"])
    assert not HiddenWord.objects.exists()


def test_the_database_refuses_invisible_text(author, follower, share):
    comment = add_comment(share(author), author=follower, text="hello")
    collection = Collection.objects.create(owner=author, name="Trips")

    for rows, field in (
        (Comment.objects.filter(pk=comment.pk), "text"),
        (Collection.objects.filter(pk=collection.pk), "name"),
        (User.objects.filter(pk=author.pk), "name"),
        (User.objects.filter(pk=author.pk), "bio"),
    ):
        for text in ("\u3164\u200b", "\u2800", "\U000e0041"):
            with pytest.raises(IntegrityError), transaction.atomic():
                rows.update(**{field: text})
        rows.update(**{field: "ok 👍🏽"})


def test_writing_direction_does_not_affect_surrounding_text(signed_in, author, follower, share):
    post = share(author)

    signed_in(follower).post(f"{post.get_absolute_url()}comment/", {"text": "\u202eabc\u2067 שלום\u200f!"})

    assert Comment.objects.get().text == "abc שלום\u200f!"
    assert f'dir="auto">{Comment.objects.get().text}</span>' in signed_in(author).get(post.get_absolute_url()).text


@pytest.mark.parametrize(
    ("word", "text", "is_hidden"),
    [
        *((word, text, True) for word, text in of_kind("hidden word / comment")),
        ("スパム", "これはｽﾊﾟﾑです", True),
        ("ばか", "お前はばかだ", True),
        ("โง่", "คุณโง่มาก", True),
        ("바보", "너는 바보야", True),
        ("spam", "这是ｓｐａｍ吗", True),
        ("iPhone壳", "买iphone壳吧", True),
        ("垃圾", "垃\u200b圾", True),
        ("rotten", "rot\u3164ten", True),
        ("垃圾", "圾垃", False),
        ("ass", "a class", False),
        ("ばか", "ばっか", False),
    ],
)
def test_a_hidden_word_holds_comments_in_any_script(word, text, is_hidden, author, follower, share):
    set_hidden_words(author, [word])

    assert add_comment(share(author), author=follower, text=text).hidden_until_approved is is_hidden


@pytest.mark.parametrize(("caption", "query"), of_kind("post / search"))
def test_a_post_is_found_by_words_of_its_language(caption, query, author, follower, share):
    post = share(author, caption=caption)

    assert found(query, follower) == [post.pk]


@pytest.mark.parametrize(
    ("chosen", "typed"),
    [
        *of_kind("password"),
        ("Zu\u0308rich-1-Pa\u0308ss", "Zürich-1-Päss"),
        ("한국어-비밀번호", unicodedata.normalize("NFD", "한국어-비밀번호")),
        ("four\u00a0words\u3000in here", "four words in here"),
    ],
)
def test_a_password_is_accepted_in_any_unicode_normalization(chosen, typed, client, person):
    anna = person("anna")
    anna.set_password(chosen)
    anna.save()

    assert client.post("/accounts/login/", {"login": "anna", "password": typed}).status_code == 302
    changed = {"oldpassword": typed, "password1": typed + "2"}
    assert client.post("/accounts/password/change/", changed).status_code == 302
    anna.refresh_from_db()
    assert anna.check_password(chosen + "2")
    assert not anna.check_password(chosen)
    assert not anna.check_password(chosen[1:] + "2")


def test_a_mention_next_to_chinese_or_dots_is_recognized(client, author, follower, share):
    for caption in ("谢谢@follower 好看", "thanks @follower...you rock"):
        post = share(author, caption=caption)
        assert Mention.objects.get(post=post).person == follower
        assert '<a href="/follower/">@follower</a>' in client.get(post.get_absolute_url()).text


@pytest.mark.parametrize(
    ("link", "is_taken"),
    [
        ("https://example.org/@anna", True),
        ("https://instagram.com@evil.example", False),
        ("https://user:word@evil.example/", False),
        ("instagram.com@evil.example", False),
        ("https://instagram.com\\@evil.example", False),
    ],
)
def test_a_link_on_a_profile_may_not_contain_a_user_name(link, is_taken, signed_in, author):
    response = signed_in(author).post("/accounts/edit/", {"name": "", "bio": "", "link": link})

    author.refresh_from_db()
    assert (response.status_code, author.link) == ((302, link) if is_taken else (422, ""))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" ".join(f"@person{number}" for number in range(21)), "The comment has 21 mentions. The limit is 20."),
        (" ".join(f"#tag{number}" for number in range(31)), "The comment has 31 hashtags. The limit is 30."),
    ],
)
def test_comments_and_edits_have_a_limit_of_mentions_and_tags(text, message, signed_in, author, follower, share):
    post = share(author)
    comment = add_comment(post, author=follower, text="hello")
    url = post.get_absolute_url()

    for address in (f"{url}comment/", f"{url}comments/{comment.pk}/edit/"):
        page = signed_in(follower).post(address, {"text": text})
        assert page.status_code == 422
        assert message in page.text
        assert text in page.text, "the form must keep the text"
    assert signed_in(follower).post(f"{url}comment/", {"text": text.rpartition(" ")[0]}).status_code == 302


def test_equal_comments_are_limited_and_the_form_keeps_the_text(signed_in, author, follower, stranger, share):
    post, other = share(author), share(author)
    for number in range(MAX_EQUAL_COMMENTS):
        add_comment((post, other)[number % 2], author=follower, text="Follow me!")

    page = signed_in(follower).post(f"{post.get_absolute_url()}comment/", {"text": "follow  ME!\u200b"})

    assert page.status_code == 422
    assert "You wrote the same comment 10 times in 5 minutes, which is the limit." in page.text
    assert "follow  ME!" in page.text
    assert signed_in(follower).post(f"{post.get_absolute_url()}comment/", {"text": "Something else"}).status_code == 302
    assert signed_in(stranger).post(f"{post.get_absolute_url()}comment/", {"text": "Follow me!"}).status_code == 302


def test_an_edit_to_blank_text_is_refused(author, follower, share):
    comment = add_comment(share(author), author=follower, text="hello")

    with pytest.raises(Refusal, match="Write something"):
        edit_comment(comment, text="\u3164")
