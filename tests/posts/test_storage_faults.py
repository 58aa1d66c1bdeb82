"""D16: an S3 server behind a line that refuses, resets, cuts and hangs. After the sweep rows and files agree."""

import io
import time
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.utils import timezone

import media.s3
from media import incoming
from media.errors import TransientMediaError
from media.storage import open_original, store_original
from posts import tasks
from posts.actions import Upload, create_post, delete_post
from posts.models import Media, Post
from posts.models.media import MAX_ATTEMPTS
from tests import stores
from tests.posts.test_creating import send
from tests.proxies import FAULTS, FaultyProxy
from tests.stores import keys_in, stored_files, unfinished_uploads


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
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.01)


def sweep(tasks_run, rounds=3):
    """What the sweeper and the doctor do in the minutes and the night after."""
    media.s3.resume()
    for _ in range(rounds):
        long_ago = timezone.now() - timedelta(minutes=1)
        Media.objects.update(queued_at=long_ago)
        Post.objects.filter(deleted_at__isnull=False).update(deleted_at=long_ago)
        with tasks_run():
            tasks.sweep()
    for _ in range(2):
        said = io.StringIO()
        with suppress(CommandError):
            call_command("media_doctor", "--fix", "--grace-hours", "-1", stdout=said)
    return said.getvalue()


def assert_rows_and_files_agree():
    rows = list(Media.objects.all())
    assert keys_in("default") == {key for medium in rows for key in medium.keys}
    assert keys_in("originals") == {medium.original for medium in rows}
    assert not keys_in("incoming")
    assert not list(unfinished_uploads())
    assert not Media.objects.filter(post__deleted_at__isnull=False).exists()


@pytest.mark.parametrize("fault", FAULTS)
def test_D16_a_photo_that_cannot_be_stored_is_said_to_be_and_shared_once_the_line_is_whole(
    fault, line, impatient, as_, author, photo, tasks_run
):
    line.break_all(fault)
    answer = send(as_(author), [photo()], caption="kept")

    assert answer.status_code == 503
    assert "could not be stored" in answer.text
    assert "kept" in answer.text
    assert not Post.objects.exists()
    assert as_(author).get("/author/").status_code == 200

    line.heal()
    media.s3.resume()
    with tasks_run():
        assert send(as_(author), [photo()]).status_code == 302
    assert Post.objects.get().state == "published"
    sweep(tasks_run, rounds=0)
    assert_rows_and_files_agree()


@pytest.mark.parametrize("fault", FAULTS)
def test_D16_a_photo_waits_as_long_as_the_store_is_away_and_is_published_then(
    fault, line, impatient, author, photo, tasks_run
):
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


def test_D16_who_waits_for_the_store_for_a_day_is_told(line, impatient, author, photo):
    post = create_post(author=author, uploads=[Upload(photo(), "cup.jpg")])
    Media.objects.update(id=Media.objects.get().pk - (25 * 3600 * 1000 << 23))
    line.break_all("reset")
    for _ in range(MAX_ATTEMPTS):
        tasks.process_media(Media.objects.get().pk)

    assert Media.objects.get().state == "failed"
    assert "could not be stored" in Media.objects.get().error
    line.heal()
    delete_post(post)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_D16_after_a_storm_and_the_sweep_no_row_and_no_file_is_left_over(
    seed, line, impatient, author, photo, tasks_run
):
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
    said = sweep(tasks_run)

    assert shared
    assert "missing" not in said
    assert set(Post.objects.values_list("pk", flat=True)) == {post.pk for post in shared}
    assert {post.state for post in Post.objects.all()} == {"published"}
    assert_rows_and_files_agree()


@pytest.mark.parametrize("fault", ["reset", "cut request", "cut answer", "lose answer"])
def test_D16_an_upload_that_breaks_off_at_any_step_is_done_at_the_next_try_and_leaves_nothing(
    fault, line, impatient, tasks_run, db
):
    data, sizes = bytes(range(250)) * 1000, [100_000, 100_000, 50_000]
    for number, size in enumerate(sizes, start=1):
        incoming.store_part("d" * 32, number, io.BytesIO(data[:size]))
    line.break_some(0.4, fault)
    done = []
    for _ in range(12):
        media.s3.resume()
        line.break_open_ones()
        with suppress(TransientMediaError):
            with incoming.open_parts("d" * 32, sizes) as whole:
                assert whole.read() == data[:100_000] + data[:100_000] + data[:50_000]
            done.append(incoming.assemble("d" * 32, sizes, ".mp4"))
    line.heal()
    media.s3.resume()

    key = incoming.assemble("d" * 32, sizes, ".mp4")
    assert set(done) <= keys_in("originals")
    with open_original(key) as original:
        assert len(original.read()) == sum(sizes)
    # No row names any of them: all are swept.
    sweep(tasks_run, rounds=0)
    assert_rows_and_files_agree()


def test_D16_no_request_waits_longer_than_ten_seconds_and_the_next_not_at_all(line, as_, author, photo):
    browser = as_(author)
    send(browser, [photo()])
    line.break_all("hang")

    began = time.monotonic()
    assert send(browser, [photo("1.jpg"), photo("2.jpg")]).status_code == 503
    first = time.monotonic() - began
    began = time.monotonic()
    assert send(browser, [photo()]).status_code == 503
    assert browser.get("/author/").status_code == 200
    second = time.monotonic() - began

    assert first < 10
    assert second < 1


@pytest.mark.parametrize("after_bytes", [0, 1, 50, 150, 400, 5_000])
def test_D16_an_original_whose_line_is_cut_is_no_original(after_bytes, line, impatient):
    """boto3's own transfers wait for ever when they are cut within the head of an answer."""
    key = store_original(io.BytesIO(b"x" * 500_000), ".jpg")
    line.break_all("cut answer")
    line._limits = [after_bytes]

    began = time.monotonic()
    with pytest.raises(TransientMediaError):
        open_original(key)
    assert time.monotonic() - began < 5


def test_a_failed_write_asks_little_more_of_a_store_that_hangs(line, impatient):
    line.break_all("hang")
    with pytest.raises(TransientMediaError):
        store_original(io.BytesIO(b"x"), ".jpg")

    assert line.connections <= media.s3.ATTEMPTS
    assert not stored_files()
    assert storages["originals"].client
