"""Files on their way to a post, as tests send them."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from accounts.models import User
from posts.actions.media import receive_file
from posts.models import Media, UploadSession
from posts.models.media import MediaState
from tests.stores import post_form

RENDITION = {"width": 320, "height": 240, "webp": "aa/bb/c.webp", "jpeg": "aa/bb/c.jpg"}


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> int:
    """Parts of 1 KB, so that a small photo comes in several."""
    for module in ("media.incoming", "posts.views.uploads"):
        monkeypatch.setattr(f"{module}.PART_BYTES", 1024)
    return 1024


@pytest.fixture
def data(photo_bytes: bytes, small_parts: int) -> bytes:
    """A photo that is sent in more than two parts."""
    assert len(photo_bytes) > 2 * small_parts
    return photo_bytes


@pytest.fixture
def mine(signed_in: Callable[[User], Client], author: User) -> Client:
    """The browser of the author."""
    return signed_in(author)


@pytest.fixture
def unshared(photo: Callable[..., Any]) -> Callable[..., Media]:
    """A file that is uploaded and not shared; ready, without being rendered, unless another state is given."""

    def make(owner: User, name: str = "cup.jpg", *, state: str = MediaState.READY, **fields: Any) -> Media:
        medium = receive_file(owner=owner, file=photo(name), name=name)
        fields |= {"state": state, "renditions": [RENDITION] if state == MediaState.READY else []}
        Media.objects.filter(pk=medium.pk).update(**fields)
        medium.refresh_from_db()
        return medium

    return make


def begin(browser: Client, data: bytes, name: str = "cup.jpg", **fields: Any) -> dict[str, Any]:
    answer = browser.post("/create/uploads/", {"name": name, "size": len(data), "type": "image/jpeg", **fields})
    assert answer.status_code == 201, answer.content
    session: dict[str, Any] = answer.json()
    return session


def send_part(browser: Client, part: dict[str, Any], data: bytes, slice_: bytes | None = None) -> Any:
    content = data[part["offset"] : part["offset"] + part["size"]] if slice_ is None else slice_
    if part["url"].startswith("http"):
        # The browser sends parts directly to the bucket.
        return SimpleNamespace(status_code=post_form(part["url"], part["fields"], content))
    return browser.post(part["url"], {**part["fields"], "file": SimpleUploadedFile("blob", content)})


def upload(browser: Client, data: bytes, name: str = "cup.jpg") -> Any:
    """A whole upload, as the composer makes it; the answer to its end."""
    session = begin(browser, data, name)
    for part in session["parts"]:
        assert send_part(browser, part, data).status_code == 204
    return browser.post(f"/create/uploads/{session['id']}/complete/")


def make_old(row: Media | UploadSession, *, days: float) -> None:
    """Move the id of a row, which says when it was made, so far back."""
    back = int(days * 24 * 3600 * 1000) << 23
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(f"UPDATE {row._meta.db_table} SET id = id - %s WHERE id = %s", [back, row.pk])
        if isinstance(row, Media):
            cursor.execute(
                "UPDATE posts_uploadsession SET media_id = media_id - %s WHERE media_id = %s", [back, row.pk]
            )
    row.pk -= back
