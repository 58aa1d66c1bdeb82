"""A file comes in parts and becomes a medium: in any order, twice, broken off, refused, by others, too many."""

import re
from functools import partial
from typing import Any

import pytest
from django.core.files.storage import storages

from common import limits
from media import incoming
from posts.models import Media, UploadSession
from tests.concurrency import run_concurrently
from tests.media.clips import BEE
from tests.posts.conftest import begin, send_part, upload
from tests.stores import keys_in, stored_files


@pytest.mark.both_storages
def test_a_file_in_parts_becomes_a_photo_that_is_rendered_while_the_caption_is_written(mine, author, data, tasks_run):
    with tasks_run():
        answer = upload(mine, data, "IMG_1.jpg")

    assert answer.status_code == 201
    medium = Media.objects.get()
    assert (medium.owner_id, medium.post, medium.state) == (author.pk, None, "ready")
    with storages["originals"].open(medium.original) as original:
        assert original.read() == data
    assert not keys_in("incoming")
    [item] = mine.get("/create/media/").json()["items"]
    assert item["id"] == answer.json()["id"] == str(medium.pk)
    assert (item["kind"], item["name"], item["state"], item["progress"]) == ("photo", "IMG_1.jpg", "ready", 100)
    assert item["preview"].endswith(".jpg")
    assert item["preview"] == medium.preview
    assert (item["width"], item["height"], item["error"], item["captions"]) == (medium.width, medium.height, "", False)


def test_files_are_listed_in_the_order_in_which_they_were_chosen_whichever_arrived_first(mine, data):
    large, small, still_coming = (begin(mine, data, name) for name in ("large.jpg", "small.jpg", "coming.jpg"))
    for session in (small, large):
        for part in session["parts"]:
            send_part(mine, part, data)
        assert mine.post(f"/create/uploads/{session['id']}/complete/").status_code == 201

    found = mine.get("/create/media/").json()
    assert [(item["name"], item["upload"]) for item in found["items"]] == [
        ("large.jpg", large["id"]),
        ("small.jpg", small["id"]),
    ]
    assert [session["id"] for session in found["uploads"]] == [still_coming["id"]]
    assert re.findall(r'class="kept-name"><bdi>([\w.]+)', mine.get("/create/").text) == ["large.jpg", "small.jpg"]


def test_a_session_lists_url_and_size_of_each_part(mine, data, small_parts):
    session = begin(mine, data, "../../<b>cup</b>\n.jpg")

    assert (session["name"], session["size"]) == ("../../<b>cup</b> .jpg", len(data))
    assert session["part_bytes"] == small_parts
    assert [part["number"] for part in session["parts"]] == list(range(1, len(session["parts"]) + 1))
    assert sum(part["size"] for part in session["parts"]) == len(data)
    assert [part["offset"] for part in session["parts"]] == list(range(0, len(data), small_parts))
    assert not any(part["have"] for part in session["parts"])
    assert all(part["fields"]["csrfmiddlewaretoken"] for part in session["parts"])


@pytest.mark.both_storages
def test_parts_arrive_in_any_order_or_twice_and_uploads_resume(mine, author, signed_in, data):
    session = begin(mine, data)
    first, *_, last = session["parts"]
    for part in (last, first, first):
        assert send_part(mine, part, data).status_code == 204

    # Another mine of the same person, later.
    again = signed_in(author)
    resumed = again.get(f"/create/uploads/{session['id']}/").json()
    assert [part["number"] for part in resumed["parts"] if part["have"]] == [first["number"], last["number"]]
    assert again.get("/create/media/").json()["uploads"][0]["id"] == session["id"]
    answer = again.post(f"/create/uploads/{session['id']}/complete/")
    missing = [part["number"] for part in resumed["parts"] if not part["have"]]
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "incomplete"
    assert answer.json()["missing"] == missing

    for part in resumed["parts"]:
        if not part["have"]:
            send_part(again, part, data)
    assert again.post(f"/create/uploads/{session['id']}/complete/").status_code == 201
    assert again.get("/create/media/").json()["uploads"] == []


@pytest.mark.both_storages
def test_completing_again_gives_the_same_medium(mine, data):
    session = begin(mine, data)
    for part in session["parts"]:
        send_part(mine, part, data)
    first = mine.post(f"/create/uploads/{session['id']}/complete/")

    again = mine.post(f"/create/uploads/{session['id']}/complete/")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert not keys_in("incoming")
    assert all(part["have"] for part in mine.get(f"/create/uploads/{session['id']}/").json()["parts"])
    assert Media.objects.count() == 1
    assert len(keys_in("originals")) == 1


def test_a_part_that_arrives_while_its_upload_is_deleted_leaves_nothing(mine, data, monkeypatch):
    session = begin(mine, data)
    store = incoming.store_part

    def store_late(prefix, number, file):
        UploadSession.objects.all().delete()
        store(prefix, number, file)

    monkeypatch.setattr("posts.actions.uploads.store_part", store_late)
    send_part(mine, session["parts"][0], data)

    assert not keys_in("incoming")


def test_a_part_sent_after_completion_is_harmless(mine, data):
    upload(mine, data)
    session = UploadSession.objects.get()

    for part in mine.get(f"/create/uploads/{session.pk}/").json()["parts"]:
        assert send_part(mine, part, data).status_code == 204

    assert not keys_in("incoming")
    assert Media.objects.count() == 1


@pytest.mark.parametrize("change", [-1, 1])
def test_a_part_of_another_size_is_refused(change, mine, data):
    session = begin(mine, data)
    part = session["parts"][0]

    answer = send_part(mine, part, data, data[: part["size"] + change])

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "wrong-size"
    assert "instead of 1,024" in answer.json()["error"]["message"]
    assert not any(part["have"] for part in mine.get(f"/create/uploads/{session['id']}/").json()["parts"])


def test_a_part_without_a_file_or_with_an_unknown_number_is_refused(mine, data):
    session = begin(mine, data)
    url = f"/create/uploads/{session['id']}/parts"

    assert mine.post(f"{url}/1/").status_code == 422
    assert mine.post(f"{url}/1/", {"file": "text"}).status_code == 422
    for number in (0, len(session["parts"]) + 1, 10**30):
        assert mine.post(f"{url}/{number}/", {"file": "x"}).status_code == 404


@pytest.mark.promise("U10")
@pytest.mark.parametrize(
    ("fields", "code", "why"),
    [
        ({"size": "0"}, "empty", "This file is empty."),
        ({"size": limits.MAX_VIDEO_BYTES + 1}, "too-large", "300 MB for videos"),
        ({"size": limits.MAX_PHOTO_BYTES + 1, "type": "image/heic"}, "too-large", "The limit is 30 MB for photos"),
        ({"size": "-1"}, "size", "in bytes"),
        ({"size": "٣"}, "size", "in bytes"),
        ({"size": "9" * 100}, "size", "in bytes"),
        ({}, "size", "in bytes"),
    ],
)
def test_an_empty_or_oversized_upload_is_refused_at_the_start(fields, code, why, mine):
    answer = mine.post("/create/uploads/", {"name": "x.jpg", "type": "", **fields})

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == code
    assert why in answer.json()["error"]["message"]
    assert not UploadSession.objects.exists()


def test_a_video_at_its_limit_is_taken(mine):
    answer = mine.post("/create/uploads/", {"name": "x.mov", "size": limits.MAX_VIDEO_BYTES, "type": "video/mp4"})

    assert answer.status_code == 201
    assert len(answer.json()["parts"]) == 38


@pytest.mark.promise("U1")
@pytest.mark.both_storages
def test_completing_an_unusable_file_deletes_the_upload_and_its_parts(mine, small_parts):
    answer = upload(mine, b"no photo at all " * 1000, "notes.jpg")

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "unsupported"
    assert "read this file as a photo or video" in answer.json()["error"]["message"]
    assert not UploadSession.objects.exists()
    assert not Media.objects.exists()
    assert not stored_files()


@pytest.mark.promise("D15")
def test_a_full_disk_is_reported_for_a_part_which_is_not_kept(mine, data, monkeypatch):
    session = begin(mine, data)

    def full(self, name, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(storages["incoming"]), "_save", full)
    answer = send_part(mine, session["parts"][0], data)

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "storage"
    assert not stored_files()


@pytest.mark.promise("D15")
def test_a_full_disk_at_completion_keeps_the_parts_and_stores_no_original(mine, data, monkeypatch):
    session = begin(mine, data)
    for part in session["parts"]:
        send_part(mine, part, data)
    originals: Any = type(storages["originals"])
    save = originals._save

    def half(self, name, content):
        if "originals" not in str(self.location):
            return save(self, name, content)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(storages["originals"]), "_save", half)
    answer = mine.post(f"/create/uploads/{session['id']}/complete/")
    assert answer.status_code == 503
    assert not Media.objects.exists()
    assert not keys_in("originals")

    monkeypatch.setattr(type(storages["originals"]), "_save", save)
    assert mine.post(f"/create/uploads/{session['id']}/complete/").status_code == 201


@pytest.mark.promise("D16")
@pytest.mark.both_storages
def test_a_database_that_fails_at_the_end_leaves_no_original(mine, data, monkeypatch):
    session = begin(mine, data)
    for part in session["parts"]:
        send_part(mine, part, data)

    def fail(**fields):
        raise RuntimeError("the connection is gone")

    monkeypatch.setattr("posts.actions.uploads.add_medium", fail)
    with pytest.raises(RuntimeError):
        mine.post(f"/create/uploads/{session['id']}/complete/")

    assert not keys_in("originals")
    assert len(keys_in("incoming")) == len(session["parts"])


def test_a_file_that_failed_is_tried_again(mine, unshared, author, tasks_run):
    medium = unshared(author, state="failed", error="Something went wrong.", attempts=3)
    item = mine.get("/create/media/").json()["items"][0]
    assert (item["state"], item["error"], item["preview"]) == ("failed", "Something went wrong.", "")

    with tasks_run():
        answer = mine.post(f"/create/media/{medium.pk}/retry/")

    assert (answer.status_code, answer.json()["state"], answer.json()["error"]) == (200, "pending", "")
    medium.refresh_from_db()
    assert medium.state == "ready"


@pytest.mark.promise("A10")
def test_uploads_and_files_of_others_and_unknown_ones_are_not_found(mine, signed_in, stranger, data, unshared, author):
    session = begin(mine, data)
    medium = unshared(author)
    other = signed_in(stranger)
    for upload_id, media_id in ((session["id"], medium.pk), (1 << 60, 1 << 60), (10**30, 10**30)):
        answers = [
            other.get(f"/create/uploads/{upload_id}/"),
            other.post(f"/create/uploads/{upload_id}/parts/1/", {"file": "x"}),
            other.post(f"/create/uploads/{upload_id}/complete/"),
            other.post(f"/create/uploads/{upload_id}/delete/"),
            other.post(f"/create/media/{media_id}/delete/"),
            other.post(f"/create/media/{media_id}/retry/"),
        ]
        assert {answer.status_code for answer in answers} == {404}
    assert other.get("/create/media/").json() == {"items": [], "uploads": []}
    assert (UploadSession.objects.count(), Media.objects.count()) == (2, 1)


@pytest.mark.both_storages
def test_a_real_video_comes_in_parts(mine, tasks_run, monkeypatch):
    for module in ("media.incoming", "posts.views.uploads"):
        monkeypatch.setattr(f"{module}.PART_BYTES", 256 * 1024)

    answer = upload(mine, BEE.read_bytes(), "IMG_1.MOV")

    assert answer.status_code == 201
    assert (answer.json()["kind"], answer.json()["state"]) == ("video", "pending")
    assert answer.json()["duration_ms"] > 0


# --- At once -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_storages
def test_simultaneous_completions_give_one_medium(signed_in, author, data):
    browsers = [signed_in(author) for _ in range(6)]
    session = begin(browsers[0], data)
    for part in session["parts"]:
        send_part(browsers[0], part, data)

    url = f"/create/uploads/{session['id']}/complete/"
    answers = run_concurrently(*(partial(one.post, url) for one in browsers))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Media.objects.count() == 1
    assert len(keys_in("originals")) == 1
    assert not keys_in("incoming")


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_storages
def test_parts_can_be_sent_simultaneously_and_repeatedly(signed_in, author, data):
    browsers = [signed_in(author) for _ in range(6)]
    session = begin(browsers[0], data)

    for part in session["parts"]:
        codes = [
            answer.status_code
            for answer in run_concurrently(*(partial(send_part, one, part, data) for one in browsers))
        ]
        assert codes == [204] * 6

    medium = Media.objects.get(pk=browsers[0].post(f"/create/uploads/{session['id']}/complete/").json()["id"])
    with storages["originals"].open(medium.original) as original:
        assert original.read() == data


@pytest.mark.django_db(transaction=True)
def test_simultaneous_uploads_cannot_exceed_the_quota(signed_in, author, unshared, monkeypatch, photo):
    monkeypatch.setattr("posts.actions.media.MAX_UNSHARED", 3)
    unshared(author)
    unshared(author)
    browsers = [signed_in(author) for _ in range(8)]

    answers = run_concurrently(
        *(partial(one.post, "/create/uploads/", {"name": f"{n}", "size": 5}) for n, one in enumerate(browsers))
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 7
