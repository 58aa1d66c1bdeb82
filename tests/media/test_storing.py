"""Names and files: ours are random, private ones stay private, and a full disk leaves nothing half-made."""

import errno
import io
import re

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile

from media.errors import MediaError, TransientMediaError
from media.probe import probe_photo
from media.storage import (
    delete_originals,
    delete_renditions,
    new_key,
    open_original,
    rendition_url,
    store_original,
    store_rendition,
)
from media.views import KEY
from tests.media.pictures import BAD, HOSTILE_NAMES


def files_in(folder) -> list:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_keys_are_random_and_are_what_the_view_serves():
    keys = {new_key(".webp") for _ in range(1000)}

    assert len(keys) == 1000
    assert all(KEY.fullmatch(key) for key in keys)


def test_a_key_has_an_extension_of_ours_or_none():
    with pytest.raises(ValueError, match="no such kind of file"):
        new_key(".php")


@pytest.mark.parametrize("one", HOSTILE_NAMES, ids=lambda one: one["case"])
def test_U8_a_hostile_name_never_reaches_a_key(folders, one):
    content = (BAD / "name-test.jpg").read_bytes()
    upload = SimpleUploadedFile("plain.jpg", content)
    # Django cleans the name it parses; even one that it did not clean must not matter.
    upload._name = one["filename"]

    key = store_original(upload, probe_photo(upload).extension)

    assert re.fullmatch(r"[0-9a-f/]{34}\.jpg", key)
    assert files_in(folders) == [folders / "private" / key]
    with open_original(key) as original:
        assert original.read() == content


def test_P2_an_original_is_for_the_server_alone(folders):
    key = store_original(io.BytesIO(b"photo"), ".jpg")

    assert (folders / "private" / key).stat().st_mode & 0o777 == 0o600


def test_an_upload_on_disk_is_stored_whole_from_its_start(folders):
    upload = TemporaryUploadedFile("photo.jpg", "image/jpeg", 5, None)
    upload.write(b"photo")
    upload.seek(3)

    key = store_original(upload, ".jpg")

    assert (folders / "private" / key).read_bytes() == b"photo"
    upload.close()


def test_a_rendition_has_an_address():
    key = store_rendition(b"picture", ".webp")

    assert rendition_url(key) == f"/media/{key}"


def test_deleting_what_is_gone_is_fine(folders):
    original, rendition = store_original(io.BytesIO(b"x"), ".png"), store_rendition(b"x", ".jpg")
    for _ in range(2):
        delete_originals([original, ""])
        delete_renditions([rendition, ""])

    assert files_in(folders) == []


def test_an_original_that_is_gone_is_said_to_be():
    with pytest.raises(MediaError, match="gone") as caught:
        open_original(new_key(".jpg"))

    assert not isinstance(caught.value, TransientMediaError)


class FullDisk(FileSystemStorage):
    """Writes half and then finds the disk full."""

    def _save(self, name, content):
        path = super()._save(name, ContentFile(b"half"))
        raise OSError(errno.ENOSPC, "No space left on device", path)


def test_D15_a_full_disk_is_said_in_words_and_leaves_nothing(settings, folders):
    full = {
        "BACKEND": "tests.media.test_storing.FullDisk",
        "OPTIONS": {"location": folders / "full", "base_url": "/media/"},
    }
    settings.STORAGES = settings.STORAGES | {"default": full, "originals": full}

    with pytest.raises(TransientMediaError, match="could not be stored"):
        store_rendition(b"picture", ".jpg")
    with pytest.raises(TransientMediaError, match="could not be stored"):
        store_original(io.BytesIO(b"photo"), ".jpg")
    assert files_in(folders) == []


def test_D16_trouble_of_the_storage_stops_no_other_deletion(monkeypatch, folders):
    first, second = store_rendition(b"1", ".jpg"), store_rendition(b"2", ".jpg")
    delete = FileSystemStorage.delete

    def failing(self, name):
        if name == first:
            raise PermissionError(name)
        delete(self, name)

    monkeypatch.setattr(FileSystemStorage, "delete", failing)

    with pytest.raises(TransientMediaError):
        delete_renditions([first, second])
    assert files_in(folders) == [folders / "public" / first]
