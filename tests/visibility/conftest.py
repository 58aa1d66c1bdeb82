"""The world of the visibility tests, built once per module."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import models, transaction
from django.db.models.query_utils import DeferredAttribute
from django.test import override_settings

from tests.visibility.building import make_world
from tests.visibility.world import World


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Build the world once per module in a transaction that is rolled back at the end. Tests must not change it."""
    with django_db_blocker.unblock(), override_settings(RATE_LIMITS=False), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture
def no_deferred_columns(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail if a request reads a column that its query has left out: each costs a further query."""
    read: set[str] = set()
    get = DeferredAttribute.__get__

    def get_and_record(self: Any, instance: models.Model | None, cls: Any = None) -> Any:
        # Foreign keys come here even if their value is present.
        if instance is not None and self.field.attname not in instance.__dict__:
            code = sys._getframe(1).f_code
            read.add(f"{type(instance).__name__}.{self.field.attname} in {code.co_filename}, {code.co_name}")
        return get(self, instance, cls)

    monkeypatch.setattr(DeferredAttribute, "__get__", get_and_record)
    yield
    assert not read, f"Load these columns with the rows: {', '.join(sorted(read))}"


@pytest.fixture
def without_badges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the two counts in the navigation, which take half the time of a page and are tested elsewhere."""
    monkeypatch.setattr("notifications.context._badge", lambda request: "")
    monkeypatch.setattr("social.context._text", lambda request: "")


@pytest.fixture
def caption_files(world: World, _own_storage: None) -> None:
    """Put the caption files of the world into the empty storage of the test."""
    for key, words in world.captions.items():
        storages["default"].save(key, ContentFile(f"WEBVTT\n\n{words}\n".encode()))
