"""Request bodies are refused by size and session before they are read, and client errors do not fill the log."""

from __future__ import annotations

import logging
import logging.config
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from django.urls import resolve, reverse

from accounts.models import User
from api_access.actions.tokens import create_token
from common.api import API_PREFIX
from common.body_limits import UPLOADS, body_limit
from common.limits import MAX_FORM_BYTES, MAX_REQUEST_BYTES

pytestmark = pytest.mark.django_db

MB = 1024 * 1024
LARGE = ["/create/", "/create/uploads/12/parts/1/", "/create/media/12/captions/", "/accounts/edit/"]
LARGE_API = ["/api/posts", "/api/media"]


ACCEPT_FILES = {
    "posts:create",
    "posts:upload_part",
    "posts:captions_add",
    "accounts:edit",
    "api:list_unshared_media",  # GET and POST have one address, named after the first operation
    "api:create_post",
    "api:get_avatar",
}


def test_the_addresses_that_accept_files_are_those_of_the_views():
    assert {resolve(pattern.replace(r"\d+", "1")).view_name for pattern in UPLOADS} == ACCEPT_FILES
    assert all(reverse(name).startswith(API_PREFIX) for name in ("api:create_medium", "api:openapi-json"))


@pytest.fixture(autouse=True)
def _connection_stays():
    """Keep the connection open at the end of a request, because it holds the transaction of the test."""
    for which in (request_started, request_finished):
        which.disconnect(close_old_connections)
    yield
    for which in (request_started, request_finished):
        which.connect(close_old_connections)


class Body:
    """A request body of any size that counts the bytes read."""

    def __init__(self, size: int) -> None:
        self.left, self.read_bytes = size, 0

    def read(self, size: int = -1) -> bytes:
        given = self.left if size < 0 else min(size, self.left)
        self.left -= given
        self.read_bytes += given
        return b"x" * given

    readline = read


@pytest.fixture
def send(settings):
    """Send a POST to the WSGI application, with a CSRF cookie; return its status, headers and the bytes read."""
    settings.RATE_LIMITS = False
    application: Any = WSGIHandler()

    def post(path, size, *, cookies=None, **headers):
        body = Body(size)
        cookies = {settings.CSRF_COOKIE_NAME: "a" * 32} | (cookies or {})
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "8000",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost:8000",
            "CONTENT_TYPE": "multipart/form-data; boundary=b",
            "CONTENT_LENGTH": str(size),
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "wsgi.input": body,
            "wsgi.url_scheme": "http",
            "wsgi.errors": None,
        } | headers
        started = []
        answer = application(environ, lambda status, headers: started.append((status, dict(headers))))
        text = b"".join(answer)
        answer.close()
        status, answered = started[0]
        return int(status[:3]), answered, text, body.read_bytes

    return post


@pytest.fixture
def session(settings, author):
    client = Client()
    client.force_login(author)
    return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}


@pytest.mark.promise("O5")
@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/", "/p/abc/like/", "/nowhere/"])
def test_a_large_body_is_refused_unread_by_forms_without_files(send, path, session):
    for cookies in (None, session):
        status, _, text, read = send(path, 2 * MB, cookies=cookies)

        assert (status, read) == (413, 0)
        assert b"This is too large. The limit is 1 MB." in text


@pytest.mark.promise("O5")
@pytest.mark.parametrize("path", ["/api/search", "/api/users/1/follow", "/api/posts/1/comment", "/oauth/token/"])
def test_a_large_body_is_refused_unread_by_the_api(send, path):
    status, headers, _, read = send(path, 2 * MB, HTTP_ACCEPT="application/json")

    assert (status, read) == (413, 0)
    assert headers["Content-Type"] == ("application/problem+json" if path.startswith("/api/") else "application/json")


@pytest.mark.promise("O5")
@pytest.mark.parametrize("path", LARGE + LARGE_API)
def test_uploads_without_a_session_are_refused_unread(send, path, settings):
    for cookies in (None, {settings.SESSION_COOKIE_NAME: "made-up"}):
        status, headers, _, read = send(path, body_limit(path), cookies=cookies)

        assert read == 0
        assert status == (401 if path in LARGE_API else 302)
        if status == 302:
            assert headers["Location"] == f"/accounts/login/?next={path}"


@pytest.mark.promise("O5")
@pytest.mark.parametrize("path", LARGE)
def test_a_small_body_without_a_session_is_refused_unread(send, path):
    status, headers, _, read = send(path, 1000)

    assert (status, read) == (302, 0)
    assert headers["Location"].startswith("/accounts/login/")


@pytest.mark.promise("O5")
@pytest.mark.parametrize("path", LARGE + LARGE_API)
def test_a_body_over_the_limit_of_its_url_is_refused_unread_for_every_sender(send, path, session, author):
    assert send(path, body_limit(path) + 1, cookies=session)[::3] == (413, 0)
    if path in LARGE_API:
        _, secret = create_token(author, name="all", may_write=True, days=1)
        headers = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
        assert send(path, body_limit(path) + 1, **headers)[::3] == (413, 0)
        assert send(path, 2 * MB, **headers)[3] > 0


def test_the_body_of_a_signed_in_user_is_read(send, session):
    assert send("/create/", 3 * MB, cookies=session)[3] > 0


def test_a_body_without_a_length_is_refused_unread(send):
    assert send("/accounts/login/", 9, HTTP_TRANSFER_ENCODING="chunked", CONTENT_LENGTH="")[::3] == (411, 0)


def test_a_post_has_the_largest_limit():
    assert max(UPLOADS.values()) == MAX_REQUEST_BYTES
    assert min(UPLOADS.values()) > MAX_FORM_BYTES


# --- Logs --------------------------------------------------------------------------------------------------------


@pytest.fixture
def records(settings, caplog):
    """Return the log records, with the settings of the running site."""
    logging.config.dictConfig(settings.LOGGING)
    with caplog.at_level(logging.INFO):
        yield caplog.records


def invalid_requests(client):
    """Yield a name, and a function that sends the request."""
    yield "1,500 fields", lambda: client.post("/accounts/login/", {f"field{n}": "x" for n in range(1500)})
    files = {f"file{n}": ContentFile(b"x", "x.jpg") for n in range(200)}
    yield "200 files", lambda: client.post("/accounts/login/", files)
    yield "a large body", lambda: client.post("/accounts/login/", {"login": "x" * (2 * MB)})
    yield "a large field", lambda: client.post("/create/", {"caption": "x" * (2 * MB)})
    yield "a person without rights in the admin", lambda: client.get("/admin/login/?next=/admin/")
    yield "a model of the admin", lambda: client.get("/admin/", follow=True)
    yield "nothing there", lambda: client.get("/nowhere-at-all/")
    yield "another host", lambda: client.get("/", headers={"host": "evil.example:port"})
    yield "a wrong method", lambda: client.get("/accounts/theme/")
    yield "a wrong charset", lambda: client.generic("POST", "/accounts/login/", b"x", content_type="x/y; charset=hex")
    yield (
        "a broken form",
        lambda: client.generic(
            "POST", "/accounts/login/", b"x", content_type="multipart/form-data; boundary=" + "b" * 300
        ),
    )


def test_a_client_error_is_logged_in_one_line_without_a_traceback(records, signed_in, stranger: User, settings):
    settings.RATE_LIMITS = False
    client = signed_in(stranger)
    client.raise_request_exception = False
    for name, send_it in invalid_requests(client):
        del records[:]
        answer = send_it()
        assert 400 <= answer.status_code < 500, (name, answer.status_code)
        assert len(records) <= 1, (name, [record.getMessage() for record in records])
        for record in records:
            assert record.levelno <= logging.WARNING, name
            assert record.exc_info is None, name
