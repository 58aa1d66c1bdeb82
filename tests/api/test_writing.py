"""What the API changes: what the pages do, once, and nothing that they would not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core import mail
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import PendingMobile, User
from api_access.actions.tokens import create_token
from api_access.models import IdempotencyRecord
from api_access.models.idempotency_record import KEPT_HOURS
from api_access.tasks import sweep
from common.limits import MAX_POST_BYTES
from feed.actions import dismiss_suggestion, follow_tag, hide_from_explore, mute_tag
from notifications.models import Notification
from posts.actions.archiving import archive_post
from posts.actions.comments import add_comment, pin_comment, set_comments_enabled
from posts.actions.likes import like_comment, like_post, set_likes_hidden
from posts.actions.media import receive_file
from posts.actions.saves import create_collection, put_in_collection, save_post
from posts.models import Collection, Comment, Like, Media, Post, Save
from posts.models.media import MediaState
from social.actions.blocks import block
from social.actions.close_friends import add_close_friend
from social.actions.follows import follow
from social.actions.mutes import mute
from social.actions.privacy import change_privacy
from social.actions.restrictions import restrict
from social.models import Block, Follow, FollowRequest
from tests.visibility.world import rows_written

pytestmark = pytest.mark.django_db


# --- The same rows ----------------------------------------------------------------------------------------------------


@dataclass
class Act:
    """One thing that can be done on a page and by a program. Texts are filled with what `World.of` knows."""

    page: str
    api: str
    sent: dict[str, Any] = field(default_factory=dict)
    """By the form."""
    body: dict[str, Any] | None = None
    """By the program, as JSON."""
    form: dict[str, Any] | None = None
    """By the program, as a form."""
    method: str = "POST"
    before: Callable[[Any], Any] = lambda world: None
    status: int = 200


def asks(world: Any) -> None:
    change_privacy(world["me"], is_private=True)
    follow(world["other"], followee=world["me"])


ACTS = {
    "follow": Act("/author/follow/", "/users/@author/follow"),
    "ask to follow": Act(
        "/author/follow/", "/users/@author/follow", before=lambda w: change_privacy(w["author"], is_private=True)
    ),
    "unfollow": Act(
        "/author/unfollow/", "/users/@author/unfollow", before=lambda w: follow(w["me"], followee=w["author"])
    ),
    "block": Act("/author/block/", "/users/@author/block", before=lambda w: follow(w["me"], followee=w["author"])),
    "unblock": Act(
        "/author/unblock/", "/users/@author/unblock", before=lambda w: block(w["me"], blocked=w["author"])
    ),
    "mute": Act("/author/mute/", "/users/@author/mute"),
    "unmute": Act("/author/unmute/", "/users/@author/unmute", before=lambda w: mute(w["me"], muted=w["author"])),
    "restrict": Act("/author/restrict/", "/users/@author/restrict"),
    "unrestrict": Act(
        "/author/unrestrict/", "/users/@author/unrestrict", before=lambda w: restrict(w["me"], restricted=w["author"])
    ),
    "add a close friend": Act("/author/add-close-friend/", "/users/@author/add-close-friend"),
    "remove a close friend": Act(
        "/author/remove-close-friend/", "/users/@author/remove-close-friend",
        before=lambda w: add_close_friend(w["me"], friend=w["author"]),
    ),
    "remove a follower": Act(
        "/other/remove-follower/", "/users/@other/remove-follower",
        before=lambda w: follow(w["other"], followee=w["me"]),
    ),
    "go private": Act("/accounts/privacy/private/", "/user/privacy", body={"is_private": True}),
    "go public": Act("/accounts/privacy/public/", "/user/privacy", body={"is_private": False}, before=asks),
    "who may tag": Act(
        "/accounts/privacy/tags/", "/user/privacy", {"who_may_tag": "nobody"}, {"who_may_tag": "nobody"}
    ),
    "hide like counts": Act("/accounts/privacy/likes/", "/user/privacy", {"hide": "1"}, {"hide_like_counts": True}),
    "approve": Act("/accounts/requests/other/approve/", "/follow-requests/@other/approve", before=asks),
    "refuse": Act("/accounts/requests/other/refuse/", "/follow-requests/@other/refuse", before=asks),
    "like": Act("/p/{post}/like/", "/posts/{post}/like", body={"userId": "{me_id}", "postId": "{post_id}"}),
    "unlike": Act("/p/{post}/unlike/", "/posts/{post}/unlike", before=lambda w: like_post(w["post"], liker=w["me"])),
    "save": Act("/p/{post}/save/", "/posts/{post}/save"),
    "unsave": Act("/p/{post}/unsave/", "/posts/{post}/unsave", before=lambda w: save_post(w["post"], person=w["me"])),
    "comment": Act(
        "/p/{post}/comment/", "/posts/{post}/comment", {"text": "So lovely @author"}, {"text": "So lovely @author"},
        status=201,
    ),
    "reply": Act(
        "/p/{post}/comment/", "/posts/{post}/comment", {"text": "Yes", "parent": "{comment}"},
        {"text": "Yes", "parent_id": "{comment}"}, status=201,
    ),
    "delete a comment": Act(
        "/p/{own}/comments/{under_own}/delete/", "/comments/{under_own}", method="DELETE", status=204
    ),
    "edit a comment": Act(
        "/p/{post}/comments/{mine}/edit/", "/comments/{mine}", {"text": "Changed @author"},
        {"comment": "Changed @author"}, method="PATCH",
    ),
    "like a comment": Act("/p/{post}/comments/{comment}/like/", "/comments/{comment}/like"),
    "unlike a comment": Act(
        "/p/{post}/comments/{comment}/unlike/", "/comments/{comment}/unlike",
        before=lambda w: like_comment(Comment.objects.get(pk=w["comment"]), liker=w["me"]),
    ),
    "pin": Act("/p/{own}/comments/{under_own}/pin/", "/comments/{under_own}/pin"),
    "unpin": Act(
        "/p/{own}/comments/{under_own}/unpin/", "/comments/{under_own}/unpin",
        before=lambda w: pin_comment(Comment.objects.get(pk=w["under_own"])),
    ),
    "approve a comment": Act(
        "/p/{own}/comments/{under_own}/approve/", "/comments/{under_own}/approve",
        before=lambda w: Comment.objects.filter(pk=w["under_own"]).update(hidden_until_approved=True),
    ),
    "archive": Act("/p/{own}/archive/", "/posts/{own}/archive"),
    "unarchive": Act("/p/{own}/unarchive/", "/posts/{own}/unarchive", before=lambda w: archive_post(w["own"])),
    "comments off": Act("/p/{own}/comments/off/", "/posts/{own}/comments/off"),
    "comments on": Act(
        "/p/{own}/comments/on/", "/posts/{own}/comments/on", before=lambda w: set_comments_enabled(w["own"], on=False)
    ),
    "hide likes": Act("/p/{own}/likes/hide/", "/posts/{own}/likes/hide"),
    "show likes": Act(
        "/p/{own}/likes/show/", "/posts/{own}/likes/show", before=lambda w: set_likes_hidden(w["own"], hide=True)
    ),
    "create a collection": Act("/saved/new/", "/collections", {"name": "Sea"}, {"name": "Sea"}, status=201),
    "rename a collection": Act(
        "/saved/{collection}/rename/", "/collections/{collection}", {"name": "Sea"}, {"name": "Sea"}, method="PATCH"
    ),
    "delete a collection": Act(
        "/saved/{collection}/delete/", "/collections/{collection}", method="DELETE", status=204,
        before=lambda w: save_post(w["post"], person=w["me"]),
    ),
    "save into a collection": Act(
        "/p/{post}/collections/", "/posts/{post}/save", {"collection": "{collection}"},
        {"collection_id": "{collection}"},
    ),
    "take out of a collection": Act(
        "/p/{post}/collections/", "/posts/{post}/save", {"collection": ""}, {"collection_id": None},
        before=lambda w: put_in_collection(
            w["post"], person=w["me"], collection=Collection.objects.get(pk=w["collection"])
        ),
    ),
    "edit a post": Act(
        "/p/{own}/edit/", "/posts/{own}",
        {"slide": ["{slide_1}", "{slide_0}"], "alt": ["one", "zero"], "version": "{version}", "caption": "New #words",
         "location": "Bern", "audience": "close_friends"},
        {"media": [{"id": "{slide_1}", "alt": "one"}, {"id": "{slide_0}", "alt": "zero"}], "caption": "New #words",
         "location": "Bern", "audience": "close_friends"},
        method="PATCH",
    ),
    "delete a post": Act("/p/{own}/delete/", "/posts/{own}", method="DELETE", status=204),
    "share a file": Act(
        "/create/", "/posts", {"files": "photo", "alt": "A cup", "caption": "Mine #sun", "location": "Bern"},
        form={"files": "photo", "alt": "A cup", "caption": "Mine #sun", "location": "Bern"}, status=201,
    ),
    "share what was sent before": Act(
        "/create/", "/posts", {"media": ["{medium}"], "alt": ["A cup"], "caption": "Mine", "audience": "close_friends"},
        {"media": ["{medium}"], "alt": ["A cup"], "caption": "Mine", "audience": "close_friends"}, status=201,
    ),
    "profile": Act(
        "/accounts/edit/", "/user/profile/", {"name": "Me", "bio": "Light,\nmostly", "link": "example.org/me"},
        {"name": "Me", "bio": "Light,\nmostly", "link": "example.org/me"},
    ),
    "e-mail": Act(
        "/accounts/email/", "/user/profile/", {"email": "new@example.org", "action_add": ""},
        {"email": "new@example.org"},
    ),
    "mobile": Act(
        "/accounts/mobile/", "/user/profile/", {"mobile": "+41 79 123 45 67"}, {"mobile": "+41791234567"},
    ),
    "set the picture": Act(
        "/accounts/edit/", "/user/profile/avatar/", {"avatar": "photo"}, form={"file": "photo"}
    ),
    "remove the picture": Act(
        "/accounts/avatar/remove/", "/user/profile/avatar/", method="DELETE",
        before=lambda w: User.objects.filter(pk=w["me"].pk).update(avatar_state="failed", avatar_error="Broken."),
    ),
    "hide from Explore": Act("/explore/posts/{post}/hide/", "/explore/{post}/hide"),
    "show in Explore": Act(
        "/explore/posts/{post}/show/", "/explore/{post}/show",
        before=lambda w: hide_from_explore(w["me"], post=w["post"]),
    ),
    "dismiss": Act("/explore/people/author/dismiss/", "/suggestions/@author/dismiss"),
    "restore": Act(
        "/explore/people/author/restore/", "/suggestions/@author/restore",
        before=lambda w: dismiss_suggestion(w["me"], dismissed=w["author"]),
    ),
    "follow a tag": Act("/explore/tags/sun/follow/", "/tags/sun/follow"),
    "unfollow a tag": Act(
        "/explore/tags/sun/unfollow/", "/tags/sun/unfollow", before=lambda w: follow_tag(w["me"], name="sun")
    ),
    "mute a tag": Act("/explore/tags/sun/mute/", "/tags/sun/mute", before=lambda w: follow_tag(w["me"], name="sun")),
    "unmute a tag": Act(
        "/explore/tags/sun/unmute/", "/tags/sun/unmute", before=lambda w: mute_tag(w["me"], name="sun")
    ),
    "read notifications": Act(
        "/notifications/read/", "/notifications/read", {"up_to": "{notification}"}, {"up_to": "{notification}"}
    ),
}  # fmt: skip

UNLIKE = {"accounts_pendingmobile": {"sealed", "code_hash"}, "posts_uploadsession": {"prefix"}}
"""Columns that are random."""
Rows = dict[str, list[dict[str, Any]]]

KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]+")


@pytest.fixture
def world(person, author, post, share, photo, settings) -> dict[str, Any]:
    me, other = person("myself"), person("other")
    own = share(me, photos=2, caption="Old")
    comment = add_comment(post, author=other, text="first")
    under_own = add_comment(own, author=other, text="hello")
    medium = receive_file(owner=me, file=photo(), name="coffee.jpg")
    notification = Notification.objects.create(recipient=me, kind="like", post=own, latest=own.pk + 1)
    mine = add_comment(post, author=me, text="mine")
    collection = create_collection(owner=me, name="Trees")
    slides = list(own.media.order_by("position"))
    return {
        "me": me, "me_id": me.pk, "other": other, "author": author, "post": post, "post_id": post.pk, "own": own,
        "comment": comment.pk, "under_own": under_own.pk, "medium": medium.pk, "notification": notification.latest,
        "slide_0": slides[0].pk, "slide_1": slides[1].pk, "version": own.version,
        "mine": mine.pk, "collection": collection.pk,
    }  # fmt: skip


def filled(value: Any, world: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: filled(one, world) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, world) for one in value]
    named = {name: getattr(one, "shortcode", one) for name, one in world.items()}
    return value.format(**named) if isinstance(value, str) else value


def rows() -> Rows:
    """All that the database holds, but for sessions and what a program's request leaves of itself."""
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            if table in {"django_session", "django_migrations", "api_access_idempotencyrecord"}:
                continue
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [column.name for column in cursor.description]
            found[table] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return found


def comparable(after: Rows, before: Rows) -> dict[str, list[str]]:
    """`after` without what differs each time: new numbers, times, and the names of new files."""
    known = {table: {row.get("id") for row in of_table} for table, of_table in before.items()}
    everything = set().union(*known.values())

    def same(table: str, name: str, value: Any) -> Any:
        if name in UNLIKE.get(table, ()):
            return bool(value)
        if isinstance(value, datetime):
            return "a time"
        is_new = (name == "id" and value not in known[table]) or (name.endswith("_id") and value not in everything)
        if isinstance(value, int) and is_new:
            return "a new number"
        return KEY.sub("a file", value) if isinstance(value, str) else value

    return {
        table: sorted(str({name: same(table, name, value) for name, value in row.items()}) for row in of_table)
        for table, of_table in after.items()
    }


@pytest.mark.parametrize("name", ACTS)
def test_a_page_and_the_api_do_the_same(name, world, photo, as_, monkeypatch, django_capture_on_commit_callbacks):
    act, told = ACTS[name], []
    monkeypatch.setattr("common.events._publish", told.append)
    act.before(world)
    browser = as_(world["me"])
    before = rows()
    numbers = {row.get("id") for of_table in before.values() for row in of_table}

    def done(by: Callable[[], Any]) -> Any:
        """What `by` leaves behind, and what workers are told; then it is taken back."""
        told.clear()
        with transaction.atomic():
            with django_capture_on_commit_callbacks(execute=True):
                answer = by()
            left = comparable(rows(), before)
            transaction.set_rollback(True)
        events = [(type(event).__name__, *(v for v in asdict(event).values() if v in numbers)) for event in told]
        return answer, left, events

    def with_files(sent: dict[str, Any]) -> dict[str, Any]:
        return {name: photo() if value == "photo" else value for name, value in sent.items()}

    def on_page() -> Any:
        return browser.post(filled(act.page, world), with_files(filled(act.sent, world)))

    def by_program() -> Any:
        url = f"/api{filled(act.api, world)}"
        if act.form:
            return browser.post(url, with_files(filled(act.form, world)))
        body = "" if act.body is None else json.dumps(filled(act.body, world))
        return browser.generic(act.method, url, body, "application/json")

    page, by_page, events_by_page = done(on_page)
    answer, by_api, events_by_api = done(by_program)

    assert page.status_code in {200, 302}, page.text
    assert answer.status_code == act.status, answer.text
    assert by_api == by_page
    assert by_api != comparable(before, before)
    assert events_by_api == events_by_page


def test_every_write_is_compared_with_its_page():
    from instagram.api import api

    compared = {act.api.partition("?")[0].replace("@author", "{id}") for act in ACTS.values()}
    compared = {re.sub(r"\{\w+\}|@\w+", "{id}", path).replace("/tags/sun/", "/tags/{id}/") for path in compared}
    writes = {
        path.removeprefix("/api")
        for path, methods in api.get_openapi_schema()["paths"].items()
        if set(methods) - {"get"}
    }

    # Files are compared as posts that have them; asking whether a name is free changes nothing, and what was seen in
    # Explore is no row (tests/api/test_explore.py).
    assert writes - compared == {"/media", "/user/profile/checkusername/", "/explore/seen"}


# --- Who, and what ----------------------------------------------------------------------------------------------------


@pytest.fixture
def send(world) -> Callable[..., Any]:
    """`send("POST", "/posts", {...})`: by a program of "me", as JSON."""
    _, secret = create_token(world["me"], name="all", may_write=True, days=1)

    def send(method: str, path: str, body: Any = None, **headers: str) -> Any:
        client = Client(headers={"Authorization": f"Bearer {secret}"} | headers)
        return client.generic(method, f"/api{path}", "" if body is None else json.dumps(body), "application/json")

    return send


OF_SOMETHING = {name: act for name, act in ACTS.items() if act.form is None and name != "read notifications"}


@pytest.mark.promise("A10")
@pytest.mark.parametrize("name", OF_SOMETHING)
def test_whoever_says_to_be_another_changes_nothing(name, world, send):
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
def test_files_of_another_are_refused_as_those_that_are_not_there(world, send, photo):
    theirs = receive_file(owner=world["other"], file=photo(), name="theirs.jpg")

    answers = [send("POST", "/posts", {"media": [str(pk)]}) for pk in (theirs.pk, 1)]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["errors"][0]["path"] == "body.media"
    theirs.refresh_from_db()
    assert theirs.post_id is None


def test_a_bad_file_is_refused_by_name_and_nothing_stays(world, as_, photo):
    before = Media.objects.count()

    answer = as_(world["me"]).post("/api/posts", {"files": [photo(), photo("text.jpg", b"no picture")]})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    [error] = answer.json()["errors"]
    assert error["path"] == "body.files"
    assert "text.jpg" in error["message"]
    assert Media.objects.count() == before


def test_a_file_is_kept_and_shared_later(world, as_, send, photo):
    answer = as_(world["me"]).post("/api/media", {"file": photo()})

    assert answer.status_code == 201, answer.text
    medium = answer.json()
    assert (medium["kind"], medium["state"], medium["alt"]) == ("photo", MediaState.PENDING, "")
    shared = send("POST", "/posts", {"media": [medium["id"]], "alt": ["A cup"], "caption": "Mine #sun"})
    assert shared.status_code == 201
    assert shared.headers["Location"] == f"/api/posts/{shared.json()['id']}"
    assert (shared.json()["state"], shared.json()["tags"]) == ("processing", ["sun"])
    assert [(one["id"], one["alt"]) for one in shared.json()["media"]] == [(medium["id"], "A cup")]


def test_what_the_form_of_a_page_would_refuse_is_refused_by_path(world, send):
    caption = " ".join(f"#tag{number}" for number in range(31))

    answer = send("PATCH", f"/posts/{world['own'].pk}", {"caption": caption, "location": "x" * 5000})

    assert answer.status_code == 422
    assert {error["path"] for error in answer.json()["errors"]} == {"body.caption", "body.location"}
    assert "31" in answer.json()["detail"]


def test_a_body_of_megabytes_is_too_large(world, send):
    answer = send("POST", f"/posts/{world['post'].pk}/comment", {"text": "x" * 3_000_000})

    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_a_comment_where_they_are_off_is_refused(world, send):
    Post.objects.filter(pk=world["post"].pk).update(comments_off=True)

    answer = send("POST", f"/posts/{world['post'].pk}/comment", {"text": "hello"})

    assert (answer.status_code, answer.json()["code"]) == (409, "refused")


@pytest.mark.parametrize(
    ("path", "undo", "model"),
    [("like", "unlike", Like), ("save", "unsave", Save)],
)
def test_again_is_harmless(path, undo, model, world, send):
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
def test_nobody_approves_their_own_request(world, send):
    change_privacy(world["author"], is_private=True)
    follow(world["me"], followee=world["author"])

    assert send("POST", "/follow-requests/@author/approve").json() == {"follows": False}
    assert send("POST", "/follow-requests/@myself/approve").json() == {"follows": False}
    assert not Follow.objects.filter(follower=world["me"]).exists()


def test_who_is_blocked_can_be_unblocked_and_nobody_else_is_told_of_it(world, send):
    assert send("POST", "/users/@author/block").json() == {"blocked": True}
    assert send("GET", "/users/@author").status_code == 404
    assert send("POST", "/users/@author/follow").status_code == 404
    assert send("POST", "/users/@author/unblock").json() == {"blocked": False}
    block(world["author"], blocked=world["me"])
    for change in ("follow", "block", "unblock", "mute"):
        assert send("POST", f"/users/@author/{change}").status_code == 404, change
    assert not Block.objects.filter(blocker=world["me"]).exists()


# --- One's own profile ------------------------------------------------------------------------------------------------


def test_a_new_address_and_number_count_once_they_are_confirmed(world, send, settings):
    answer = send("POST", "/user/profile/", {"email": "new@example.org", "mobile": "+41791234567", "bio": "Light"})

    assert answer.status_code == 200, answer.text
    got = answer.json()
    assert (got["email"], got["mobile"], got["bio"]) == ("myself@example.org", None, "Light")
    assert sorted(got["waiting"]) == ["email", "mobile"]
    assert PendingMobile.objects.filter(person_id=world["me"].pk).exists()
    assert [one.to for one in mail.outbox] == [["new@example.org"]]


def test_a_profile_is_changed_whole_or_not_at_all(world, send):
    answer = send("POST", "/user/profile/", {"bio": "Light", "email": "no address", "mobile": "+41791234567"})

    assert answer.status_code == 422
    assert [error["path"] for error in answer.json()["errors"]] == ["body.email"]
    world["me"].refresh_from_db()
    assert world["me"].bio == ""
    assert not PendingMobile.objects.exists()


def test_what_is_not_sent_stays(world, send):
    send("POST", "/user/profile/", {"name": "Me", "bio": "Light"})
    send("POST", "/user/profile/", {"bio": ""})

    got = send("GET", "/user/profile/").json()
    assert (got["name"], got["bio"]) == ("Me", "")


@pytest.mark.parametrize(
    ("name", "available"), [("fresh.name", True), ("myself", True), ("author", False), ("admin", False), ("a b", False)]
)
def test_whether_a_name_is_free(name, available, world, send):
    answer = send("POST", "/user/profile/checkusername/", {"username": name})

    assert answer.json()["available"] is available
    assert bool(answer.json()["problem"]) is not available


# --- Once -------------------------------------------------------------------------------------------------------------


def test_a_request_with_a_key_is_done_once(world, send):
    url, body = f"/posts/{world['post'].pk}/comment", {"text": "hello"}

    first = send("POST", url, body, **{"Idempotency-Key": "k1"})
    again = send("POST", url, body, **{"Idempotency-Key": "k1"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Comment.objects.filter(text="hello", author=world["me"]).count() == 1
    assert send("POST", url, body, **{"Idempotency-Key": "k2"}).json()["id"] != first.json()["id"]


def test_a_key_of_another_request_is_refused(world, send):
    url = f"/posts/{world['post'].pk}/comment"
    send("POST", url, {"text": "hello"}, **{"Idempotency-Key": "k1"})

    answer = send("POST", url, {"text": "something else"}, **{"Idempotency-Key": "k1"})

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert not Comment.objects.filter(text="something else").exists()


@pytest.mark.promise("A10")
def test_a_key_is_ones_own(world, send, as_):
    url, body = f"/posts/{world['post'].pk}/comment", {"text": "hello"}
    mine = send("POST", url, body, **{"Idempotency-Key": "k1"})

    theirs = as_(world["other"]).post(f"/api{url}", body, "application/json", headers={"Idempotency-Key": "k1"})

    assert theirs.json()["id"] != mine.json()["id"]
    assert theirs.json()["author"]["username"] == "other"


def test_what_was_refused_may_be_sent_again_with_its_key(world, send):
    url = f"/posts/{world['post'].pk}/comment"
    Post.objects.filter(pk=world["post"].pk).update(comments_off=True)
    assert send("POST", url, {"text": "hello"}, **{"Idempotency-Key": "k1"}).status_code == 409
    Post.objects.filter(pk=world["post"].pk).update(comments_off=False)

    assert send("POST", url, {"text": "hello"}, **{"Idempotency-Key": "k1"}).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "é", "x" * 256])
def test_what_is_no_key_is_refused(key, world, send):
    answer = send("POST", f"/posts/{world['post'].pk}/comment", {"text": "hello"}, **{"Idempotency-Key": key})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "header.Idempotency-Key"


def test_a_post_with_files_is_shared_once(world, as_, photo):
    browser = as_(world["me"])

    answers = [
        browser.post("/api/posts", {"files": photo(), "caption": "Once"}, headers={"Idempotency-Key": "k1"})
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Post.objects.filter(caption="Once").count() == 1


def test_answers_are_kept_for_a_day(world, send):
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


@pytest.mark.promise("S11")
def test_posts_have_a_rate(world, as_, photo, settings):
    settings.RATE_LIMITS = True
    browser = as_(world["me"])

    answers = [browser.post("/api/posts", {"files": photo()}) for _ in range(31)]

    assert [answer.status_code for answer in answers] == [201] * 30 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert answers[-1].json()["code"] == "too-many"


def test_a_post_larger_than_the_limit_is_refused_in_words(world, as_, monkeypatch, photo):
    monkeypatch.setattr("posts.actions.new_slides.MAX_POST_BYTES", 1000)

    answer = as_(world["me"]).post("/api/posts", {"files": photo()})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "body.files"
    assert MAX_POST_BYTES > 1000
