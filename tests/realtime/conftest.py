"""Hubs for all tests of a process, one for each state of Valkey."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from tests.realtime.hubs import Browser, RunningHub
from tests.servers import with_database

UP, LOST, DOWN = "Valkey up", "kill message lost", "Valkey down"
OTHER_DATABASE = 15
"""A hub on another database of Valkey has other channels, so it hears nothing."""


@pytest.fixture(scope="session")
def hub_named(django_db_setup: None) -> Iterator[Callable[[str], RunningHub]]:
    """Return a function that returns the hub of that name, and starts it at its first use."""
    running: list[RunningHub] = []

    @cache
    def find(name: str) -> RunningHub:
        urls = {
            LOST: with_database(settings.REDIS_URL, OTHER_DATABASE),
            DOWN: f"unix://{Path(os.environ['DATA_DIR']) / 'no-valkey.sock'}?db=0",
        }
        running.append(RunningHub(urls.get(name, settings.REDIS_URL)))
        return running[-1]

    yield find
    for hub in running:
        hub.stop()


@pytest.fixture
def hub(transactional_db: None, hub_named: Callable[[str], RunningHub]) -> RunningHub:
    return hub_named(UP)


@pytest.fixture
def open_socket(hub: RunningHub) -> Iterator[Callable[..., Browser]]:
    """Return a function that opens a socket of a new browser of a person, by default at the hub that hears Valkey."""
    opened: list[Browser] = []

    def make(user: User, *, at: RunningHub = hub) -> Browser:
        client = Client()
        client.force_login(user)
        opened.append(at.open(client))
        return opened[-1]

    yield make
    for browser in opened:
        browser.socket.close()
