"""The example client prints the error of a failed post. tests/e2e runs it against a whole site."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from examples import client as example
from posts.models import Media, Post

pytestmark = pytest.mark.django_db


def test_the_client_prints_why_a_post_failed(
    author: User, post: Post, get: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Media.objects.update(state="failed", error="This photo is broken.")
    Post.objects.update(published_at=None)
    failed = example.Post.of(get(author, f"/posts/{post.pk}"))
    monkeypatch.setattr(example.Client, "share", lambda *_, **__: failed)
    monkeypatch.setenv("EVERYFRAME_SITE", "http://testserver")
    monkeypatch.setenv("EVERYFRAME_TOKEN", "efp_x")
    monkeypatch.setattr("sys.argv", ["client.py", "share", "cup.jpg"])

    assert example.main() == 1

    said = capsys.readouterr()
    assert said.out == f"failed: {failed.url}\n"
    assert said.err == "file 1: This photo is broken.\n"
