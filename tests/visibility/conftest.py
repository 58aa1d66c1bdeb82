from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction
from django.test import override_settings

from tests.visibility.world import World, make_world


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Made once for a module, in a transaction that is taken back at its end. Tests leave it as it was."""
    with django_db_blocker.unblock(), override_settings(RATE_LIMITS=False), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture
def bare_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without the two numbers of the frame, which are held elsewhere: half the time of an answer is theirs."""
    monkeypatch.setattr("notifications.context._badge", lambda request: "")
    monkeypatch.setattr("social.context._text", lambda request: "")


@pytest.fixture
def tracks(world: World, _own_storage: None) -> None:
    """The files of captions, in the storage that each test has anew."""
    for key, words in world.captions.items():
        storages["default"].save(key, ContentFile(f"WEBVTT\n\n{words}\n".encode()))
