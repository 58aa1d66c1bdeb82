"""Export a user's data: complete, without deleted content, for the owner only, and temporary (P4)."""

import json
import tracemalloc
import urllib.request
import zipfile
from datetime import timedelta
from io import BytesIO

import pytest
from django.core import mail
from django.core.files.storage import storages
from django.utils import timezone

from accounts.models import Mobile
from api_access.actions.apps import register_app
from api_access.actions.grants import create_grant
from common import valkey
from common.limits import EXPORT_KEPT_DAYS
from common.sealing import seal
from feed.actions import dismiss_suggestion, hide_from_explore
from personal_data.actions.export import request_export
from personal_data.export_zip import build_export_zip
from personal_data.models import Export, ExportState
from personal_data.registry import tables
from personal_data.tasks import MAX_ATTEMPTS, build_export, sweep
from posts.actions.comments import add_comment, delete_comment
from posts.actions.editing import delete_post
from posts.models import Media, Mention, Post
from search.models import RecentSearch
from social.models import FollowRequest
from tests import stores
from tests.accounts.conftest import text_of
from tests.conftest import HTMX
from tests.personal_data.whole_account import TOKEN, fill, post_of, posts_of


@pytest.fixture
def others(person):
    return [person("ben"), person("carla"), person("dora")]


@pytest.fixture
def ask(client, anna, tasks_run):
    """Return a function that requests an export on the page and has the worker build it."""

    def send():
        client.force_login(anna)
        with tasks_run():
            response = client.post("/accounts/export/")
        assert response.status_code == 302
        return Export.objects.get(person=anna)

    return send


def open_export(export):
    with storages["originals"].open(export.key) as file:
        return zipfile.ZipFile(BytesIO(file.read()))


def data_of(archive):
    return {
        name.removeprefix("data/").removesuffix(".json"): json.loads(archive.read(name))
        for name in archive.namelist()
        if name.startswith("data/")
    }


@pytest.mark.promise("P4")
@pytest.mark.both_storages
def test_the_export_is_complete(ask, anna, others, photo_bytes):
    fill(anna, others, photo_bytes, posts=3)

    export = ask()

    assert (export.state, export.progress) == (ExportState.READY, 100)
    archive = open_export(export)
    assert archive.testzip() is None
    data = data_of(archive)
    profile = data["profile"][0]
    assert (profile["username"], profile["email"]) == (anna.username, "anna@example.org")
    assert "password" not in profile
    assert [post["caption"] for post in data["posts"]] == [f"{TOKEN} {n} <b>&" for n in (2, 1, 0)]
    assert data["posts"][0]["media"][0]["alt"] == f"{TOKEN} alt"
    assert data["posts"][2]["likes"] == 2
    assert [comment["text"] for comment in data["comments"]] == [f"{TOKEN} said"]
    assert len(data["likes"]) == 1
    assert [one["username"] for one in data["following"]] == ["ben"]
    assert [one["username"] for one in data["followers"]] == ["ben"]
    assert [one["username"] for one in data["requests_sent"]] == ["carla"]
    assert [one["username"] for one in data["blocked"]] == ["dora"]
    assert [one["username"] for one in data["restricted"]] == ["carla"]
    assert data["notification_settings"] == [{"like": "off"}]
    assert [one["name"] for one in data["not_shared"]] == [f"{TOKEN}-draft.jpg"]
    for medium in Media.objects.filter(owner_id=anna.pk):
        assert stores.content("originals", medium.original) == photo_bytes
    exported = [
        file for post in data["posts"] for medium in post["media"] for file in (medium["original"], medium["picture"])
    ]
    exported += [profile["picture"], profile["picture_original"], data["not_shared"][0]["original"]]
    assert {name for name in archive.namelist() if name.startswith(("media/", "originals/"))} == set(exported)
    assert all(archive.read(name) == photo_bytes for name in exported)


@pytest.mark.promise("P4")
def test_the_export_contains_no_content_or_choices_of_others(ask, anna, others, photo_bytes):
    fill(anna, others, photo_bytes, posts=1)

    archive = open_export(ask())

    everything = b"".join(archive.read(name) for name in archive.namelist() if name.startswith(("data/", "index")))
    assert b"ben's own words" not in everything
    assert b"example.org" in everything
    assert b"ben@example.org" not in everything
    assert set(data_of(archive)["muted"][0]) == {"username", "since"}


NAMED = {"username", "since"}
EXPORTED = {
    "profile": {
        "username", "email", "name", "bio", "link", "is_private", "who_may_tag", "hide_like_counts", "first_feed",
        "last_login", "last_seen_at", "joined", "picture", "picture_original",
    },
    "old_usernames": {"username", "given_up_at"},
    "email_addresses": {"email", "verified"},
    "mobile": {"number", "confirmed_at"},
    "tokens": {"name", "created_at", "may_write", "expires_at", "last_used_at"},
    "own_apps": {"name", "redirect_uris"},
    "authorized_apps": {"app", "created_at", "may_write", "last_used_at"},
    "following": NAMED | {"is_favourite", "shown_on_home_page"},
    "followers": NAMED, "requests_sent": NAMED, "requests_received": NAMED, "close_friends": NAMED,
    "blocked": NAMED, "muted": NAMED, "restricted": NAMED, "dismissed_suggestions": NAMED,
    "likes": {"post", "liked_at"},
    "comment_likes": {"post", "comment", "liked_at"},
    "saved": {"post", "collection", "saved_at"},
    "collections": {"name"},
    "mentions": {"post", "at", "removed_at"},
    "tags_of_me": {"post", "at", "removed_at"},
    "hidden_words": {"word"},
    "comments": {"post", "written_at", "text"},
    "posts": {
        "address", "shared_at", "state", "audience", "caption", "location", "edited_at", "archived_at",
        "removed_reason", "likes", "comments", "media",
    },
    "posts.media": {
        "kind", "name", "alt", "width", "height", "edits", "shown_width", "shown_height", "original", "picture",
    },
    "not_shared": {"kind", "name", "alt", "width", "height", "edits", "original"},
    "followed_tags": {"tag", "since"},
    "muted_tags": {"tag", "since"},
    "not_interested": {"post", "since"},
    "recent_searches": {"text", "at"},
    "notifications": {"kind", "at"},
    "notification_settings": {"like"},
}  # fmt: skip
"""The exported fields of each table. Internal fields, such as search words, are not exported."""


@pytest.mark.promise("P4")
def test_only_listed_fields_are_exported(ask, anna, others, photo_bytes):
    fill(anna, others, photo_bytes, posts=1)
    ben, carla, _ = others
    FollowRequest.objects.create(requester=carla, target=anna)
    dismiss_suggestion(anna, dismissed=carla)
    hide_from_explore(anna, post=Post.objects.get(author=ben))
    Mention.objects.create(post=Post.objects.get(author=ben), person=anna)
    RecentSearch.objects.create(person=anna, text="trees")
    Mobile.objects.create(person=anna, sealed=seal("+41791234567"), digest="digest", confirmed_at=timezone.now())
    app, _ = register_app(anna, name="Frames", redirect_uris=["https://app.example/"], is_confidential=False)
    create_grant(anna, app, code="code", may_write=True, redirect_uri="https://app.example/", code_challenge="c" * 43)

    data = data_of(open_export(ask()))

    data["posts.media"] = [medium for post in data["posts"] for medium in post["media"]]
    assert {name: set().union(*rows) for name, rows in data.items()} == EXPORTED
    assert {table.export_name for table in tables() if table.export_name} == set(EXPORTED) - {"posts.media"}


@pytest.mark.promise("P4")
def test_deleted_content_is_not_exported(ask, anna, ben, photo_bytes):
    kept, deleted_post = posts_of(anna, photo_bytes, 2)
    deleted = add_comment(kept, author=anna, text="a deleted comment")
    delete_comment(deleted)
    delete_post(deleted_post)

    data = data_of(open_export(ask()))

    assert [post["caption"] for post in data["posts"]] == [f"{TOKEN} 0 <b>&"]
    assert data["comments"] == []


@pytest.mark.promise("P4")
def test_the_html_page_is_escaped_and_self_contained(ask, anna, photo_bytes):
    anna.bio = "<script>alert(1)</script>"
    anna.save()
    post = post_of(anna, photo_bytes, token='<img src=x onerror="alert(1)">')

    page = open_export(ask()).read("index.html").decode()

    assert "<script" not in page
    assert "<img src=x" not in page
    assert page.count("<img") == 1
    assert f'src="media/{post.created_at:%Y-%m-%d}_{post.shortcode}_1.jpg"' in page
    assert 'src="/' not in page
    assert 'src="http' not in page


@pytest.mark.promise("P4")
def test_the_link_works_for_the_owner_only_and_expires(ask, client, anna, ben, signed_in, photo_bytes, tasks_run):
    post_of(anna, photo_bytes)
    export = ask()
    url = f"/accounts/export/{export.pk}/"
    assert url in client.get("/accounts/export/").text

    response = client.get(url)
    assert response["Content-Type"] == "application/zip"
    assert 'attachment; filename="anna-' in response["Content-Disposition"]
    assert "private" in response["Cache-Control"]
    assert zipfile.ZipFile(BytesIO(b"".join(response.streaming_content))).testzip() is None

    assert signed_in(ben).get(url).status_code == 404
    assert signed_in(ben).get("/accounts/export/99999999999999999999/").status_code == 404
    client.logout()
    assert client.get(url).status_code == 302

    client.force_login(anna)
    assert export.expires_at - timezone.now() < timedelta(days=EXPORT_KEPT_DAYS)
    Export.objects.update(expires_at=timezone.now())
    assert client.get(url).status_code == 404
    assert url not in client.get("/accounts/export/").text
    assert len(stores.keys_in("originals")) == 2
    with tasks_run():
        sweep()
    assert not Export.objects.exists()
    assert len(stores.keys_in("originals")) == 1


@pytest.mark.promise("P4")
@pytest.mark.both_storages
def test_s3_serves_the_file_at_a_signed_url_for_five_minutes(ask, client, anna, storage_kind, monkeypatch):
    export = ask()
    if storage_kind == "s3":
        # The client is already connected to the test server.
        monkeypatch.setattr(storages["originals"], "endpoint_url", None)

    response = client.get(f"/accounts/export/{export.pk}/")

    if storage_kind == "local":
        assert response.status_code == 200
        return
    assert response.status_code == 302
    assert "X-Amz-Expires=300" in response["Location"]
    with urllib.request.urlopen(response["Location"]) as file:
        assert file.headers["Content-Disposition"].startswith('attachment; filename="anna-')
        assert zipfile.ZipFile(BytesIO(file.read())).testzip() is None


def test_an_email_reports_that_the_export_is_ready(ask, anna):
    ask()

    assert mail.outbox[-1].to == ["anna@example.org"]
    assert "ready" in mail.outbox[-1].subject
    assert "/accounts/export/\n" in mail.outbox[-1].body


def test_a_new_export_replaces_the_old_one(ask, anna, client):
    first = request_export(anna)
    assert request_export(anna).pk == first.pk
    build_export(first.pk)

    second = ask()

    assert second.pk != first.pk
    assert stores.keys_in("originals") == {second.key}


def test_the_page_shows_the_progress_with_and_without_javascript(client, anna):
    client.force_login(anna)
    assert "Request archive" in text_of(client.get("/accounts/export/"))
    request_export(anna)
    Export.objects.update(state=ExportState.BUILDING, progress=37)

    page = client.get("/accounts/export/")
    assert "37 %" in text_of(page)
    assert "Check progress" in text_of(page)
    fragment = client.get("/accounts/export/", headers=HTMX)
    assert "37 %" in text_of(fragment)
    assert "<html" not in fragment.text
    assert "hx-trigger" in fragment.text
    assert "HX-Request" in fragment["Vary"]


@pytest.mark.promise("D5")
def test_the_sweeper_resumes_an_export_of_a_killed_worker(client, anna, tasks_run, photo_bytes):
    post_of(anna, photo_bytes)
    export = request_export(anna)
    before = stores.stored_files()
    # State after a kill: the row says that the export is being built, and the temporary file is gone.
    Export.objects.update(state=ExportState.BUILDING, progress=40, attempts=1)
    with tasks_run():
        sweep()
    assert Export.objects.get().state == ExportState.BUILDING

    Export.objects.update(queued_at=timezone.now() - timedelta(minutes=5))
    valkey.resume()
    with tasks_run():
        sweep()

    export.refresh_from_db()
    assert export.state == ExportState.READY
    assert stores.stored_files() - before == {f"originals/{export.key}"}


@pytest.mark.promise("D6")
def test_an_export_that_keeps_failing_shows_an_error_and_can_be_requested_again(client, anna, ask):
    export = request_export(anna)
    Export.objects.update(state=ExportState.BUILDING, attempts=MAX_ATTEMPTS)

    build_export(export.pk)

    client.force_login(anna)
    assert "Something went wrong on our side" in text_of(client.get("/accounts/export/"))
    assert ask().state == ExportState.READY


@pytest.mark.promise("D11")
def test_a_task_delivered_three_times_creates_one_file_and_one_email(anna):
    export = request_export(anna)

    for _ in range(3):
        build_export(export.pk)

    assert len(stores.keys_in("originals")) == 1
    assert len(mail.outbox) == 1


def test_deleting_the_export_during_the_build_leaves_no_file(anna, monkeypatch):
    export = request_export(anna)

    def build_and_delete(person, file, on_progress):
        build_export_zip(person, file, on_progress)
        Export.objects.all().delete()

    monkeypatch.setattr("personal_data.tasks.build_export_zip", build_and_delete)
    build_export(export.pk)

    assert stores.stored_files() == set()
    assert mail.outbox == []


def test_memory_use_does_not_grow_with_the_export(anna, photo_bytes, tmp_path):
    posts_of(anna, photo_bytes * 64, 50)
    progress = []
    with (tmp_path / "archive.zip").open("wb") as file:
        tracemalloc.start()
        build_export_zip(anna, file, progress.append)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert progress == sorted(progress)
    assert progress[-1] == 99
    assert len(zipfile.ZipFile(tmp_path / "archive.zip").namelist()) > 100
    assert peak < 6 * 2**20 < (tmp_path / "archive.zip").stat().st_size
