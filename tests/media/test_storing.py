"""Storage of files: random keys, private originals, and no half-written files on a full disk."""

import errno
import io
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile

from media.errors import MediaError, TransientMediaError
from media.incoming.local import LocalParts
from media.probe import probe_photo
from media.storage import (
    PUBLIC,
    delete_originals,
    delete_renditions,
    new_key,
    open_original,
    store_original,
    store_rendition,
)
from tests.media.pictures import BAD, HOSTILE_NAMES
from tests.stores import content, is_local, keys_in, stored_files

pytestmark = pytest.mark.both_storages


def test_keys_are_random_and_accepted_by_the_view():
    keys = {new_key(".webp") for _ in range(1000)}

    assert len(keys) == 1000
    assert all(PUBLIC.fullmatch(key) for key in keys)


def test_a_key_has_a_known_extension_or_none():
    with pytest.raises(ValueError, match="unknown extension"):
        new_key(".php")


@pytest.mark.promise("U8")
@pytest.mark.parametrize("one", HOSTILE_NAMES, ids=lambda one: one["case"])
def test_a_hostile_name_never_reaches_a_key(one):
    data = (BAD / "name-test.jpg").read_bytes()
    upload: Any = SimpleUploadedFile("plain.jpg", data)
    # Django cleans the names that it parses; bypass this.
    upload._name = one["filename"]

    key = store_original(upload, probe_photo(upload).extension)

    assert re.fullmatch(r"[0-9a-f/]{34}\.jpg", key)
    assert stored_files() == {f"originals/{key}"}
    with open_original(key) as original:
        assert original.read() == data


@pytest.mark.promise("P2")
def test_an_original_is_readable_by_the_server_only():
    key = store_original(io.BytesIO(b"photo"), ".jpg")

    if is_local():
        assert Path(storages["originals"].path(key)).stat().st_mode & 0o777 == 0o600
    else:
        with pytest.raises(ValueError, match="not accessible via a URL"):
            storages["originals"].url(key)


def test_an_upload_on_disk_is_stored_from_its_start():
    upload: Any = TemporaryUploadedFile("photo.jpg", "image/jpeg", 5, None)
    upload.write(b"photo")
    upload.seek(3)

    key = store_original(upload, ".jpg")

    assert content("originals", key) == b"photo"
    upload.close()


def test_deleting_missing_files_is_no_error():
    original, rendition = store_original(io.BytesIO(b"x"), ".png"), store_rendition(b"x", ".jpg")
    for _ in range(2):
        delete_originals([original, ""])
        delete_renditions([rendition, ""])

    assert not stored_files()


def test_opening_a_missing_original_is_a_permanent_error():
    with pytest.raises(MediaError, match="is missing") as caught:
        open_original(new_key(".jpg"))

    assert not isinstance(caught.value, TransientMediaError)


class FullDisk(FileSystemStorage):
    """A storage whose disk is full after half the data."""

    def _save(self, name, content):
        path = super()._save(name, ContentFile(b"half"))  # type: ignore[misc]  # not in the stubs
        raise OSError(errno.ENOSPC, "No space left on device", path)


@pytest.mark.promise("D15")
def test_a_full_disk_gives_a_sentence_and_leaves_no_file(settings, tmp_path):
    full = {
        "BACKEND": "tests.media.test_storing.FullDisk",
        "OPTIONS": {"location": tmp_path / "full", "base_url": "/media/"},
    }
    settings.STORAGES = settings.STORAGES | {"default": full, "originals": full}

    with pytest.raises(TransientMediaError, match="couldn’t be stored"):
        store_rendition(b"picture", ".jpg")
    with pytest.raises(TransientMediaError, match="couldn’t be stored"):
        store_original(io.BytesIO(b"photo"), ".jpg")
    assert not keys_in("default")


@pytest.mark.promise("D16")
def test_a_failed_deletion_does_not_prevent_the_others(monkeypatch):
    first, second = store_rendition(b"1", ".jpg"), store_rendition(b"2", ".jpg")
    delete = type(storages["default"]).delete

    def failing(self, name):
        if name == first:
            raise PermissionError(name)
        delete(self, name)

    monkeypatch.setattr(type(storages["default"]), "delete", failing)

    with pytest.raises(TransientMediaError):
        delete_renditions([first, second])
    assert stored_files() == {f"default/{first}"}


def test_parts_can_be_discarded_while_they_arrive(tmp_path):
    parts = LocalParts(FileSystemStorage(tmp_path))

    def send():
        for number in range(1, 6):
            parts.store_part("prefix", number, io.BytesIO(b"x" * 1000))

    def discard():
        for _ in range(3):
            parts.discard("prefix")

    with ThreadPoolExecutor(2) as pool:
        for _ in range(100):
            both = [pool.submit(send), pool.submit(discard)]
            assert [one.exception() for one in both] == [None, None]

    parts.discard("prefix")
    assert not any(tmp_path.iterdir())
