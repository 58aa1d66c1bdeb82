"""Media in buckets: where browsers find and send them, what is kept from whom, and how little of it is in memory."""

import io
import json
import os
import subprocess
import sys
import urllib.request

import pytest
from django.core.files.storage import storages

from instagram.settings import s3_storages
from media.errors import MediaError
from media.storage import (
    CONTENT_TYPES,
    new_key,
    open_original,
    rendition_url,
    store_original,
    store_rendition,
    store_rendition_file,
    stored_files,
)
from tests.servers import PROJECT
from tests.stores import KEY, REGION, SECRET, content, keys_in, moto_server

MEGABYTE = 1024 * 1024


@pytest.fixture
def storage_kind():
    return "s3"


def head(alias, key):
    return storages[alias].client.head_object(Bucket=storages[alias].bucket_name, Key=key)


@pytest.mark.parametrize(("extension", "content_type"), sorted(CONTENT_TYPES.items()))
def test_U7_a_rendition_has_its_own_type_and_may_be_kept_for_ever(extension, content_type):
    found = head("default", store_rendition(b"picture", extension))

    assert found["ContentType"] == content_type
    assert found["CacheControl"] == "public, max-age=31536000, immutable"
    assert "ContentEncoding" not in found


def test_P2_an_original_has_no_address_and_nobody_keeps_a_copy_of_it():
    key = store_original(io.BytesIO(b"photo"), ".heic")
    found = head("originals", key)

    assert found["ContentType"] == "image/heic"
    assert "CacheControl" not in found
    for alias in ("originals", "incoming"):
        with pytest.raises(ValueError, match="not accessible"):
            storages[alias].url(key)


def test_an_original_comes_as_a_file_of_the_system_and_is_never_in_memory_whole():
    """In a process of its own: the store, which keeps everything in memory, is in this one."""
    size = 100 * MEGABYTE
    key = store_original(io.BytesIO(b"x" * size), ".mp4")
    program = f"""
import io, os, tracemalloc, django
django.setup()
from media.sandbox import with_descriptor
from media.storage import open_original
tracemalloc.start()
with open_original({key!r}) as original, io.BytesIO() as unused:
    assert with_descriptor(original, unused) is original, "it needs no second copy for the child"
    print(os.fstat(original.fileno()).st_size, original.tell(), tracemalloc.get_traced_memory()[1])
"""
    bucket = storages["default"].bucket_name
    done = run_program(
        program,
        AWS_STORAGE_BUCKET_NAME=bucket,
        AWS_S3_ENDPOINT_URL=moto_server(),
        AWS_ACCESS_KEY_ID=KEY,
        AWS_SECRET_ACCESS_KEY=SECRET,
        AWS_S3_REGION_NAME=REGION,
    )
    found, position, peak = map(int, done.split())

    assert (found, position) == (size, 0)
    assert peak < size / 2


def test_a_large_rendition_is_sent_in_one_request_and_read_from_the_disk(tmp_path, monkeypatch):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"x" * 20 * MEGABYTE)
    sent = []
    storages["default"].client.meta.events.register("before-send.s3", lambda request, **_: sent.append(request.method))

    with path.open("rb") as file:
        key = store_rendition_file(file, ".mp4")

    assert sent == ["PUT"], "nobody asks first whether there is one of that name"
    assert storages["default"].size(key) == 20 * MEGABYTE
    assert content("default", key) == path.read_bytes()


def test_an_original_that_is_gone_is_said_to_be():
    with pytest.raises(MediaError, match="The original is gone"):
        open_original(new_key(".jpg"))


def test_the_three_storages_keep_apart_what_is_on_its_way():
    original = store_original(io.BytesIO(b"1"), ".jpg")
    storages["incoming"].save("aaaa/1", io.BytesIO(b"2"))

    assert keys_in("originals") == {original}
    assert [file.key for file in stored_files("originals")] == [original]
    assert [file.key for file in stored_files("incoming")] == ["aaaa/1"]


# --- Addresses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "read", "send"),
    [
        ({}, "https://pics.s3.amazonaws.com/", "https://private.s3.amazonaws.com"),
        (
            {"region_name": "eu-west-1"},
            "https://pics.s3.eu-west-1.amazonaws.com/",
            "https://private.s3.eu-west-1.amazonaws.com",
        ),
        (
            {"endpoint_url": "https://s3.example.org/"},
            "https://s3.example.org/pics/",
            "https://s3.example.org/private",
        ),
        (
            {"base_url": "https://cdn.example.org/a", "upload_url": "https://up.example.org/b"},
            "https://cdn.example.org/a/",
            "https://up.example.org/b",
        ),
    ],
)
def test_browsers_read_and_send_where_the_settings_say(options, read, send, settings):
    settings.STORAGES = settings.STORAGES | s3_storages("pics", "private", access_key=KEY, secret_key=SECRET, **options)

    assert rendition_url("3f/a0/9c.webp") == f"{read}3f/a0/9c.webp"
    assert storages["default"].url("3f/a0/9c.webp") == f"{read}3f/a0/9c.webp"
    target = storages["incoming"].direct_target("prefix", 1, 100)
    assert target.url == send
    assert target.fields["key"] == "incoming/prefix/1"


def run_program(program, **variables):
    """Run `program` with Django's settings made from these variables; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "instagram.settings"} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def policy_with(**variables):
    """The Content-Security-Policy of a site with these variables, by directive."""
    program = (
        "import django, json; django.setup()\n"
        "from django.conf import settings\n"
        "print(json.dumps(settings.CONTENT_SECURITY_POLICY['DIRECTIVES']))"
    )
    return json.loads(run_program(program, **variables))


def test_H2_pages_may_reach_the_buckets_and_no_other_of_the_store():
    policy = policy_with(
        AWS_STORAGE_BUCKET_NAME="pics", AWS_S3_ENDPOINT_URL="https://s3.example.org", AWS_S3_REGION_NAME="eu-west-1"
    )

    # With a slash at the end all below it, without just this.
    assert policy["img-src"] == ["'self'", "data:", "blob:", "https://s3.example.org/pics/"]
    assert policy["media-src"] == ["'self'", "blob:", "https://s3.example.org/pics/"]
    assert policy["connect-src"] == ["'self'", "https://s3.example.org/pics-originals"]
    assert policy["form-action"] == ["'self'"]
    assert policy["script-src"] == ["'self'"]


def test_H2_behind_a_cdn_pages_reach_that_and_only_uploads_the_store():
    policy = policy_with(
        AWS_STORAGE_BUCKET_NAME="pics",
        AWS_ORIGINALS_BUCKET_NAME="raw",
        AWS_S3_REGION_NAME="eu-west-1",
        AWS_S3_CUSTOM_DOMAIN="cdn.example.org",
    )

    assert policy["img-src"][-1] == policy["media-src"][-1] == "https://cdn.example.org/"
    assert policy["connect-src"][1:] == ["https://raw.s3.eu-west-1.amazonaws.com"]


def test_without_buckets_pages_reach_the_site_alone():
    assert policy_with()["connect-src"] == ["'self'"]


def test_A3_what_is_signed_for_one_key_opens_no_other_and_reads_nothing():
    """The fields of an upload are no key to the bucket: who has them reads nothing with them."""
    target = storages["incoming"].direct_target("prefix", 1, 3)
    key = store_original(io.BytesIO(b"secret"), ".jpg")
    query = "&".join(f"{name}={value}" for name, value in target.fields.items() if name.startswith("x-amz"))

    with pytest.raises(urllib.request.HTTPError, match="403"):
        urllib.request.urlopen(f"{target.url}/{key}?{query}", timeout=10)
