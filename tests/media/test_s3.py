"""Media in buckets: where browsers find and send them, what is kept from whom, and how little of it is in memory."""

import io
import json
import os
import re
import subprocess
import sys
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import RequestFactory

from instagram.settings import s3_storages
from media.errors import MediaError
from media.storage import (
    CONTENT_TYPES,
    new_folder,
    new_key,
    open_original,
    signed_rendition_url,
    store_original,
    store_rendition,
    store_rendition_file,
    stored_files,
)
from media.views import serve_rendition
from tests.servers import PROJECT
from tests.stores import KEY, REGION, SECRET, content, keys_in, moto_server, storage

MEGABYTE = 1024 * 1024


@pytest.fixture
def storage_kind():
    return "s3"


def head(alias, key):
    return storage(alias).client.head_object(Bucket=storage(alias).bucket_name, Key=key)


@pytest.mark.promise("U7")
@pytest.mark.parametrize(("extension", "content_type"), sorted(CONTENT_TYPES.items()))
def test_a_rendition_has_its_own_type(extension, content_type):
    found = head("default", store_rendition(b"picture", extension))

    assert found["ContentType"] == content_type
    assert "ContentEncoding" not in found


@pytest.mark.promise("P2")
def test_an_original_has_no_address_and_nobody_keeps_a_copy_of_it():
    key = store_original(io.BytesIO(b"photo"), ".heic")
    found = head("originals", key)

    assert found["ContentType"] == "image/heic"
    assert "CacheControl" not in found
    for alias in ("default", "originals", "incoming"):
        with pytest.raises(ValueError, match="not accessible"):
            storages[alias].url(key)


def test_an_original_comes_as_a_file_of_the_system_and_is_never_in_memory_whole():
    """In a process of its own: the store, which keeps everything in memory, is in this one."""
    size = 100 * MEGABYTE
    key = store_original(io.BytesIO(b"x" * size), ".mp4")
    program = f"""
import io, os, tracemalloc, django
django.setup()
from media.child_process import with_descriptor
from media.storage import open_original
tracemalloc.start()
with open_original({key!r}) as original, io.BytesIO() as unused:
    assert with_descriptor(original, unused) is original, "it needs no second copy for the child"
    print(os.fstat(original.fileno()).st_size, original.tell(), tracemalloc.get_traced_memory()[1])
"""
    bucket = storage("default").bucket_name
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
    storage("default").client.meta.events.register("before-send.s3", lambda request, **_: sent.append(request.method))

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
        ({"upload_url": "https://up.example.org/b"}, "https://pics.s3.amazonaws.com/", "https://up.example.org/b"),
    ],
)
def test_browsers_read_and_send_where_the_settings_say(options, read, send, settings):
    settings.STORAGES = settings.STORAGES | s3_storages("pics", "private", access_key=KEY, secret_key=SECRET, **options)

    assert signed_rendition_url("3f/a0/9c.webp", seconds=9).startswith(f"{read}3f/a0/9c.webp?")
    target = storage("incoming").direct_target("prefix", 1, 100)
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


def test_pages_may_reach_the_buckets_and_no_other_of_the_store():
    policy = policy_with(
        AWS_STORAGE_BUCKET_NAME="pics", AWS_S3_ENDPOINT_URL="https://s3.example.org", AWS_S3_REGION_NAME="eu-west-1"
    )

    # With a slash at the end all below it, without just this.
    assert policy["img-src"] == ["'self'", "data:", "blob:", "https://s3.example.org/pics/"]
    assert policy["media-src"] == ["'self'", "blob:", "https://s3.example.org/pics/"]
    assert policy["connect-src"] == ["'self'", "https://s3.example.org/pics-originals"]
    assert policy["form-action"] == ["'self'"]
    assert policy["script-src"] == ["'self'"]


def test_behind_a_server_that_has_the_files_pages_reach_only_the_bucket_of_uploads():
    policy = policy_with(
        AWS_STORAGE_BUCKET_NAME="pics",
        AWS_ORIGINALS_BUCKET_NAME="raw",
        AWS_S3_REGION_NAME="eu-west-1",
        MEDIA_ACCEL_PREFIX="/stored/",
    )

    assert policy["img-src"] == ["'self'", "data:", "blob:"]
    assert policy["media-src"] == ["'self'", "blob:"]
    assert policy["connect-src"][1:] == ["https://raw.s3.eu-west-1.amazonaws.com"]


def test_without_buckets_pages_reach_the_site_alone():
    assert policy_with()["connect-src"] == ["'self'"]


def served(key):
    return serve_rendition(RequestFactory().get(f"/media/1/{key}"), key, is_public=True)


@pytest.mark.promise("A3", "A4")
def test_a_rendition_is_fetched_by_an_address_that_is_signed_for_less_than_a_minute():
    key = store_rendition(b"picture", ".webp")

    answer = served(key)

    kept = int(re.search(r"max-age=(\d+)", answer["Cache-Control"])[1])
    signed = {name: value for name, [value] in parse_qs(urlsplit(answer.url).query).items()}
    assert answer.status_code == 302
    assert kept + int(signed["X-Amz-Expires"]) < 60
    assert signed["response-cache-control"].startswith("private")
    with urllib.request.urlopen(answer.url, timeout=10) as found:
        assert found.read() == b"picture"


@pytest.mark.promise("A5")
def test_a_signature_is_for_one_file_and_one_time():
    """The store refuses what does not fit its signature; ours is over the key, the time and how long it holds."""
    first, second = (signed_rendition_url(new_key(".webp"), seconds=seconds) for seconds in (40, 41))
    query = [parse_qs(urlsplit(url).query) for url in (first, second)]

    assert query[0]["X-Amz-Signature"] != query[1]["X-Amz-Signature"]
    assert query[0]["X-Amz-SignedHeaders"] == ["host"]
    assert query[0]["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]


def test_what_lies_beside_a_playlist_is_found_so_the_playlist_comes_from_here():
    [key] = new_folder(["all.m3u8"])
    storages["default"].save(key, ContentFile(b"#EXTM3U"))

    answer = served(key)

    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == b"#EXTM3U"


@pytest.mark.promise("A3")
def test_what_is_signed_for_one_key_opens_no_other_and_reads_nothing():
    """The fields of an upload are no key to the bucket: who has them reads nothing with them."""
    target = storage("incoming").direct_target("prefix", 1, 3)
    key = store_original(io.BytesIO(b"secret"), ".jpg")
    query = "&".join(f"{name}={value}" for name, value in target.fields.items() if name.startswith("x-amz"))

    with pytest.raises(urllib.request.HTTPError, match="403"):
        urllib.request.urlopen(f"{target.url}/{key}?{query}", timeout=10)
