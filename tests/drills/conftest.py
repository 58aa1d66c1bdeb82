from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.running_site import RunningSite, SharedSite
from tests.servers import make_data_dir
from tests.visitors import Visitor

IS_LARGE = os.environ.get("DRILL") == "1"


def size(*, small: int, large: int) -> int:
    """Return the size of `make drill`, or the one of `make test`."""
    return large if IS_LARGE else small


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Return a function that adds a figure to the report: a text, and whether the goal was reached."""

    def record(text: str, *, is_kept: bool = True) -> None:
        record_property("figure", [text, is_kept])

    return record


@pytest.fixture(scope="session")
def site() -> Iterator[SharedSite]:
    """The site with a Valkey that can be stopped and flushed."""
    running = SharedSite(make_data_dir("drill"), RATE_LIMITS="off")
    try:
        running.start()
        yield running
    finally:
        running.remove()


@pytest.fixture(scope="session")
def anna(site: SharedSite) -> Visitor:
    return Visitor(site.port).sign_up("anna")


@pytest.fixture
def durable_site() -> Iterator[RunningSite]:
    """The site with its own PostgreSQL, which waits for the disk."""
    running = RunningSite(make_data_dir("drill"), RATE_LIMITS="off")
    try:
        running.start()
        yield running
    finally:
        running.remove()
