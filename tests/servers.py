"""Servers for tests: a real PostgreSQL and Valkey for the session, and the complete site for browser tests.

A pytest plugin, loaded with `-p tests.servers`: it must set DATABASE_URL, REDIS_URL and DATA_DIR before pytest-django
reads the settings, which happens before any conftest.py. If DATABASE_URL or REDIS_URL is set, that
server is used. With xdist, the first process starts the servers, and each worker has its own Valkey database, test
database (from pytest-django) and DATA_DIR.
"""

import atexit
import gc
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from common.local_servers import postgres_url, valkey_url
from launcher import postgres, valkey

PROJECT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
# Tests of the complete site set these themselves.
TEMPLATE = "instagram"
"""The database in the session's server that is migrated once and copied."""
SERVER_VARIABLES = ("DATABASE_URL", "REDIS_URL", "DATA_DIR")

_started: list[tuple[str, subprocess.Popen]] = []
_migrating: list[subprocess.Popen] = []
_sites: list[Any] = []


def make_data_dir(name: str) -> Path:
    """Create a temporary DATA_DIR. Other users can pass it, because PostgreSQL does not run as root."""
    folder = Path(tempfile.mkdtemp(prefix=f"everyframe-{name}-")).resolve()
    folder.chmod(0o711)
    return folder


def with_database(url: str, number: int) -> str:
    """Return the URL with another database number."""
    if url.startswith("unix:"):
        return f"{url.split('?')[0]}?db={number}"
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.split('/')[0]}/{number}"


def _set_environment() -> None:
    if not WORKER:
        base = make_data_dir("tests")
        atexit.register(shutil.rmtree, base, ignore_errors=True)
        os.environ["EVERYFRAME_TEST_DIR"] = str(base)
        os.environ["EVERYFRAME_TEST_SERVERS"] = " ".join(
            name
            for name, variable in (("postgres", "DATABASE_URL"), ("valkey", "REDIS_URL"))
            if not os.environ.get(variable)
        )
    base = Path(os.environ["EVERYFRAME_TEST_DIR"])
    data_dir = base / (WORKER or "main")
    data_dir.mkdir(exist_ok=True)
    os.environ["DATA_DIR"] = str(data_dir)
    os.environ["DATABASE_URL"] = os.environ.get("DATABASE_URL") or postgres_url(base)
    number = int(WORKER.removeprefix("gw")) + 1 if WORKER else 0
    os.environ["REDIS_URL"] = with_database(os.environ.get("REDIS_URL") or valkey_url(base), number)
    # Playwright leaves an event loop running in its thread, which Django would mistake for an asynchronous caller.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


_set_environment()


def pytest_configure(config: pytest.Config) -> None:
    if WORKER or config.option.collectonly:
        return
    base, names = Path(os.environ["EVERYFRAME_TEST_DIR"]), os.environ["EVERYFRAME_TEST_SERVERS"].split()
    if "postgres" in names:
        _started.append(("postgres", postgres.start(base, durable=False)))
    if "valkey" in names:
        _started.append(("valkey", valkey.start(base, durable=False)))
    waits = {"postgres": postgres.wait_until_ready, "valkey": valkey.wait_until_ready}
    for name, process in _started:
        waits[name](process, base)
    if "postgres" in names and config.getoption("numprocesses", None):
        _start_migrating(base)


def _start_migrating(base: Path) -> None:
    """Migrate the database TEMPLATE while the workers import the tests. Their databases are copies."""
    log = base / "migrating"
    os.environ["EVERYFRAME_TEST_TEMPLATE"] = str(log)
    command = f'"{sys.executable}" manage.py migrate --verbosity 0 && echo migrated || echo failed'
    with log.open("w") as output:
        _migrating.append(subprocess.Popen(["/bin/sh", "-c", command], cwd=PROJECT, stdout=output, stderr=output))


def template_database() -> str:
    """Return the name of a migrated database to copy, once it is ready, or "" if each worker migrates its own."""
    if not (path := os.environ.get("EVERYFRAME_TEST_TEMPLATE")):
        return ""
    while not (text := Path(path).read_text()).endswith(("migrated\n", "failed\n")):
        time.sleep(0.05)
    assert text.endswith("migrated\n"), text
    return TEMPLATE


def pytest_unconfigure(config: pytest.Config) -> None:
    if WORKER:
        return
    for process in _migrating:
        process.kill()
    while _started:
        name, process = _started.pop()
        {"postgres": postgres.stop, "valkey": valkey.stop}[name](process)


FORKING = ("tests/bench/test_small_runs.py", "tests/drills/test_load.py", "tests/feed/test_fan_out.py")
"""Files with tests that fork. They run before others, because browsers start threads, whose locks children inherit."""

IN_ONE_PROCESS = (*FORKING, "tests/media/test_hls.py")
"""Files whose tests share something that takes long to make, or that fork, and that therefore run in one process."""

LONG = (*IN_ONE_PROCESS, "tests/api/test_hostile.py", "tests/visibility/")
"""Files and folders with tests that take more than ten seconds without using the complete site."""


def _is_of_whole_site(path: str) -> bool:
    return path.startswith(("tests/e2e/", "tests/ops/", "tests/drills/"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests of the complete site and sort them to the end.

    In a worker of xdist, they come first after those that fork, the largest files before others, and then other long
    tests. Workers take tests in this order, and the short tests at its end let all workers end at about the same time.
    """
    sizes = Counter(path_of(item.nodeid) for item in items)

    def place(item: pytest.Item) -> tuple[int, int]:
        path = path_of(item.nodeid)
        if WORKER and path in FORKING:
            return (-1, 0)
        if _is_of_whole_site(path):
            return (0, -sizes[path]) if WORKER else (3, 0)
        return (1 if WORKER and path.startswith(LONG) else 2, 0)

    items.sort(key=place)
    for item in items:
        if _is_of_whole_site(item.nodeid):
            item.add_marker("whole_site")


def path_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Import a share of the test modules before others, if all tests are collected by several workers.

    pytest rewrites the assertions of each module and caches the result. Workers that import the modules in the same
    order at the same time all do this work; with different shares, each does a part of it.
    """
    config = collector.config
    if isinstance(collector, pytest.Session) and WORKER and config.args == config.getini("testpaths"):
        share, shares = int(WORKER.removeprefix("gw")), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        for path in sorted(PROJECT.glob("tests/**/test_*.py"))[share::shares]:
            # Collection reports errors.
            with suppress(Exception):
                import_module(".".join(path.relative_to(PROJECT).with_suffix("").parts))


def pytest_collection_finish() -> None:
    """Exclude all modules and tests from garbage collection, as they stay until the end."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Run each file with tests of the complete site in one process, because its tests share a site.

    Half of the workers take these files, and the others start no site, which saves 15 seconds of CPU for each. Workers
    take files and tests in the order of `pytest_collection_modifyitems`. By itself, xdist would leave the files with a
    single browser story to the end, where one worker runs the last of them while the others have nothing to do.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _assign_work_unit(self, node: Any) -> None:
            is_host = int(node.gateway.id.removeprefix("gw")) < (self.numnodes + 1) // 2
            if scope := next((each for each in self.workqueue if _is_of_whole_site(each) == is_host), None):
                self.workqueue.move_to_end(scope, last=False)
            super()._assign_work_unit(node)

        def _split_scope(self, nodeid: str) -> str:
            path = path_of(nodeid)
            return path if _is_of_whole_site(path) or path in IN_ONE_PROCESS else nodeid

    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.fixture(scope="session")
def site():
    """The complete site without demo content, started once for all tests that use it."""
    from tests.running_site import SharedSite

    running = SharedSite(make_data_dir("site"), RATE_LIMITS="off")
    _sites.append(running)
    try:
        yield running.start()
    finally:
        running.remove()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Stop the worker's site before its first other test, as workers run tests of the complete site before others."""
    if WORKER and not _is_of_whole_site(item.nodeid):
        while _sites:
            _sites.pop().remove()
