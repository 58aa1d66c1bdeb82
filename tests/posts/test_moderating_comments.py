"""Pins, edits, hidden words, approval, and posts with comments turned off."""

import threading
import unicodedata
from datetime import timedelta
from functools import partial

import pytest
from django.db import connections
from django.utils import timezone

from common.refusals import Refusal
from notifications.models import Notification
from posts.actions.comments import (
    add_comment,
    approve_comment,
    delete_comment,
    edit_comment,
    pin_comment,
    remove_comment,
    set_comments_enabled,
)
from posts.actions.hidden_words import set_hidden_words
from posts.models import Comment, HiddenWord, Post
from social.actions.blocks import block
from social.actions.restrictions import restrict
from tests.concurrency import run_concurrently
from tests.conftest import HTMX


def count_for(viewer, post):
    return Post.objects.with_viewer_state(viewer).get(pk=post.pk).comment_count


@pytest.fixture
def comment(post, follower):
    return add_comment(post, author=follower, text="first")


def url_of(comment, what):
    return f"{comment.post.get_absolute_url()}comments/{comment.pk}/{what}"


# --- Pins ---


def test_pinned_comments_come_first_with_a_badge(signed_in, client, author, post, follower, comment):
    for number in range(25):
        add_comment(post, author=follower, text=f"later {number}")
    browser = signed_in(author)

    assert "Pinned" in browser.post(url_of(comment, "pin/"), headers=HTMX).text
    page = client.get(post.get_absolute_url())
    assert [one.pk for one in page.context["pinned"]] == [comment.pk]
    assert page.text.index("Pinned") < page.text.index("later 24")
    assert "first" not in client.get(page.context["comments"].next_url, headers=HTMX).text, "it is shown once"
    browser.post(url_of(comment, "unpin/"))
    assert "Pinned" not in client.get(post.get_absolute_url()).text


def test_a_fourth_pin_is_refused_with_a_reason(signed_in, author, post, follower):
    comments = [add_comment(post, author=follower, text=str(number)) for number in range(4)]
    for one in comments[:3]:
        assert pin_comment(one)

    refused = signed_in(author).post(url_of(comments[3], "pin/"), headers=HTMX)
    assert refused.status_code == 422
    assert "You can pin 3 comments" in refused.text
    plain = signed_in(author).post(url_of(comments[3], "pin/"), follow=True)
    assert "You can pin 3 comments" in plain.text
    assert not pin_comment(comments[0]), "that again is nothing new"
    remove_comment(comments[0], reason="rude")
    assert pin_comment(comments[3])


def test_a_pinned_comment_of_a_blocked_person_is_unpinned(author, post, follower, stranger):
    comments = [add_comment(post, author=one, text="x") for one in (stranger, follower, follower, follower)]
    for one in comments[:3]:
        pin_comment(one)
    block(author, blocked=stranger)

    assert pin_comment(comments[3])
    assert Comment.objects.filter(pinned_at__isnull=False).count() == 3


@pytest.mark.django_db(transaction=True)
def test_three_of_many_simultaneous_pins_win(author, post, follower):
    comments = [add_comment(post, author=follower, text=str(number)) for number in range(6)]
    results = run_concurrently(*(partial(pin_comment, one) for one in comments), ignoring=Refusal)

    assert Comment.objects.filter(pinned_at__isnull=False).count() == 3
    assert results.count(None) == 3


@pytest.mark.promise("A10")
def test_only_the_posts_author_pins_and_replies_cannot_be_pinned(signed_in, author, post, follower, comment):
    reply = add_comment(post, author=author, text="thanks", reply_to=comment)

    assert signed_in(follower).post(url_of(comment, "pin/")).status_code == 404
    assert signed_in(author).post(url_of(reply, "pin/"), headers=HTMX).status_code == 422
    assert not Comment.objects.filter(pinned_at__isnull=False).exists()


# --- Edits ---


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_a_new_comment_can_be_edited_and_is_marked_as_edited(headers, signed_in, client, post, follower, comment):
    browser = signed_in(follower)

    assert "first</textarea>" in browser.get(url_of(comment, "edit/"), headers=headers).text
    answer = browser.post(url_of(comment, "edit/"), {"text": "better"}, headers=headers)

    assert answer.status_code == (200 if headers else 302)
    page = client.get(post.get_absolute_url()).text
    assert "better" in page
    assert "<span>edited</span>" in page


def test_an_edit_without_changes_is_not_marked_as_edited(follower, comment):
    assert not edit_comment(comment, text="first")
    assert Comment.objects.get().edited_at is None


@pytest.mark.parametrize("headers", [HTMX, {}])
@pytest.mark.parametrize(
    ("minutes", "text", "why"),
    [(16, "too late", "15 minutes"), (1, "x" * 2201, "The limit is 2,200"), (1, "", "Write")],
)
def test_an_edit_that_is_too_late_or_too_long_is_refused_with_its_text_kept(
    minutes, text, why, headers, signed_in, post, follower
):
    comment = add_comment(post, author=follower, text="first", at=timezone.now() - timedelta(minutes=minutes))

    answer = signed_in(follower).post(url_of(comment, "edit/"), {"text": text}, headers=headers)

    assert answer.status_code == 422
    assert why in answer.text
    assert f">{text}</textarea>" in answer.text
    assert Comment.objects.get().text == "first"


@pytest.mark.promise("A10")
def test_only_its_author_edits_a_comment(signed_in, author, stranger, comment):
    for one in (author, stranger):
        assert signed_in(one).get(url_of(comment, "edit/")).status_code == 404
        assert signed_in(one).post(url_of(comment, "edit/"), {"text": "forged"}).status_code == 404
    assert Comment.objects.get().text == "first"


def test_an_edit_may_need_approval_and_hides_the_replies_too(author, post, stranger, follower, comment):
    set_hidden_words(author, ["rotten"])
    add_comment(post, author=stranger, text="a reply", reply_to=comment)
    pin_comment(comment)

    edit_comment(comment, text="a Rötten thing")

    assert [count_for(one, post) for one in (stranger, follower)] == [0, 1]
    assert not Comment.objects.visible_to(stranger).exists()
    assert Comment.objects.get(pk=comment.pk).pinned_at is None
    approve_comment(comment)
    assert count_for(stranger, post) == 2
    restrict(author, restricted=follower)
    edit_comment(comment, text="something else that was not approved")
    assert count_for(stranger, post) == 0


# --- No comments ---


def test_authors_turn_comments_off_and_on(signed_in, author, follower, post, comment):
    url = post.get_absolute_url()
    assert "Turn comments off" in signed_in(author).get(f"{url}menu/").text
    assert "Turn comments off" not in signed_in(follower).get(f"{url}menu/").text
    for what in ("off", "on"):
        assert signed_in(follower).post(f"{url}comments/{what}/").status_code == 404

    assert "Comments are turned off." in signed_in(author).post(f"{url}comments/off/", follow=True).text
    page = signed_in(follower).get(url).text
    assert "Comments are turned off." in page
    assert "data-comment-form" not in page.partition("<template")[0]
    assert "first" in page, "what was written stays"
    for headers in (HTMX, {}):
        answer = signed_in(follower).post(f"{url}comment/", {"text": "typed before"}, headers=headers)
        assert answer.status_code == 422
        assert "Comments are turned off." in answer.text
        assert "typed before" in answer.text
    assert Comment.objects.count() == 1

    signed_in(author).post(f"{url}comments/on/")
    assert signed_in(follower).post(f"{url}comment/", {"text": "again"}).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_no_comment_is_added_after_comments_are_turned_off(author, follower, post):
    stop = threading.Event()

    def write():
        while not stop.is_set():
            try:
                add_comment(post, author=follower, text="and one more")
            except Refusal:
                break
        connections.close_all()

    workers = [threading.Thread(target=write) for _ in range(3)]
    for worker in workers:
        worker.start()
    while Comment.objects.count() < 3:
        pass
    set_comments_enabled(post, on=False)
    then = Comment.objects.count()
    for worker in workers:
        worker.join(timeout=20)
    stop.set()

    assert Comment.objects.count() == then
    assert count_for(author, post) == then


# --- Hidden words ---


@pytest.mark.parametrize(
    ("hidden", "text", "is_hidden"),
    [
        ("idiot", "You IDIOT!", True),
        ("idiot", "idiotic, is it not", False),
        ("Idiot", "@idiot,you", True),
        ("crème brûlée", "Creme-Brulee for all", True),
        ("straße", "STRASSE", True),
        ("cafe", unicodedata.normalize("NFD", "un café noir"), True),
        ("spam", "ｓｐａｍ 𝐬𝐩𝐚𝐦", True),
        ("spam", "sp\u200bam", True),
        ("🍆", "nice🍆", True),
        ("ass", "a class of its own", False),
        ("one two", "one, two", True),
        ("one two", "two one", False),
    ],
)
def test_comments_with_a_hidden_word_wait_for_approval(hidden, text, is_hidden, author, follower, stranger, post):
    set_hidden_words(author, [hidden])

    comment = add_comment(post, author=follower, text=text)

    assert comment.hidden_until_approved is is_hidden
    assert Comment.objects.visible_to(stranger).exists() is not is_hidden
    assert Comment.objects.visible_to(follower).exists()
    assert Comment.objects.visible_to(author).exists()
    assert not add_comment(post, author=author, text=text).hidden_until_approved, "nobody else could approve it"


def test_a_comment_with_a_hidden_word_is_notified_after_approval(author, follower, post, tasks_run):
    set_hidden_words(author, ["idiot"])
    with tasks_run():
        comment = add_comment(post, author=follower, text="idiot")
    assert not Notification.objects.filter(comment=comment).exists()
    assert count_for(author, post) == 0
    with tasks_run():
        approve_comment(comment)
    assert Notification.objects.filter(comment=comment, recipient=author).exists()
    assert count_for(author, post) == 1
    delete_comment(comment)
    assert count_for(author, post) == 0


def test_hidden_words_are_private_and_shown_as_typed(signed_in, author, stranger, share, follower):
    browser = signed_in(author)

    saved = browser.post("/accounts/hidden-words/", {"words": "Idiot\n\n  crème brûlée \nidiot\n"}, follow=True)

    assert "Saved: 2 hidden words." in saved.text
    assert "Idiot\ncrème brûlée</textarea>" in saved.text
    assert "2 of 200 saved." in saved.text
    assert "0 of 200 saved." in signed_in(stranger).get("/accounts/hidden-words/").text
    assert not add_comment(share(stranger), author=follower, text="idiot").hidden_until_approved


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("\n".join(f"word{number}" for number in range(201)), "at most 200"),
        ("x" * 51, "at most 50"),
        ("fine\n...", "no letter, digit or symbol"),
    ],
)
def test_an_invalid_list_of_hidden_words_is_refused_and_its_text_kept(words, why, signed_in, author):
    set_hidden_words(author, ["kept"])

    answer = signed_in(author).post("/accounts/hidden-words/", {"words": words})

    assert answer.status_code == 422
    assert why in answer.text
    assert f"{words}</textarea>" in answer.text
    assert list(HiddenWord.objects.of(author).values_list("word", flat=True)) == ["kept"]


def test_moderators_manage_hidden_words_for_all_posts(signed_in, person, author, follower, post):
    set_hidden_words(author, ["private"])
    moderator = signed_in(person("moderator", is_admin=True))

    moderator.post("/admin/posts/hiddenword/add/", {"word": "Slur"})
    again = moderator.post("/admin/posts/hiddenword/add/", {"word": "SLUR"})
    page = moderator.get("/admin/posts/hiddenword/").text

    assert "already on the list" in again.text
    assert "Slur" in page
    assert "private" not in page, "people's own lists are their own"
    assert add_comment(post, author=follower, text="a slur").hidden_until_approved
