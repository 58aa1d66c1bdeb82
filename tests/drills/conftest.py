from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from tests.running_site import RunningSite, SharedSite
from tests.servers import make_data_dir
from tests.visitors import Visitor

Site = TypeVar("Site", bound=RunningSite)

IS_LARGE = os.environ.get("DRILL") == "1"


def size(*, small: int, large: int) -> int:
    """Return the size of `make drill`, or the one of `make test`."""
    return large if IS_LARGE else small


def deep_unless_large(drill: Callable[..., None]) -> Callable[..., None]:
    """Leave a drill to `make drill` and `make test-deep`, if tests/ops has a smaller test of its promises."""
    return drill if IS_LARGE else pytest.mark.deep(drill)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Return a function that adds a figure to the report: a text, and whether the goal was reached."""

    def record(text: str, *, is_kept: bool = True) -> None:
        record_property("figure", [text, is_kept])

    return record


def running(site: Site) -> Iterator[Site]:
    """Start a site, yield it, and remove it with its data."""
    try:
        site.start()
        yield site
    finally:
        site.remove()


@pytest.fixture(scope="session")
def anna(site: SharedSite) -> Visitor:
    return Visitor(site.port).sign_up("anna")


@pytest.fixture
def durable_site() -> Iterator[RunningSite]:
    """The site with its own PostgreSQL, which waits for the disk."""
    yield from running(RunningSite(make_data_dir("drill"), RATE_LIMITS="off"))
