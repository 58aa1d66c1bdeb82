"""Sweeping abandoned uploads and unshared files."""

import pytest
from django.utils import timezone

from common import files, limits
from posts import tasks
from posts.actions.new_slides import Slide as SlideOf
from posts.actions.sharing import share_post
from posts.models import Media, UploadSession
from tests.posts.conftest import begin, make_old, send_part, upload
from tests.stores import keys_in, put, stored_files


@pytest.fixture
def asked(monkeypatch):
    """The sweeper's tasks run immediately."""
    calls = []

    def publish(task, **kwargs):
        calls.append(task.name)
        task(**kwargs)
        return True

    monkeypatch.setattr(tasks, "publish", publish)
    return calls


@pytest.mark.both_storages
def test_abandoned_uploads_are_deleted_after_a_day_with_their_parts(mine, data, asked):
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
def test_unshared_files_are_deleted_after_a_week(unshared, author, asked, tasks_run):
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
def test_sessions_of_shared_files_are_deleted(mine, author, data, asked):
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
