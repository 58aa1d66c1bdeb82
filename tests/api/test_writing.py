"""Refusals, permissions and answers of the API's writes."""

from __future__ import annotations

import pytest
from django.core import mail

from accounts.models import PendingMobile
from common.limits import MAX_POST_BYTES
from posts.actions.media import receive_file
from posts.models import Like, Media, Post, Save
from posts.models.media import MediaState
from social.actions.blocks import block
from social.actions.follows import follow
from social.actions.privacy import change_privacy
from social.models import Block, Follow, FollowRequest
from tests.api.writes import ACTS, filled, rows
from tests.visibility.world import rows_written

pytestmark = pytest.mark.django_db


JSON_WRITES = {name: act for name, act in ACTS.items() if act.form is None and name != "read notifications"}


@pytest.mark.promise("A10")
@pytest.mark.parametrize("name", JSON_WRITES)
def test_a_body_that_names_another_caller_changes_nothing(name, world, send):
    act = ACTS[name]
    act.before(world)
    before = rows_written()

    answer = send(
        act.method, filled(act.api, world), filled(act.body or {}, world) | {"userId": str(world["other"].pk)}
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "not-yours")
    assert set(rows_written()) - set(before) <= {"api_access_personaltoken"}


@pytest.mark.parametrize("name", ["like", "unlike", "save", "unsave", "comment", "edit a post", "delete a post"])
def test_a_body_that_names_another_post_changes_nothing(name, world, send, share):
    act, another = ACTS[name], share(world["me"])
    act.before(world)
    before = rows()

    answer = send(act.method, filled(act.api, world), filled(act.body or {}, world) | {"postId": str(another.pk)})

    assert (answer.status_code, answer.json()["code"]) == (422, "contradiction")
    assert answer.json()["errors"][0]["path"] == "body.postId"
    after = rows()
    del before["api_access_personaltoken"], after["api_access_personaltoken"]
    assert after == before


@pytest.mark.promise("A10")
def test_files_of_other_people_are_refused_like_missing_files(world, send, photo):
    theirs = receive_file(owner=world["other"], file=photo(), name="theirs.jpg")

    answers = [send("POST", "/posts", {"media": [str(pk)]}) for pk in (theirs.pk, 1)]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["errors"][0]["path"] == "body.media"
    theirs.refresh_from_db()
    assert theirs.post_id is None


def test_a_bad_file_is_named_in_the_error_and_nothing_is_stored(world, signed_in, photo):
    before = Media.objects.count()

    answer = signed_in(world["me"]).post("/api/posts", {"files": [photo(), photo("text.jpg", b"no picture")]})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    [error] = answer.json()["errors"]
    assert error["path"] == "body.files"
    assert "text.jpg" in error["message"]
    assert Media.objects.count() == before


def test_an_uploaded_file_is_shared_later(world, signed_in, send, photo):
    answer = signed_in(world["me"]).post("/api/media", {"file": photo()})

    assert answer.status_code == 201, answer.text
    medium = answer.json()
    assert (medium["kind"], medium["state"], medium["alt"]) == ("photo", MediaState.PENDING, "")
    shared = send("POST", "/posts", {"media": [medium["id"]], "alt": ["A cup"], "caption": "Mine #sun"})
    assert shared.status_code == 201
    assert shared.headers["Location"] == f"/api/posts/{shared.json()['id']}"
    assert (shared.json()["state"], shared.json()["tags"]) == ("processing", ["sun"])
    assert [(one["id"], one["alt"]) for one in shared.json()["media"]] == [(medium["id"], "A cup")]


def test_invalid_texts_are_refused_by_path(world, send):
    caption = " ".join(f"#tag{number}" for number in range(31))

    answer = send("PATCH", f"/posts/{world['own'].pk}", {"caption": caption, "location": "x" * 5000})

    assert answer.status_code == 422
    assert {error["path"] for error in answer.json()["errors"]} == {"body.caption", "body.location"}
    assert "31" in answer.json()["detail"]


def test_a_body_of_three_megabytes_is_too_large(world, send):
    answer = send("POST", f"/posts/{world['post'].pk}/comment", {"text": "x" * 3_000_000})

    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_a_comment_is_refused_if_comments_are_off(world, send):
    Post.objects.filter(pk=world["post"].pk).update(comments_off=True)

    answer = send("POST", f"/posts/{world['post'].pk}/comment", {"text": "hello"})

    assert (answer.status_code, answer.json()["code"]) == (409, "refused")


@pytest.mark.parametrize(
    ("path", "undo", "model"),
    [("like", "unlike", Like), ("save", "unsave", Save)],
)
def test_repeating_a_like_or_save_is_harmless(path, undo, model, world, send):
    url = f"/posts/{world['post'].pk}"

    assert len({send("POST", f"{url}/{path}").content for _ in range(3)}) == 1
    assert model.objects.count() == 1
    assert [send("POST", f"{url}/{undo}").status_code for _ in range(3)] == [200] * 3
    assert not model.objects.exists()


def test_following_a_private_account_answers_requested(world, send):
    change_privacy(world["author"], is_private=True)

    assert send("POST", "/users/@author/follow").json() == {"standing": "requested"}
    assert send("POST", "/users/@author/follow").json() == {"standing": "requested"}
    assert send("GET", "/users/@author/posts").status_code == 404
    assert FollowRequest.objects.count() == 1
    assert not Follow.objects.filter(follower=world["me"], followee=world["author"]).exists()
    assert send("POST", "/users/@author/unfollow").json() == {"standing": "none"}
    assert not FollowRequest.objects.exists()


@pytest.mark.promise("A12")
def test_people_cannot_approve_their_own_request(world, send):
    change_privacy(world["author"], is_private=True)
    follow(world["me"], followee=world["author"])

    assert send("POST", "/follow-requests/@author/approve").json() == {"follows": False}
    assert send("POST", "/follow-requests/@myself/approve").json() == {"follows": False}
    assert not Follow.objects.filter(follower=world["me"]).exists()


def test_a_blocked_person_can_be_unblocked_but_does_not_see_the_blocker(world, send):
    assert send("POST", "/users/@author/block").json() == {"blocked": True}
    assert send("GET", "/users/@author").status_code == 404
    assert send("POST", "/users/@author/follow").status_code == 404
    assert send("POST", "/users/@author/unblock").json() == {"blocked": False}
    block(world["author"], blocked=world["me"])
    for change in ("follow", "block", "unblock", "mute"):
        assert send("POST", f"/users/@author/{change}").status_code == 404, change
    assert not Block.objects.filter(blocker=world["me"]).exists()


def test_a_new_email_address_and_number_must_be_confirmed(world, send, settings):
    answer = send("POST", "/user/profile/", {"email": "new@example.org", "mobile": "+41791234567", "bio": "Light"})

    assert answer.status_code == 200, answer.text
    got = answer.json()
    assert (got["email"], got["mobile"], got["bio"]) == ("myself@example.org", None, "Light")
    assert sorted(got["waiting"]) == ["email", "mobile"]
    assert PendingMobile.objects.filter(person_id=world["me"].pk).exists()
    assert [one.to for one in mail.outbox] == [["new@example.org"]]


def test_one_invalid_field_leaves_the_whole_profile_unchanged(world, send):
    answer = send("POST", "/user/profile/", {"bio": "Light", "email": "no address", "mobile": "+41791234567"})

    assert answer.status_code == 422
    assert [error["path"] for error in answer.json()["errors"]] == ["body.email"]
    world["me"].refresh_from_db()
    assert world["me"].bio == ""
    assert not PendingMobile.objects.exists()


def test_fields_that_are_left_out_stay(world, send):
    send("POST", "/user/profile/", {"name": "Me", "bio": "Light"})
    send("POST", "/user/profile/", {"bio": ""})

    got = send("GET", "/user/profile/").json()
    assert (got["name"], got["bio"]) == ("Me", "")


@pytest.mark.parametrize(
    ("name", "available"), [("fresh.name", True), ("myself", True), ("author", False), ("admin", False), ("a b", False)]
)
def test_a_username_is_checked_for_availability(name, available, world, send):
    answer = send("POST", "/user/profile/checkusername/", {"username": name})

    assert answer.json()["available"] is available
    assert bool(answer.json()["problem"]) is not available


@pytest.mark.promise("S11")
def test_new_posts_are_rate_limited(world, signed_in, photo, settings):
    settings.RATE_LIMITS = True
    browser = signed_in(world["me"])

    answers = [browser.post("/api/posts", {"files": photo()}) for _ in range(31)]

    assert [answer.status_code for answer in answers] == [201] * 30 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert answers[-1].json()["code"] == "too-many"


def test_a_post_above_the_size_limit_is_refused_with_a_path(world, signed_in, monkeypatch, photo):
    monkeypatch.setattr("posts.actions.new_slides.MAX_POST_BYTES", 1000)

    answer = signed_in(world["me"]).post("/api/posts", {"files": photo()})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "body.files"
    assert MAX_POST_BYTES > 1000
