"""Media in buckets: URLs, permissions, caching and memory."""

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

from instagram.config.storage import s3_storages
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
def test_a_stored_rendition_has_its_content_type(extension, content_type):
    found = head("default", store_rendition(b"picture", extension))

    assert found["ContentType"] == content_type
    assert "ContentEncoding" not in found


@pytest.mark.promise("P2")
def test_an_original_has_no_url_and_is_not_cached():
    key = store_original(io.BytesIO(b"photo"), ".heic")
    found = head("originals", key)

    assert found["ContentType"] == "image/heic"
    assert "CacheControl" not in found
    for alias in ("default", "originals", "incoming"):
        with pytest.raises(ValueError, match="not accessible"):
            storages[alias].url(key)


def test_an_original_is_opened_as_a_temporary_file_and_not_in_memory():
    """Measured in its own process, because the test store keeps all files in the memory of this one."""
    size = 60 * MEGABYTE
    key = store_original(io.BytesIO(b"x" * size), ".mp4")
    program = f"""
import io, os, tracemalloc, django
django.setup()
from media.child_process import with_descriptor
from media.storage import open_original
tracemalloc.start()
with open_original({key!r}) as original, io.BytesIO() as unused:
    assert with_descriptor(original, unused) is original, "the child needs no second copy"
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
    assert peak < size / 2, peak


def test_a_large_rendition_is_sent_in_one_request(tmp_path, monkeypatch):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"x" * 20 * MEGABYTE)
    sent = []
    storage("default").client.meta.events.register("before-send.s3", lambda request, **_: sent.append(request.method))

    with path.open("rb") as file:
        key = store_rendition_file(file, ".mp4")

    assert sent == ["PUT"], "no request checks first whether the key exists"
    assert storages["default"].size(key) == 20 * MEGABYTE
    assert content("default", key) == path.read_bytes()


def test_opening_a_missing_original_is_an_error():
    with pytest.raises(MediaError, match="The original file is missing"):
        open_original(new_key(".jpg"))


def test_originals_and_incoming_parts_are_listed_separately():
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
def test_urls_for_reading_and_uploading_follow_the_settings(options, read, send, settings):
    settings.STORAGES = settings.STORAGES | s3_storages("pics", "private", access_key=KEY, secret_key=SECRET, **options)

    assert signed_rendition_url("3f/a0/9c.webp", seconds=9).startswith(f"{read}3f/a0/9c.webp?")
    target = storage("incoming").direct_target("prefix", 1, 100)
    assert target.url == send
    assert target.fields["key"] == "incoming/prefix/1"


def run_program(program, **variables):
    """Run `program` with these environment variables and return its output."""
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
    """Return the directives of the Content-Security-Policy of a site behind a proxy with this environment."""
    program = (
        "import django, json; django.setup()\n"
        "from django.conf import settings\n"
        "print(json.dumps(settings.CONTENT_SECURITY_POLICY['DIRECTIVES']))"
    )
    return json.loads(run_program(program, **{"TRUSTED_PROXY_COUNT": "1"} | variables))


def test_the_policy_allows_only_our_buckets_of_the_store():
    policy = policy_with(
        AWS_STORAGE_BUCKET_NAME="pics", AWS_S3_ENDPOINT_URL="https://s3.example.org", AWS_S3_REGION_NAME="eu-west-1"
    )

    # A source with a trailing slash matches all URLs below it, one without only itself.
    assert policy["img-src"] == ["'self'", "data:", "blob:", "https://s3.example.org/pics/"]
    assert policy["media-src"] == ["'self'", "blob:", "https://s3.example.org/pics/"]
    assert policy["connect-src"] == ["'self'", "https://s3.example.org/pics-originals"]
    assert policy["form-action"] == ["'self'"]
    assert policy["script-src"] == ["'self'"]


def test_behind_a_server_with_the_files_the_policy_allows_only_the_upload_bucket():
    policy = policy_with(
        AWS_STORAGE_BUCKET_NAME="pics",
        AWS_ORIGINALS_BUCKET_NAME="raw",
        AWS_S3_REGION_NAME="eu-west-1",
        MEDIA_ACCEL_PREFIX="/stored/",
    )

    assert policy["img-src"] == ["'self'", "data:", "blob:"]
    assert policy["media-src"] == ["'self'", "blob:"]
    assert policy["connect-src"][1:] == ["https://raw.s3.eu-west-1.amazonaws.com"]


def test_without_buckets_the_policy_allows_only_the_site():
    assert policy_with()["connect-src"] == ["'self'"]


def test_without_a_proxy_pages_may_open_sockets_at_their_port():
    policy = policy_with(TRUSTED_PROXY_COUNT="0", REALTIME_PORT="8123")

    assert policy["connect-src"] == ["'self'", "ws://*:8123", "wss://*:8123"]


def served(key):
    return serve_rendition(RequestFactory().get(f"/media/1/{key}"), key, is_public=True)


@pytest.mark.promise("A3", "A4")
def test_a_rendition_redirects_to_a_url_signed_for_less_than_a_minute():
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
def test_a_signature_covers_the_key_and_the_expiry():
    """The store rejects requests that do not match their signature, which covers key, time and expiry."""
    first, second = (signed_rendition_url(new_key(".webp"), seconds=seconds) for seconds in (40, 41))
    query = [parse_qs(urlsplit(url).query) for url in (first, second)]

    assert query[0]["X-Amz-Signature"] != query[1]["X-Amz-Signature"]
    assert query[0]["X-Amz-SignedHeaders"] == ["host"]
    assert query[0]["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]


def test_a_playlist_is_sent_by_the_site_so_that_relative_urls_work():
    [key] = new_folder(["all.m3u8"])
    storages["default"].save(key, ContentFile(b"#EXTM3U"))

    answer = served(key)

    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == b"#EXTM3U"


@pytest.mark.promise("A3")
def test_the_fields_of_an_upload_cannot_read_files():
    """The signed fields of an upload give no read access to the bucket."""
    target = storage("incoming").direct_target("prefix", 1, 3)
    key = store_original(io.BytesIO(b"secret"), ".jpg")
    query = "&".join(f"{name}={value}" for name, value in target.fields.items() if name.startswith("x-amz"))

    with pytest.raises(urllib.request.HTTPError, match="403"):
        urllib.request.urlopen(f"{target.url}/{key}?{query}", timeout=10)
