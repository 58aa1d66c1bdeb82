"""Users, posts and storages for all tests. tests/servers.py starts PostgreSQL and Valkey."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client, override_settings

import media.s3
from accounts.actions.users import create_user
from accounts.models import User
from common import valkey
from common.fragment_cache import forget_local
from common.statements import find_functions
from posts.actions.media import Upload
from posts.actions.sharing import create_post
from posts.models import Post
from tests import stores
from tests.servers import template_database

FILES = Path(__file__).parent / "files"
PASSWORD = "correct-horse-battery"
_numbers = count(1)


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    """Hash passwords with MD5, because Argon2 takes a quarter of a second by design and most tests create users."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Copy the test database from one that is already migrated, if there is one."""
    connection.settings_dict["TEST"]["TEMPLATE"] = template_database() or None


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Look up the functions of statements once, so that no test counts this query."""
    with django_db_blocker.unblock():
        find_functions()


@pytest.fixture(autouse=True)
def _clean_valkey() -> Iterator[None]:
    """Empty Valkey and the cache, so that no test sees cached, queued or counted data of another."""
    valkey.resume()
    valkey.client().flushdb()
    forget_local()
    yield
    cache.clear()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests marked `both_storages` with local storage and with S3, all others with local storage.

    `both_storages(deep=True)` leaves S3 to `make test-deep`, for tests that use a storage without testing it.
    """
    if mark := metafunc.definition.get_closest_marker("both_storages"):
        marks = [pytest.mark.deep] if mark.kwargs.get("deep") else []
        metafunc.parametrize("storage_kind", ["local", pytest.param("s3", marks=marks)])


@pytest.fixture
def storage_kind() -> str:
    return "local"


@pytest.fixture(autouse=True)
def _own_storage(storage_kind: str, tmp_path: Path, settings: Any) -> Iterator[None]:
    """Give every test empty storages of its own."""
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    settings.SMS_FILE_PATH = tmp_path / "sms"
    if storage_kind == "local":
        settings.STORAGES = stores.local_storages(tmp_path, settings)
        yield
        return
    media.s3.resume()
    found = stores.s3_storages(stores.moto_server())
    settings.STORAGES = settings.STORAGES | found
    stores.make_buckets(found)
    yield
    stores.drop_buckets(found)


@pytest.fixture
def tasks_run(settings: Any, django_capture_on_commit_callbacks: Any) -> Callable[..., Any]:
    """Return a context manager that runs the tasks of events emitted inside, when the block ends, in this process."""
    from contextlib import contextmanager

    from instagram.celery import app

    @contextmanager
    def run() -> Iterator[None]:
        eager = app.conf.task_always_eager
        app.conf.task_always_eager = True
        try:
            with django_capture_on_commit_callbacks(execute=True):
                yield
        finally:
            app.conf.task_always_eager = eager

    return run


@pytest.fixture
def photo_bytes() -> bytes:
    """Return a real photo that is small enough to be rendered in many tests."""
    return (FILES / "bad" / "name-test.jpg").read_bytes()


@pytest.fixture
def photo(photo_bytes: bytes) -> Callable[..., SimpleUploadedFile]:
    def make(name: str = "coffee.jpg", data: bytes | None = None) -> SimpleUploadedFile:
        return SimpleUploadedFile(name, photo_bytes if data is None else data, content_type="image/jpeg")

    return make


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    def make(username: str = "", **fields: Any) -> User:
        username = username or f"person{next(_numbers)}"
        return create_user(username=username, email=f"{username}@example.org", password=PASSWORD, **fields)

    return make


@pytest.fixture
def author(person: Callable[..., User]) -> User:
    return person("author")


@pytest.fixture
def follower(person: Callable[..., User], author: User) -> User:
    from social.actions.follows import follow

    user = person("follower")
    follow(user, followee=author)
    user.refresh_from_db()
    return user


@pytest.fixture
def stranger(person: Callable[..., User]) -> User:
    return person("stranger")


@pytest.fixture
def share(photo: Callable[..., Any]) -> Callable[..., Post]:
    """Return a function that publishes a post without rendering: its media are marked as ready."""
    from posts.actions.publishing import publish_if_ready
    from posts.models.media import MediaState

    def make(author: User, *, photos: int = 1, caption: str = "", location: str = "", **options: Any) -> Post:
        uploads = [Upload(photo(), f"{n}.jpg", f"alt text {n}") for n in range(photos)]
        post = create_post(author=author, uploads=uploads, caption=caption, location=location, **options)
        rendition = {"width": 320, "height": 240, "webp": "aa/bb/c.webp", "jpeg": "aa/bb/c.jpg"}
        post.media.update(state=MediaState.READY, renditions=[rendition])
        publish_if_ready(post.pk)
        post.refresh_from_db()
        return post

    return make


@pytest.fixture
def post(author: User, share: Callable[..., Post]) -> Post:
    return share(author, caption="Morning light #sun")


@pytest.fixture
def signed_in(db: None) -> Callable[[User], Client]:
    """Return a function that makes a test client in which the user is signed in."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


HTMX = {"HX-Request": "true"}


def form_key_in(page: str) -> str:
    """Return the idempotency key of the first form on the page that has one."""
    found = re.search(r'name="form_key" value="([^"]+)"', page)
    assert found
    return found[1]
