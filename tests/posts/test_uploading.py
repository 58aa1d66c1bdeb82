"""A file comes in parts and becomes a medium: in any order, twice, broken off, refused, by others, too many."""

import re
from functools import partial
from typing import Any

import pytest
from django.core.files.storage import storages
from django.utils import timezone

from common import files, limits
from common.ratelimit import Limit
from media import incoming
from media.incoming import assemble
from media.photo.render import render_photo
from posts import tasks
from posts.actions.media import delete_medium
from posts.actions.sharing import Slide as SlideOf
from posts.actions.sharing import share_post
from posts.models import Media, Post, UploadSession
from tests.concurrency import run_concurrently
from tests.media.clips import BEE
from tests.posts.conftest import begin, make_old, send_part, upload
from tests.stores import keys_in, put, stored_files


@pytest.fixture
def mine(as_, author):
    return as_(author)


@pytest.fixture
def data(photo_bytes, small_parts):
    assert len(photo_bytes) > 2 * small_parts
    return photo_bytes


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


def test_a_session_says_where_each_part_goes_and_how_large_it_is(mine, data, small_parts):
    session = begin(mine, data, "../../<b>cup</b>\n.jpg")

    assert (session["name"], session["size"]) == ("../../<b>cup</b> .jpg", len(data))
    assert session["part_bytes"] == small_parts
    assert [part["number"] for part in session["parts"]] == list(range(1, len(session["parts"]) + 1))
    assert sum(part["size"] for part in session["parts"]) == len(data)
    assert [part["offset"] for part in session["parts"]] == list(range(0, len(data), small_parts))
    assert not any(part["have"] for part in session["parts"])
    assert all(part["fields"]["csrfmiddlewaretoken"] for part in session["parts"])


@pytest.mark.both_storages
def test_parts_come_in_any_order_and_twice_and_a_broken_upload_goes_on(mine, author, as_, data):
    session = begin(mine, data)
    first, *_, last = session["parts"]
    for part in (last, first, first):
        assert send_part(mine, part, data).status_code == 204

    # Another mine of the same person, later.
    again = as_(author)
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


def test_a_part_that_comes_after_the_end_is_harmless(mine, data):
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
    assert "must have 1,024" in answer.json()["error"]["message"]
    assert not any(part["have"] for part in mine.get(f"/create/uploads/{session['id']}/").json()["parts"])


def test_a_part_without_a_file_or_beyond_the_last_is_refused(mine, data):
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
        ({"size": limits.MAX_VIDEO_BYTES + 1}, "too-large", "videos 300 MB"),
        ({"size": limits.MAX_PHOTO_BYTES + 1, "type": "image/heic"}, "too-large", "photos can have at most 30 MB"),
        ({"size": "-1"}, "size", "how many bytes"),
        ({"size": "٣"}, "size", "how many bytes"),
        ({"size": "9" * 100}, "size", "how many bytes"),
        ({}, "size", "how many bytes"),
    ],
)
def test_an_upload_of_no_size_or_one_too_many_is_refused_before_anything_is_sent(fields, code, why, mine):
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
def test_a_file_that_is_refused_in_the_end_takes_its_upload_and_parts_with_it(mine, small_parts):
    answer = upload(mine, b"no photo at all " * 1000, "notes.jpg")

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "unsupported"
    assert "read this file as a photo or video" in answer.json()["error"]["message"]
    assert not UploadSession.objects.exists()
    assert not Media.objects.exists()
    assert not stored_files()


@pytest.mark.promise("D15")
def test_a_full_disk_is_said_at_a_part_and_nothing_of_it_is_left(mine, data, monkeypatch):
    session = begin(mine, data)

    def full(self, name, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(storages["incoming"]), "_save", full)
    answer = send_part(mine, session["parts"][0], data)

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "storage"
    assert not stored_files()


@pytest.mark.promise("D15")
def test_a_full_disk_at_the_end_leaves_the_parts_to_go_on_with_and_no_original(mine, data, monkeypatch):
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


def test_an_upload_that_is_deleted_while_it_is_completed_is_missing(mine, data, monkeypatch):
    session = begin(mine, data)
    for part in session["parts"]:
        send_part(mine, part, data)

    def delete_first(*arguments):
        assert mine.post(f"/create/uploads/{session['id']}/delete/").status_code == 204
        return assemble(*arguments)

    monkeypatch.setattr("posts.actions.uploads.assemble", delete_first)

    assert mine.post(f"/create/uploads/{session['id']}/complete/").status_code == 404
    assert not stored_files()


@pytest.mark.both_storages
def test_an_upload_and_a_file_can_be_deleted_and_nothing_is_left(mine, data, tasks_run):
    session = begin(mine, data)
    send_part(mine, session["parts"][0], data)
    assert mine.post(f"/create/uploads/{session['id']}/delete/").status_code == 204
    assert mine.get(f"/create/uploads/{session['id']}/").status_code == 404
    assert not stored_files()

    with tasks_run():
        medium = upload(mine, data).json()
    assert keys_in("default")
    assert mine.post(f"/create/media/{medium['id']}/delete/").status_code == 204
    assert mine.post(f"/create/media/{medium['id']}/delete/").status_code == 404
    assert not stored_files()
    assert not UploadSession.objects.exists()


def test_deleting_a_completed_upload_deletes_what_it_became_but_not_what_is_shared(mine, author, data):
    first, second = upload(mine, data).json(), upload(mine, data).json()
    share_post(author=author, slides=[SlideOf(int(first["id"]))])

    for session in UploadSession.objects.all():
        assert mine.post(f"/create/uploads/{session.pk}/delete/").status_code == 204

    assert [str(medium.pk) for medium in Media.objects.all()] == [first["id"]]
    assert second["id"] not in first["id"]


@pytest.mark.both_storages
def test_a_file_deleted_while_it_is_rendered_leaves_nothing(unshared, author, monkeypatch):
    medium = unshared(author, state="pending")
    render = render_photo

    def render_slowly(original, **options):
        delete_medium(medium)
        return render(original, **options)

    monkeypatch.setattr(tasks, "render_photo", render_slowly)
    tasks.process_media(medium.pk)

    assert not Media.objects.exists()
    assert not stored_files()


@pytest.mark.promise("D16")
def test_what_the_storage_cannot_delete_just_now_is_swept_later(mine, unshared, author, monkeypatch):
    medium = unshared(author)

    def fail(self, name):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as failing:
        failing.setattr(type(storages["originals"]), "delete", fail)
        assert mine.post(f"/create/media/{medium.pk}/delete/").status_code == 204
    assert not Media.objects.exists()
    assert stored_files()

    files.sweep(before=timezone.now())
    assert not stored_files()


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
def test_uploads_and_files_of_others_and_unknown_ones_are_not_found(mine, as_, stranger, data, unshared, author):
    session = begin(mine, data)
    medium = unshared(author)
    other = as_(stranger)
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


@pytest.mark.parametrize("size", [2, 12])
def test_the_list_of_unshared_files_costs_the_same_queries_whatever_its_size(
    size, mine, unshared, author, data, django_assert_num_queries
):
    for _ in range(size):
        unshared(author)
        begin(mine, data)
    # The session, the person and the two of the list.
    with django_assert_num_queries(4):
        assert len(mine.get("/create/media/").json()["items"]) == size


def test_sixty_unshared_files_and_open_uploads_are_enough(mine, unshared, author, data, monkeypatch):
    monkeypatch.setattr("posts.actions.media.MAX_UNSHARED", 3)
    medium, _ = unshared(author), unshared(author, state="failed")
    begin(mine, data)

    answer = mine.post("/create/uploads/", {"name": "x", "size": 5})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "quota"
    assert "at most 3" in answer.json()["error"]["message"]

    # What is shared does not count.
    share_post(author=author, slides=[SlideOf(medium.pk)])
    begin(mine, data)


def test_unshared_files_have_a_limit_of_bytes_together(mine, data, monkeypatch):
    monkeypatch.setattr("posts.actions.media.MAX_UNSHARED_BYTES", int(len(data) * 2.5))
    upload(mine, data)
    begin(mine, data)

    answer = mine.post("/create/uploads/", {"name": "x", "size": len(data)})

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "quota"


@pytest.mark.promise("S11")
def test_uploads_have_a_rate(mine, settings, monkeypatch):
    settings.RATE_LIMITS = True
    monkeypatch.setattr("posts.actions.media.MAX_UNSHARED", 10_000)
    codes = [mine.post("/create/uploads/", {"name": "x", "size": 5}).status_code for _ in range(200)]
    assert set(codes) == {201}

    answer = mine.post("/create/uploads/", {"name": "x", "size": 5})

    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "too-many"
    assert int(answer["Retry-After"]) > 0


@pytest.mark.promise("S11")
def test_the_limit_of_all_writes_is_told_to_a_script_as_json(mine, settings):
    settings.RATE_LIMITS = True
    for _ in range(300):
        mine.post("/create/uploads/1/complete/")

    answer = mine.post("/create/uploads/1/complete/", headers={"Accept": "application/json"})

    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "too-many"
    assert int(answer["Retry-After"]) > 0


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
def test_completing_at_once_gives_one_medium(as_, author, data):
    browsers = [as_(author) for _ in range(6)]
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
def test_parts_at_once_and_the_same_ones_too_make_the_file(as_, author, data):
    browsers = [as_(author) for _ in range(6)]
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
def test_the_last_place_is_given_once(as_, author, unshared, monkeypatch, photo):
    monkeypatch.setattr("posts.actions.media.MAX_UNSHARED", 3)
    unshared(author)
    unshared(author)
    browsers = [as_(author) for _ in range(8)]

    answers = run_concurrently(
        *(partial(one.post, "/create/uploads/", {"name": f"{n}", "size": 5}) for n, one in enumerate(browsers))
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 7


# --- What nobody came back for -------------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch):
    """Of the sweeper: what it asks for is done at once."""
    calls = []

    def publish(task, **kwargs):
        calls.append(task.name)
        task(**kwargs)
        return True

    monkeypatch.setattr(tasks, "publish", publish)
    return calls


@pytest.mark.both_storages
def test_an_upload_that_was_broken_off_goes_after_a_day_with_its_parts(mine, data, asked):
    session = begin(mine, data)
    send_part(mine, session["parts"][0], data)
    tasks.sweep()
    assert not asked, "it is young"

    make_old(UploadSession.objects.get(), days=limits.UPLOAD_KEPT_HOURS / 24)
    tasks.sweep()

    assert asked == ["posts.purge_upload"]
    assert not UploadSession.objects.exists()
    assert not stored_files()


@pytest.mark.both_storages
def test_an_unshared_file_goes_after_a_week_and_a_shared_one_stays(unshared, author, asked, tasks_run):
    with tasks_run():
        left, shared = unshared(author, state="pending"), unshared(author, state="pending")
    share_post(author=author, slides=[SlideOf(shared.pk)])
    make_old(left, days=limits.DRAFT_KEPT_DAYS - 0.1)
    make_old(shared, days=limits.DRAFT_KEPT_DAYS * 2)
    tasks.sweep()
    assert not asked, "it is young"

    make_old(left, days=0.2)
    tasks.sweep()

    assert asked == ["posts.purge_medium"]
    assert [medium.pk for medium in Media.objects.all()] == [shared.pk]
    shared.refresh_from_db()
    assert keys_in("default") == set(shared.keys)
    assert len(keys_in("originals")) == 1


@pytest.mark.both_storages
def test_what_a_completed_upload_left_behind_goes_after_its_file_is_shared(mine, author, data, asked):
    """Killed between the commit and the deletion of the parts."""
    medium = upload(mine, data).json()
    session = UploadSession.objects.get()
    put("incoming", f"{session.prefix}/1", data)
    make_old(session, days=2)
    tasks.sweep()
    assert UploadSession.objects.exists(), "it knows the bytes of an unshared file"

    share_post(author=author, slides=[SlideOf(int(medium["id"]))])
    tasks.sweep()

    assert asked == ["posts.purge_upload"]
    assert not UploadSession.objects.exists()
    assert not keys_in("incoming")
    assert Media.objects.count() == 1


def test_a_sweep_that_dies_between_row_and_files_is_finished_by_the_next(unshared, author, asked, monkeypatch):
    medium = unshared(author)
    make_old(medium, days=limits.DRAFT_KEPT_DAYS + 1)

    def die(*args):
        raise SystemExit

    with monkeypatch.context() as killing:
        killing.setattr("posts.actions.media.delete_pending", die)
        with pytest.raises(SystemExit):
            tasks.sweep()
    assert not Media.objects.exists()
    assert stored_files()

    files.sweep(before=timezone.now())
    assert not stored_files()


def test_the_sweeper_renders_unshared_files_that_a_lost_message_left(unshared, author, asked):
    medium = unshared(author, state="pending", queued_at="2026-01-01T00:00Z")

    tasks.sweep()

    assert asked == ["posts.process_media"]
    medium.refresh_from_db()
    assert medium.state == "ready"


def test_files_that_come_with_a_form_count_against_the_daily_bytes_too(
    client, author, photo, photo_bytes, settings, monkeypatch
):
    settings.RATE_LIMITS = True
    two = Limit("uploaded-mebibytes", 2 * -(-len(photo_bytes) // 2**20), 86_400)
    monkeypatch.setattr("posts.actions.media.UPLOADED_MEBIBYTES", two)
    client.force_login(author)

    answers = [client.post("/create/", {"files": [photo()], "caption": f"{n}"}) for n in range(3)]

    assert [answer.status_code for answer in answers] == [302, 302, 422]
    assert "You can upload at most 20 GB a day. Try again in 24 hours." in answers[-1].text
    assert Post.objects.count() == 2
    begun = client.post("/create/uploads/", {"name": "a.jpg", "size": "1000"}, headers={"Accept": "application/json"})
    assert begun.status_code == 422
    assert begun.json()["error"]["code"] == "quota"
