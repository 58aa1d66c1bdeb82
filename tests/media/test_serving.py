"""Serving of renditions from a local folder. Permissions are tested in tests/posts/test_files.py."""

import io

import pytest
from django.http import Http404
from django.test import RequestFactory

from media.storage import new_key, store_original, store_rendition, store_rendition_file
from media.views import PRIVATE_CACHING, PUBLIC_CACHING, serve_rendition
from tests.media.pictures import BAD
from tests.stores import lose, put


def get(path, method="get", *, is_public=True, **headers):
    request = getattr(RequestFactory(), method)(f"/media/1/{path}", headers=headers)
    return serve_rendition(request, path, is_public=is_public)


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.fixture
def key():
    return store_rendition(b"picture", ".webp")


def test_a_rendition_is_served_with_its_type_and_headers(key):
    response = get(key)

    assert response.status_code == 200
    assert body(response) == b"picture"
    assert response["Content-Type"] == "image/webp"
    assert response["Content-Length"] == "7"
    assert response["Cache-Control"] == PUBLIC_CACHING
    assert "Vary" not in response
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'"
    assert response["Content-Disposition"] == "inline"


@pytest.mark.promise("A14")
def test_a_private_rendition_is_not_kept_by_shared_caches(key):
    response = get(key, is_public=False)

    assert response["Cache-Control"] == PRIVATE_CACHING == "private, max-age=50"


def test_the_web_server_in_front_is_told_which_file_to_send(key, settings):
    settings.MEDIA_ACCEL_PREFIX = "/stored/"

    response = get(key)

    assert response["X-Accel-Redirect"] == f"/stored/{key}"
    assert response["Content-Type"] == "image/webp"
    assert response["Cache-Control"] == PUBLIC_CACHING
    assert body(response) == b""


def test_a_cached_rendition_is_not_sent_again(key, db):
    etag = get(key)["ETag"]

    again = get(key, **{"If-None-Match": etag})

    assert again.status_code == 304
    assert body(again) == b""
    assert get(key, **{"If-None-Match": '"other"'}).status_code == 200


@pytest.fixture
def film():
    return store_rendition_file(io.BytesIO(bytes(range(100))), ".mp4")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-", 0, 99), ("bytes=0-1", 0, 1), ("bytes=10-19", 10, 19), ("bytes=90-500", 90, 99), ("bytes=-5", 95, 99)],
)
def test_a_byte_range_is_served(film, asked, first, last):
    response = get(film, Range=asked)

    assert response.status_code == 206
    assert response["Content-Type"] == "video/mp4"
    assert response["Content-Range"] == f"bytes {first}-{last}/100"
    assert response["Content-Length"] == str(last - first + 1)
    assert body(response) == bytes(range(first, last + 1))
    assert response["Cache-Control"] == PUBLIC_CACHING


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=5-4", "bytes=-0"])
def test_a_range_outside_the_file_is_not_satisfiable(film, asked):
    response = get(film, Range=asked)

    assert response.status_code == 416
    assert response["Content-Range"] == "bytes */100"


@pytest.mark.parametrize("asked", ["bytes=-", "bytes=0-1,5-6", "lines=0-1", "bytes=a-b", "bytes=" + "9" * 40 + "-"])
def test_an_unsupported_range_is_answered_with_the_whole_file(film, asked):
    response = get(film, Range=asked)

    assert response.status_code == 200
    assert response["Accept-Ranges"] == "bytes"
    assert len(body(response)) == 100


def test_a_range_of_an_outdated_video_is_answered_with_the_whole_file(film):
    etag = get(film)["ETag"]

    assert get(film, **{"Range": "bytes=0-1", "If-Range": etag}).status_code == 206
    assert get(film, **{"Range": "bytes=0-1", "If-Range": '"older"'}).status_code == 200


def test_a_deleted_rendition_is_gone_even_for_browsers_that_cached_it(key):
    etag = get(key)["ETag"]
    lose("default", key)

    with pytest.raises(Http404):
        get(key, **{"If-None-Match": etag})


@pytest.mark.promise("U7")
@pytest.mark.parametrize(
    "path",
    [
        "",
        "ab",
        "ab/cd",
        "../originals/secret.jpg",
        "ab/../../originals/secret.jpg",
        "/etc/passwd",
        "ab/cd/../../../etc/passwd",
        "ab/cd/" + "0" * 28 + ".php",
        "ab/cd/" + "0" * 28 + ".jpg\n",
        "ab/cd/" + "0" * 28 + ".jpg\0.png",
        "AB/CD/" + "0" * 28 + ".jpg",
        "ab%2fcd/" + "0" * 28 + ".jpg",
        "secret.jpg",
    ],
)
def test_only_keys_of_renditions_are_looked_up(path):
    put("originals", "secret.jpg", b"secret")
    put("default", "secret.jpg", b"secret")

    with pytest.raises(Http404):
        get(path)


@pytest.mark.promise("P2")
def test_an_original_is_not_served():
    with (BAD / "name-test.jpg").open("rb") as file:
        key = store_original(file, ".jpg")

    with pytest.raises(Http404):
        get(key)


def test_a_folder_with_the_name_of_a_file_is_not_served(tmp_path):
    path = new_key(".jpg")
    (tmp_path / "media" / path).mkdir(parents=True)

    with pytest.raises(Http404):
        get(path)
