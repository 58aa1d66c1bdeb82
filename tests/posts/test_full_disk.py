"""D15: the disk of the photos is full, really. Nothing half-made is shown or kept, and with room it all goes on."""

import errno
import io
import tempfile
from datetime import timedelta

import pytest
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.utils import timezone

from common.files import PendingFile
from media.errors import TransientMediaError
from posts import tasks
from posts.actions.media import Upload
from posts.actions.sharing import create_post
from posts.models import Media, Post
from tests import stores
from tests.conftest import FILES
from tests.disks import PAGE, small_disk
from tests.posts.conftest import begin, send_part, upload
from tests.posts.test_creating import JSON, send
from tests.stores import keys_in, stored_files

LARGE = FILES / "originals" / "street-lamps-exif-orientation-6.jpg"


@pytest.fixture
def disk(settings, tmp_path, monkeypatch):
    """All storages are on it. Room for the renditions of a few large photos."""
    with small_disk(tmp_path / "disk", 4 * 1024 * 1024, monkeypatch) as found:
        settings.STORAGES = stores.local_storages(found.folder, settings)
        yield found


def sweep(tasks_run):
    Media.objects.update(queued_at=timezone.now() - timedelta(minutes=1))
    with tasks_run():
        tasks.sweep()


def assert_nothing_is_half_made():
    """Check that the files of all rows exist, that no other files do, and that published posts are complete."""
    media = list(Media.objects.all())
    assert keys_in("default") == {key for medium in media for key in medium.keys}
    assert keys_in("originals") == {medium.original for medium in media}
    assert not PendingFile.objects.exists()
    for post in Post.objects.filter(published_at__isnull=False):
        assert all(medium.state == "ready" and medium.keys for medium in post.media.all())


@pytest.mark.promise("D15")
@pytest.mark.parametrize("room", [0, PAGE])
def test_sharing_on_a_full_disk_keeps_the_form(room, disk, mine, photo, tasks_run):
    disk.fill(but=room)

    answer = send(mine, [photo("1.jpg"), photo("2.jpg")], caption="typed")
    assert answer.status_code == 503
    assert "couldn’t be stored right now" in answer.text
    assert "typed" in answer.text
    assert send(mine, [photo()], headers=JSON).status_code == 503
    assert mine.get("/author/").status_code == mine.get("/create/").status_code == 200
    assert not Post.objects.exists()
    assert_nothing_is_half_made()

    disk.make_room()
    with tasks_run():
        assert send(mine, [photo("1.jpg"), photo("2.jpg")]).status_code == 302
    assert Post.objects.get().state == "published"
    assert_nothing_is_half_made()


@pytest.mark.promise("D15")
@pytest.mark.parametrize("room", [0, 200_000])
def test_a_post_waits_for_disk_space_before_it_is_published(room, disk, author, mine, tasks_run):
    with LARGE.open("rb") as file:
        post = create_post(author=author, uploads=[Upload(file, "lamps.jpg")])
    disk.fill(but=room)

    for _ in range(2):
        tasks.process_media(post.slides[0].pk)
        post.refresh_from_db()
        assert post.published_at is None
        assert not keys_in("default"), "of the widths that fitted none is left"
    assert 'data-state="processing"' in mine.get(post.get_absolute_url()).text

    disk.make_room()
    sweep(tasks_run)
    post.refresh_from_db()
    assert post.state == "published"
    assert len(Media.objects.get().keys) >= 6
    assert_nothing_is_half_made()


@pytest.mark.promise("D15")
def test_an_upload_continues_after_a_full_disk(disk, mine, photo_bytes, small_parts):
    session = begin(mine, photo_bytes)
    first, *rest = session["parts"]
    assert send_part(mine, first, photo_bytes).status_code == 204
    disk.fill()
    answer = send_part(mine, rest[0], photo_bytes)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "storage"

    disk.make_room()
    resumed = mine.get(f"/create/uploads/{session['id']}/").json()
    assert [part["number"] for part in resumed["parts"] if part["have"]] == [1]
    for part in rest:
        send_part(mine, part, photo_bytes)
    disk.fill()
    answer = mine.post(f"/create/uploads/{session['id']}/complete/")
    assert answer.status_code == 503
    assert not Media.objects.exists()
    assert not keys_in("originals")

    disk.make_room()
    assert mine.post(f"/create/uploads/{session['id']}/complete/").status_code == 201
    assert_nothing_is_half_made()
    assert not keys_in("incoming")


@pytest.mark.promise("D15")
def test_rendering_again_on_a_full_disk_keeps_the_old_files(disk, author, mine, tasks_run):
    with LARGE.open("rb") as file, tasks_run():
        post = create_post(author=author, uploads=[Upload(file, "lamps.jpg")])
    before = keys_in("default")
    disk.fill(but=50_000)

    with pytest.raises(TransientMediaError):
        tasks.rerender(post.slides[0].pk)

    assert keys_in("default") == before == set(post.slides[0].keys)
    assert mine.get(post.slides[0].src).status_code == 200


class FullFolder(TemporaryFileUploadHandler):
    """Make the disk of incoming parts full."""

    def receive_data_chunk(self, raw_data, start):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.promise("D15")
@pytest.mark.parametrize("kind", ["page", "script"])
def test_a_full_temporary_folder_is_reported(kind, mine, settings, photo):
    settings.FILE_UPLOAD_HANDLERS = ["tests.posts.test_full_disk.FullFolder"]
    mine.raise_request_exception = False

    answer = send(mine, [photo()], headers=JSON if kind == "script" else {})

    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    if kind == "script":
        assert answer.json()["error"]["code"] == "storage"
    else:
        assert "Uploads are paused for the moment" in answer.text
    assert not stored_files()


def test_other_os_errors_are_not_reported_as_a_full_disk(mine, monkeypatch, photo):
    def fail(file):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("posts.actions.requests.probe_upload", fail)
    mine.raise_request_exception = False

    answer = send(mine, [photo()])

    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text


class FullFile(io.BytesIO):
    def write(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.promise("D15")
@pytest.mark.parametrize("storage_kind", ["s3"])
def test_a_worker_whose_own_disk_is_full_waits_for_room(author, photo, monkeypatch):
    create_post(author=author, uploads=[Upload(photo(), "cup.jpg")])
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", FullFile)
        tasks.process_media(Media.objects.get().pk)
    assert (Media.objects.get().state, Media.objects.get().attempts) == ("processing", 0)

    tasks.process_media(Media.objects.get().pk)
    assert Media.objects.get().state == "ready"


@pytest.mark.promise("D15")
def test_uploads_work_while_the_disk_has_room(disk, mine, photo_bytes):
    assert upload(mine, photo_bytes).status_code == 201
    assert_nothing_is_half_made()
