"""Files are pending, referred to by a row, or deleted, whenever a process is killed."""

from contextlib import contextmanager
from datetime import timedelta
from threading import Thread

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection, transaction
from django.utils import timezone

from accounts.actions.avatars import change_avatar
from accounts.models import User
from accounts.tasks import process_avatar
from common.files import (
    PENDING_SECONDS,
    FilesExpiredError,
    PendingFile,
    delete_pending,
    schedule_delete,
    storing_files,
    sweep,
)
from common.tasks import sweep_files
from posts.actions.media import Upload
from posts.actions.sharing import create_post
from posts.models import Media
from posts.tasks import process_media, rerender

pytestmark = pytest.mark.django_db
KEYS = ["aa/bb/one.jpg", "aa/bb/two.jpg"]


class Killed(BaseException):
    """Simulates kill -9 within one process: no clean-up runs after it."""


def store(*keys):
    for key in keys:
        storages["default"].save(key, ContentFile(b"x"))


def there(*keys):
    return [key for key in keys if storages["default"].exists(key)]


def make_old(seconds=PENDING_SECONDS + 1):
    PendingFile.objects.update(since=timezone.now() - timedelta(seconds=seconds))


@pytest.fixture
def killed_at(monkeypatch):
    """Context manager: `with killed_at("posts.actions.media.add_medium"):` ends at that call without clean-up."""

    def die(*arguments, **named):
        raise Killed

    @contextmanager
    def block(name):
        with monkeypatch.context() as patched:
            patched.setattr("common.files.delete_pending", lambda *arguments: None)
            patched.setattr(name, die)
            try:
                yield
            except Killed:
                return
            raise AssertionError(f"{name} was not called")

    return block


def test_committed_files_are_kept():
    with storing_files("default", KEYS) as files, transaction.atomic():
        store(*KEYS)
        files.commit()

    make_old()
    assert sweep() == 0
    assert there(*KEYS) == KEYS
    assert not PendingFile.objects.exists()


def test_files_that_are_not_committed_are_deleted_at_once():
    with storing_files("default", KEYS):
        store(*KEYS)

    assert there(*KEYS) == []
    assert not PendingFile.objects.exists()


@pytest.mark.promise("D16")
def test_committed_files_are_deleted_if_the_transaction_fails():
    def fail():
        with storing_files("default", KEYS) as files, transaction.atomic():
            store(*KEYS)
            files.commit()
            raise Killed

    with pytest.raises(Killed):
        fail()

    assert there(*KEYS) == []
    assert not PendingFile.objects.exists()


@pytest.mark.promise("D5")
def test_the_sweep_deletes_files_of_a_killed_process_after_an_hour(killed_at):
    with killed_at("common.files.PendingFiles.commit"), storing_files("default", KEYS) as files:
        store(*KEYS)
        files.commit()

    make_old(PENDING_SECONDS - 60)
    assert sweep_files() == 0, "it may still be committed"
    assert there(*KEYS) == KEYS
    make_old()
    assert sweep_files() == 2
    assert there(*KEYS) == []
    assert not PendingFile.objects.exists()


def test_a_commit_after_the_sweep_is_rolled_back():
    def come_late():
        with storing_files("default", KEYS) as files:
            store(*KEYS)
            make_old()
            sweep()
            with transaction.atomic():
                User.objects.create(username="late", email="late@example.org")
                files.commit()

    with pytest.raises(FilesExpiredError):
        come_late()

    assert not User.objects.filter(username="late").exists()


@pytest.mark.django_db(transaction=True)
def test_the_sweep_skips_a_file_that_is_being_committed():
    swept = []

    def sweep_elsewhere():
        swept.append(sweep())
        connection.close()

    with storing_files("default", KEYS) as files:
        store(*KEYS)
        make_old()
        with transaction.atomic():
            files.commit()
            sweeper = Thread(target=sweep_elsewhere)
            sweeper.start()
            sweeper.join()

    assert swept == [0]
    assert there(*KEYS) == KEYS


def test_scheduled_files_are_deleted_now_or_by_the_sweep():
    store(*KEYS)
    schedule_delete("default", KEYS)

    delete_pending("default", KEYS[:1])
    assert there(*KEYS) == KEYS[1:]
    make_old()
    sweep()
    assert there(*KEYS) == []


@pytest.mark.promise("D16")
def test_a_failed_deletion_is_tried_again_later(monkeypatch):
    store(*KEYS)
    schedule_delete("default", KEYS)
    make_old()

    def refuse(key):
        raise OSError("the storage is away")

    with monkeypatch.context() as patched:
        patched.setattr(storages["default"], "delete", refuse)
        assert sweep() == 0
    assert sweep() == 0, "not immediately"
    make_old()
    assert sweep() == 2


# --- Uploads, renderings and avatars -----------------------------------------------------------------------------


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.promise("D5")
def test_an_upload_killed_before_its_row_leaves_nothing(author, photo, tmp_path, killed_at):
    with killed_at("posts.actions.media.add_medium"):
        create_post(author=author, uploads=[Upload(photo()), Upload(photo())])
    assert len(files_below(tmp_path / "originals")) == 1

    make_old()
    sweep()

    assert not files_below(tmp_path)


@pytest.mark.promise("D5")
def test_a_rendering_killed_before_its_row_leaves_nothing(author, photo, tmp_path, killed_at):
    create_post(author=author, uploads=[Upload(photo())])
    medium = Media.objects.get()
    with killed_at("common.files.PendingFiles.commit"):
        process_media(medium.pk)
    left = files_below(tmp_path / "media")
    assert left

    process_media(medium.pk)
    make_old()
    assert sweep() == len(left)

    medium.refresh_from_db()
    assert medium.state == "ready"
    assert sorted(medium.keys) == sorted(
        path.relative_to(tmp_path / "media").as_posix() for path in files_below(tmp_path / "media")
    )


@pytest.mark.promise("D5")
def test_a_rerendering_killed_after_its_row_leaves_nothing(author, photo, tmp_path, killed_at, tasks_run):
    with tasks_run():
        create_post(author=author, uploads=[Upload(photo())])
    before = len(files_below(tmp_path / "media"))

    with killed_at("posts.tasks.delete_pending"):
        rerender(Media.objects.get().pk)
    assert len(files_below(tmp_path / "media")) == 2 * before

    make_old()
    sweep()
    assert sorted(Media.objects.get().keys) == sorted(
        path.relative_to(tmp_path / "media").as_posix() for path in files_below(tmp_path / "media")
    )


@pytest.mark.promise("D5")
def test_an_avatar_killed_before_or_after_its_row_leaves_nothing(author, photo, tmp_path, killed_at):
    with killed_at("common.files.PendingFiles.commit"):
        change_avatar(author, photo())
    for _ in range(2):
        change_avatar(author, photo())
    with killed_at("common.files.PendingFiles.commit"):
        process_avatar(author.pk)
    process_avatar(author.pk)

    make_old()
    sweep()

    author.refresh_from_db()
    assert [path.relative_to(tmp_path / "originals").as_posix() for path in files_below(tmp_path / "originals")] == [
        author.avatar_original
    ]
    assert len(files_below(tmp_path / "media")) == 4
