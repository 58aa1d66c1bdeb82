"""Deleting uploads and unshared files, also while they are completed or rendered."""

import pytest
from django.core.files.storage import storages
from django.utils import timezone

from common import files
from media.incoming import assemble
from media.photo.render import render_photo
from posts import tasks
from posts.actions.media import delete_medium
from posts.actions.new_slides import Slide as SlideOf
from posts.actions.sharing import share_post
from posts.models import Media, UploadSession
from tests.posts.conftest import begin, send_part, upload
from tests.stores import keys_in, stored_files


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


def test_deleting_a_completed_upload_deletes_its_medium_unless_shared(mine, author, data):
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
def test_files_are_swept_later_if_the_storage_fails_to_delete(mine, unshared, author, monkeypatch):
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
