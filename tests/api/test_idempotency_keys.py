"""A repeated request with an Idempotency-Key takes effect once."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from api_access.actions.tokens import create_token
from api_access.models import IdempotencyRecord
from api_access.models.idempotency_record import KEPT_HOURS
from api_access.tasks import sweep
from posts.models import Comment, Media, Post

pytestmark = pytest.mark.django_db


def test_a_request_with_a_key_takes_effect_once(world, send):
    url, body = f"/posts/{world['post'].pk}/comment", {"text": "hello"}

    first = send("POST", url, body, **{"Idempotency-Key": "k1"})
    again = send("POST", url, body, **{"Idempotency-Key": "k1"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Comment.objects.filter(text="hello", author=world["me"]).count() == 1
    assert send("POST", url, body, **{"Idempotency-Key": "k2"}).json()["id"] != first.json()["id"]


def test_a_key_cannot_be_reused_for_another_request(world, send):
    url = f"/posts/{world['post'].pk}/comment"
    send("POST", url, {"text": "hello"}, **{"Idempotency-Key": "k1"})

    answer = send("POST", url, {"text": "something else"}, **{"Idempotency-Key": "k1"})

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert not Comment.objects.filter(text="something else").exists()


@pytest.mark.promise("A10")
def test_two_people_can_use_the_same_key(world, send, signed_in):
    url, body = f"/posts/{world['post'].pk}/comment", {"text": "hello"}
    mine = send("POST", url, body, **{"Idempotency-Key": "k1"})

    theirs = signed_in(world["other"]).post(f"/api{url}", body, "application/json", headers={"Idempotency-Key": "k1"})

    assert theirs.json()["id"] != mine.json()["id"]
    assert theirs.json()["author"]["username"] == "other"


def test_a_refused_request_can_be_repeated_with_its_key(world, send):
    url = f"/posts/{world['post'].pk}/comment"
    Post.objects.filter(pk=world["post"].pk).update(comments_off=True)
    assert send("POST", url, {"text": "hello"}, **{"Idempotency-Key": "k1"}).status_code == 409
    Post.objects.filter(pk=world["post"].pk).update(comments_off=False)

    assert send("POST", url, {"text": "hello"}, **{"Idempotency-Key": "k1"}).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "é", "x" * 256])
def test_an_invalid_key_is_refused(key, world, send):
    answer = send("POST", f"/posts/{world['post'].pk}/comment", {"text": "hello"}, **{"Idempotency-Key": key})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "header.Idempotency-Key"


def test_a_post_with_files_is_shared_once(world, signed_in, photo):
    browser = signed_in(world["me"])

    answers = [
        browser.post("/api/posts", {"files": photo(), "caption": "Once"}, headers={"Idempotency-Key": "k1"})
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Post.objects.filter(caption="Once").count() == 1


def test_answers_are_stored_for_a_day(world, send):
    send("POST", f"/posts/{world['post'].pk}/comment", {"text": "hello"}, **{"Idempotency-Key": "k1"})
    sweep()
    assert IdempotencyRecord.objects.exists()
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=KEPT_HOURS, minutes=1))

    again = send("POST", f"/posts/{world['post'].pk}/comment", {"text": "hello"}, **{"Idempotency-Key": "k1"})

    assert again.status_code == 201
    assert Comment.objects.filter(text="hello", author=world["me"]).count() == 2
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=KEPT_HOURS, minutes=1))
    sweep()
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_eight_requests_at_once_with_one_key_share_one_post(person, photo_bytes):
    from django.core.files.uploadedfile import SimpleUploadedFile

    _, secret = create_token(person("me"), name="all", may_write=True, days=1)
    gate, answers = Barrier(8), []

    def share_it() -> None:
        client = Client(headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": "k1"})
        photo = SimpleUploadedFile("coffee.jpg", photo_bytes, "image/jpeg")
        gate.wait()
        try:
            answers.append(client.post("/api/posts", {"files": photo, "caption": "Once"}))
        finally:
            connections.close_all()

    threads = [Thread(target=share_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.content for answer in answers}) == 1
    assert Post.objects.count() == 1
    assert Media.objects.count() == 1
