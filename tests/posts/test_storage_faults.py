"""D16: an S3 server behind a line that refuses, resets, cuts and hangs. After the sweep rows and files agree."""

import io
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

import media.s3
from common import files
from media.errors import TransientMediaError
from media.incoming import new_prefix
from media.storage import abort_unfinished_uploads, open_original, store_original
from posts import tasks
from posts.actions.editing import delete_post
from posts.actions.media import Upload
from posts.actions.sharing import create_post
from posts.models import Media, Post, UploadSession
from posts.models.media import MAX_ATTEMPTS
from tests import stores
from tests.posts.conftest import make_old, send_part
from tests.posts.test_creating import send
from tests.proxies import FAULTS, FaultyProxy
from tests.stores import keys_in, stored_files, unfinished_uploads

OFTEN = {"lose answer", "hang", "cut request"}
SOME_FAULTS = [pytest.param(fault, marks=[] if fault in OFTEN else [pytest.mark.deep]) for fault in FAULTS]
"""All faults; those other than in OFTEN only at the level `deep`."""


@pytest.fixture
def line(settings):
    """Between the site and the store."""
    media.s3.resume()
    proxy = FaultyProxy(stores.moto_server())
    found = stores.s3_storages(proxy.url)
    settings.STORAGES = settings.STORAGES | found
    stores.make_buckets(found)
    yield proxy
    proxy.close()
    stores.drop_buckets(found)
    media.s3.resume()


@pytest.fixture
def impatient(monkeypatch):
    """The site waits tenths of a second where it waits seconds."""
    monkeypatch.setattr(media.s3, "READ_SECONDS", media.s3.READ_SECONDS / 10)
    monkeypatch.setattr(media.s3, "CONNECT_SECONDS", media.s3.CONNECT_SECONDS / 10)
    monkeypatch.setattr(media.s3, "PAUSE_SECONDS", media.s3.PAUSE_SECONDS / 10)
    monkeypatch.setattr(stores, "FORM_SECONDS", 0.5)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.01)


def sweep(tasks_run):
    """Run the sweepers of the following hours and days."""
    media.s3.resume()
    for _ in range(3):
        long_ago = timezone.now() - timedelta(minutes=1)
        Media.objects.update(queued_at=long_ago)
        Post.objects.filter(deleted_at__isnull=False).update(deleted_at=long_ago)
        for upload in UploadSession.objects.done_with():
            make_old(upload, days=2)
        with tasks_run():
            tasks.sweep()
        files.sweep(before=timezone.now() + timedelta(hours=1))
    # The lifecycle rule of the bucket does the same (make_buckets).
    abort_unfinished_uploads("originals", begun_before=timezone.now())


def assert_rows_and_files_agree():
    rows = list(Media.objects.all())
    assert keys_in("default") == {key for medium in rows for key in medium.keys}
    assert keys_in("originals") == {medium.original for medium in rows}
    assert not keys_in("incoming")
    assert not list(unfinished_uploads())
    assert not files.PendingFile.objects.exists()
    # Raises CommandError if anything is left to repair.
    call_command("media_doctor", "--grace-hours", "-1", stdout=io.StringIO())


@pytest.mark.promise("D16")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_storage_failure_is_reported_and_sharing_works_after_it(
    fault, line, impatient, signed_in, author, photo, tasks_run
):
    line.break_all(fault)
    answer = send(signed_in(author), [photo()], caption="kept")

    assert answer.status_code == 503
    assert "couldn’t be stored" in answer.text
    assert "kept" in answer.text
    assert not Post.objects.exists()
    assert signed_in(author).get("/author/").status_code == 200

    line.heal()
    media.s3.resume()
    with tasks_run():
        assert send(signed_in(author), [photo()]).status_code == 302
    assert Post.objects.get().state == "published"
    sweep(tasks_run)
    assert_rows_and_files_agree()


@pytest.mark.promise("D16")
@pytest.mark.parametrize("fault", SOME_FAULTS)
def test_a_photo_is_published_once_the_storage_is_back(fault, line, impatient, author, photo, tasks_run):
    post = create_post(author=author, uploads=[Upload(photo(), "cup.jpg")])
    line.break_all(fault)
    for _ in range(MAX_ATTEMPTS + 1):
        media.s3.resume()
        tasks.process_media(post.slides[0].pk)
    assert Media.objects.get().state != "failed"

    line.heal()
    sweep(tasks_run)

    post.refresh_from_db()
    assert post.state == "published"
    assert_rows_and_files_agree()


@pytest.mark.promise("D16")
def test_a_photo_fails_after_a_day_without_storage(line, impatient, author, photo):
    create_post(author=author, uploads=[Upload(photo(), "cup.jpg")])
    make_old(Media.objects.get(), days=1.1)
    line.break_all("reset")
    for _ in range(MAX_ATTEMPTS):
        tasks.process_media(Media.objects.get().pk)

    assert Media.objects.get().state == "failed"
    assert "couldn’t be stored" in Media.objects.get().error


@pytest.mark.promise("D16")
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.deep)])
def test_after_random_storage_faults_the_sweep_leaves_no_orphans(seed, line, impatient, author, photo, tasks_run):
    line._random.seed(seed)
    line.break_some(0.25)
    shared = []
    for number in range(8):
        media.s3.resume()
        with suppress(TransientMediaError):
            shared.append(create_post(author=author, uploads=[Upload(photo(), "1.jpg")]))
        for medium in Media.objects.filter(state="pending"):
            tasks.process_media(medium.pk)
        if number % 3 == 2 and shared:
            delete_post(shared.pop(0))
            with suppress(TransientMediaError, tasks.purge_post.MaxRetriesExceededError):
                tasks.purge_post(Post.objects.filter(deleted_at__isnull=False).latest("pk").pk)
        line.break_open_ones()

    line.heal()
    sweep(tasks_run)

    assert shared
    assert set(Post.objects.values_list("pk", flat=True)) == {post.pk for post in shared}
    assert {post.state for post in Post.objects.all()} == {"published"}
    assert_rows_and_files_agree()


def go_on(browser, upload_id, data):
    """Continue an upload like the composer: list the parts, send the missing ones, complete. Return the medium's id."""
    session = browser.get(f"/create/uploads/{upload_id}/")
    assert session.status_code in {200, 503}
    if session.status_code == 503:
        return None
    for part in session.json()["parts"]:
        if not part["have"]:
            with suppress(OSError):
                send_part(browser, part, data)
    answer = browser.post(f"/create/uploads/{upload_id}/complete/")
    assert answer.status_code in {200, 201, 409, 503}
    return answer.json()["id"] if answer.status_code < 300 else None


@pytest.fixture
def parts(monkeypatch):
    for module in ("media.incoming", "posts.views.uploads"):
        monkeypatch.setattr(f"{module}.PART_BYTES", 2_000)


@pytest.mark.promise("D16")
@pytest.mark.parametrize("fault", [*SOME_FAULTS, "any"])
def test_uploads_over_a_bad_connection_complete_once(
    fault, line, impatient, signed_in, author, photo_bytes, parts, tasks_run
):
    browser, data = signed_in(author), photo_bytes
    uploads = [UploadSession.objects.create(owner_id=author.pk, size=len(data), prefix=new_prefix()) for _ in range(2)]
    line.break_some(0.2, *([] if fault == "any" else [fault]))
    for upload in uploads * 2:
        media.s3.resume()
        go_on(browser, upload.pk, data)
        line.break_open_ones()

    line.heal()
    media.s3.resume()
    ids = [go_on(browser, upload.pk, data) for upload in uploads]
    assert len(set(ids)) == Media.objects.count() == 2
    with tasks_run():
        answer = browser.post("/create/", {"media": ids}, headers={"Accept": "application/json"})
    assert answer.status_code == 201
    sweep(tasks_run)

    post = Post.objects.get()
    assert post.state == "published"
    assert [str(medium.pk) for medium in post.slides] == ids
    assert {stores.content("originals", medium.original) for medium in post.slides} == {data}
    assert_rows_and_files_agree()


@pytest.mark.promise("D16")
def test_after_one_timeout_requests_do_not_wait_for_the_storage(line, signed_in, author, photo):
    browser = signed_in(author)
    send(browser, [photo()])
    line.break_all("hang")
    asked_before = line.connections

    assert send(browser, [photo("1.jpg"), photo("2.jpg")]).status_code == 503
    asked = line.connections
    assert 0 < asked - asked_before <= media.s3.ATTEMPTS
    assert send(browser, [photo()]).status_code == 503
    assert browser.get("/author/").status_code == 200
    assert line.connections == asked


@pytest.mark.promise("D16")
@pytest.mark.parametrize("after_bytes", [0, 1, 50, 150, 400, 5_000])
def test_a_truncated_response_of_the_storage_is_a_transient_error(after_bytes, line, impatient):
    """boto3's own transfers wait for ever when they are cut within the head of an answer."""
    key = store_original(io.BytesIO(b"x" * 500_000), ".jpg")
    line.break_all("cut answer")
    line._limits = [after_bytes]

    with pytest.raises(TransientMediaError):
        open_original(key)


def test_a_failed_write_asks_little_more_of_a_store_that_hangs(line, impatient, monkeypatch):
    # On a busy machine the shortened pause could end before the cleanup of the failed write.
    monkeypatch.setattr(media.s3, "PAUSE_SECONDS", 60.0)
    line.break_all("hang")
    with pytest.raises(TransientMediaError):
        store_original(io.BytesIO(b"x"), ".jpg")

    assert line.connections <= media.s3.ATTEMPTS
    assert not stored_files()
    assert stores.storage("originals").client
