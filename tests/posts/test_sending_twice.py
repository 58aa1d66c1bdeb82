"""A form sent twice acts once: the same rendered form, without JavaScript, by a double click or a reload."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import SubmittedForm
from accounts.models.submitted_form import KEPT_HOURS
from accounts.tasks import sweep
from posts.models import Comment, Media, Post
from tests.concurrency import run_concurrently
from tests.conftest import HTMX, form_key_in


@pytest.mark.django_db
def test_a_comment_sent_twice_is_written_once_and_answered_alike(signed_in, follower, post):
    browser = signed_in(follower)
    form = {"text": "Lovely", "form_key": form_key_in(browser.get(f"/p/{post.shortcode}/").text)}

    first, second = (browser.post(f"/p/{post.shortcode}/comment/", form) for _ in range(2))

    assert Comment.objects.count() == 1
    assert (first.status_code, first.url) == (second.status_code, second.url) == (302, first.url)
    assert "Lovely" in browser.post(f"/p/{post.shortcode}/comment/", form, headers=HTMX).text


@pytest.mark.django_db
def test_the_same_form_with_other_words_is_another_comment(signed_in, follower, post):
    browser = signed_in(follower)
    key = form_key_in(browser.get(f"/p/{post.shortcode}/").text)
    for text in ("Lovely", "Lovely light"):
        browser.post(f"/p/{post.shortcode}/comment/", {"text": text, "form_key": key})

    assert sorted(Comment.objects.values_list("text", flat=True)) == ["Lovely", "Lovely light"]


@pytest.mark.django_db
def test_two_separate_forms_may_send_the_same_text(signed_in, follower, post):
    browser = signed_in(follower)
    for _ in range(2):
        key = form_key_in(browser.get(f"/p/{post.shortcode}/").text)
        browser.post(f"/p/{post.shortcode}/comment/", {"text": "Lovely", "form_key": key})

    assert Comment.objects.count() == 2


@pytest.mark.django_db
def test_a_refused_comment_leaves_the_form_usable(signed_in, author, follower, post):
    browser = signed_in(follower)
    form = {"text": "Lovely", "form_key": form_key_in(browser.get(f"/p/{post.shortcode}/").text)}
    signed_in(author).post(f"/p/{post.shortcode}/comments/off/")
    assert browser.post(f"/p/{post.shortcode}/comment/", form).status_code == 422
    signed_in(author).post(f"/p/{post.shortcode}/comments/on/")

    assert browser.post(f"/p/{post.shortcode}/comment/", form).status_code == 302
    assert Comment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_identical_simultaneous_comments_are_one(signed_in, follower, post):
    browsers = [signed_in(follower) for _ in range(4)]
    form = {"text": "Lovely", "form_key": "a-key"}

    answers = run_concurrently(*(lambda b=b: b.post(f"/p/{post.shortcode}/comment/", form) for b in browsers))

    assert Comment.objects.count() == 1
    assert len({(answer.status_code, answer.url) for answer in answers}) == 1


def submit_post(browser: Client, photo, key="a-key", caption="Once"):
    return browser.post("/create/", {"files": [photo()], "caption": caption, "form_key": key})


@pytest.mark.django_db
def test_a_post_sent_again_leads_to_the_first_and_keeps_no_second_file(signed_in, author, photo):
    browser = signed_in(author)
    key = form_key_in(browser.get("/create/").text)

    first, second = (submit_post(browser, photo, key) for _ in range(2))

    assert Post.objects.count() == Media.objects.count() == 1
    assert first.url == second.url == Post.objects.get().get_absolute_url()
    asked = browser.post(
        "/create/", {"files": [photo()], "caption": "Once", "form_key": key}, headers={"Accept": "application/json"}
    )
    assert (asked.status_code, asked.json()["url"]) == (201, first.url)


@pytest.mark.django_db(transaction=True)
def test_identical_simultaneous_posts_are_one(signed_in, author, photo):
    browsers = [signed_in(author) for _ in range(3)]

    answers = run_concurrently(*(lambda b=b: submit_post(b, photo) for b in browsers))

    assert Post.objects.count() == Media.objects.count() == 1
    assert len({(answer.status_code, answer.url) for answer in answers}) == 1


@pytest.mark.django_db
def test_resending_a_form_does_not_share_a_deleted_post_again(signed_in, author, photo):
    browser = signed_in(author)
    submit_post(browser, photo)
    browser.post(f"{Post.objects.get().get_absolute_url()}delete/")

    assert submit_post(browser, photo).url == "/author/"
    assert Media.objects.filter(post__deleted_at=None).count() == 0


@pytest.mark.django_db
def test_submissions_are_forgotten_after_a_day(signed_in, follower, post):
    signed_in(follower).post(f"/p/{post.shortcode}/comment/", {"text": "Lovely", "form_key": "a-key"})
    sweep()
    assert SubmittedForm.objects.exists()

    SubmittedForm.objects.update(created_at=timezone.now() - timedelta(hours=KEPT_HOURS, minutes=1))

    sweep()
    assert not SubmittedForm.objects.exists()
