"""The servers that tests use: a real PostgreSQL and Valkey for the session, and the whole site for browser stories.

A pytest plugin, loaded with `-p tests.servers`: it must set DATABASE_URL, REDIS_URL and DATA_DIR before pytest-django
reads the settings, which happens before any conftest.py. With DATABASE_URL or REDIS_URL set from outside, those servers
are used. Under xdist the first process starts the servers, and each worker has its own Valkey database, test
database (pytest-django's doing) and DATA_DIR.
"""

import atexit
import gc
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from common.local_servers import postgres_url, socket_dir, valkey_url
from launcher import postgres, valkey

PROJECT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
# The site's own tests choose these for themselves.
TEMPLATE = "instagram"
"""The database that is migrated once, in the session's own server."""
SERVER_VARIABLES = ("DATABASE_URL", "REDIS_URL", "DATA_DIR")

_started: list[tuple[str, subprocess.Popen]] = []
_migrating: list[subprocess.Popen] = []


def make_data_dir(name: str) -> Path:
    """A temporary DATA_DIR. Open for passing, so that root's PostgreSQL, which runs as nobody, may reach its own."""
    folder = Path(tempfile.mkdtemp(prefix=f"everyframe-{name}-")).resolve()
    folder.chmod(0o711)
    return folder


def with_database(url: str, number: int) -> str:
    """The Valkey at `url`, with another of its numbered databases."""
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
    # Playwright leaves an event loop running in its thread, which Django would take for an asynchronous caller.
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
    """Migrate the server's own database while the workers import the tests; theirs are copies of it."""
    log = base / "migrating"
    os.environ["EVERYFRAME_TEST_TEMPLATE"] = str(log)
    command = f'"{sys.executable}" manage.py migrate --verbosity 0 && echo migrated || echo failed'
    with log.open("w") as output:
        _migrating.append(subprocess.Popen(["/bin/sh", "-c", command], cwd=PROJECT, stdout=output, stderr=output))


def template_database() -> str:
    """Return the name of a migrated database to copy, once it is ready, or "" where a worker has to migrate its own."""
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


def _is_of_whole_site(path: str) -> bool:
    return path.startswith(("tests/e2e/", "tests/ops/"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the whole site come last."""
    items.sort(key=lambda item: _is_of_whole_site(item.nodeid))
    for item in items:
        if _is_of_whole_site(item.nodeid):
            item.add_marker("whole_site")


def pytest_collection_finish() -> None:
    """Have the garbage collector pass over all modules and tests from now on: they stay until the end."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file of tests of the whole site stays in one process, for its tests share what they started; others do not.

    The files go first: the many short tests then fill up whichever process is done sooner.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid.partition("::")[0] if _is_of_whole_site(nodeid) else nodeid

    return Scheduling(config, log)


# --- The whole site ----------------------------------------------------------------------------------------------


def free_port() -> int:
    """A TCP port that nobody uses, below those that the system gives to outgoing connections."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class RunningSite:
    """`manage.py up` on a folder and a port of its own, and what a test may do to it."""

    def __init__(self, data_dir: Path, **variables: str) -> None:
        self.data_dir = data_dir
        self.temporary = data_dir / "tmp"
        """Where its processes put what is not to stay."""
        self.port = free_port()
        self.base_url = f"http://localhost:{self.port}"
        self.environment = {name: value for name, value in os.environ.items() if name not in SERVER_VARIABLES}
        self.environment |= {
            "DATA_DIR": str(data_dir),
            "PORT": str(self.port),
            "DEMO": "0",
            "WEB_WORKERS": "1",
            "TMPDIR": str(self.temporary),
        } | variables
        self.process: subprocess.Popen | None = None
        self.log = Path(tempfile.mkstemp(prefix="everyframe-log-")[1])

    def start(self, *, timeout_seconds: float = 180) -> "RunningSite":
        """Start and wait for the block that says it is ready."""
        self.log.write_text("")
        self.temporary.mkdir(parents=True, exist_ok=True)
        collected, static = Path(os.environ["EVERYFRAME_TEST_DIR"]) / "static", self.data_dir / "static"
        if collected.exists() and not static.exists():
            shutil.copytree(collected, static)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--with-parent"],
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + timeout_seconds
        while " is ready after " not in self.output():
            assert self.process.poll() is None, f"the site ended:\n{self.output()}"
            assert time.monotonic() < deadline, f"the site was not ready:\n{self.output()}"
            time.sleep(0.05)
        if not collected.exists():
            with suppress(OSError):  # Another worker has put its own there meanwhile.
                shutil.copytree(static, made := collected.with_name(f"static-{os.getpid()}"))
                made.rename(collected)
        return self

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def parts(self) -> dict[str, int]:
        """The process id of each part that runs now."""
        return json.loads((self.data_dir / "run" / "up.json").read_text())["parts"]

    def processes(self) -> list[psutil.Process]:
        """`up` and everything below it."""
        up = psutil.Process(self.process.pid)
        return [up, *up.children(recursive=True)]

    def manage(self, *arguments: str, timeout_seconds: float = 120) -> str:
        """Run a manage.py command against this site's data; return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sql(self, query: str, *values: object) -> list[tuple]:
        """Ask this site's database."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def connect(self) -> Iterator[Any]:
        """A connection to this site's database, in one transaction until the block ends."""
        import psycopg2

        connection = psycopg2.connect(self.environment.get("DATABASE_URL") or postgres_url(self.data_dir))
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def files(self) -> dict[str, set[str]]:
        """What lies in each storage: the keys by the name of its folder."""
        folders = {name: self.data_dir / name for name in ("originals", "media", "incoming")}
        return {
            name: {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
            for name, folder in folders.items()
        }

    def kill_part(self, name: str, *, timeout_seconds: float = 30) -> None:
        """kill -9 a part and all its children; `up` starts it again.

        Of a part that died a moment ago `up` still tells the old number: what is killed is one that lives.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            with suppress(psutil.NoSuchProcess, KeyError):
                process = psutil.Process(self.parts()[name])
                if process.status() != psutil.STATUS_ZOMBIE:
                    below = process.children(recursive=True)
                    process.kill()
                    break
            assert time.monotonic() < deadline, f"{name} does not run:\n{self.output()}"
            time.sleep(0.02)
        for each in below:
            with suppress(psutil.NoSuchProcess):
                each.kill()

    def kill_workers(self) -> None:
        for name in ("media", "feed", "default"):
            self.kill_part(name)

    def wait_until_back(self, *names: str, timeout_seconds: float = 60) -> None:
        """Wait until the parts run and /readyz is content."""
        import urllib.error
        import urllib.request

        from instagram.health import KEPT_SECONDS

        deadline = time.monotonic() + timeout_seconds
        time.sleep(KEPT_SECONDS + 0.1)  # Until then the answer may be one of before.
        while True:
            with suppress(OSError, urllib.error.URLError):
                if set(names) <= set(self.parts()):
                    with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10):
                        return
            assert time.monotonic() < deadline, f"the site did not come back:\n{self.output()}"
            time.sleep(0.2)

    def kill(self) -> None:
        """kill -9 of `up` itself."""
        self.process.kill()
        self.process.wait(10)

    def stop(self, number: signal.Signals = signal.SIGINT, *, timeout_seconds: float = 60) -> int | None:
        """Ctrl-C, or another signal; return the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the site did not stop:\n{self.output()}") from None

    def remove(self) -> None:
        """Stop it and delete its data."""
        with suppress(AssertionError):
            self.stop()
        self.log.unlink(missing_ok=True)
        shutil.rmtree(self.data_dir, ignore_errors=True)
        sockets = socket_dir(self.data_dir)
        if self.data_dir not in sockets.parents:
            shutil.rmtree(sockets, ignore_errors=True)


class SharedSite(RunningSite):
    """The site that many tests share: with a Valkey that tests can stop and flush, and a database that is a copy of
    the migrated one in the session's server, where nothing waits for the disk.
    """

    def __init__(self, data_dir: Path, **variables: str) -> None:
        super().__init__(data_dir, REDIS_URL=valkey_url(data_dir), **variables)
        self.valkey: subprocess.Popen | None = None
        self.database = ""

    def start(self, *, timeout_seconds: float = 180) -> "SharedSite":
        self.start_valkey()
        if not self.database and (template := template_database()):
            self.database = f"site_{WORKER or 'main'}"
            self._ask_the_server(f'CREATE DATABASE "{self.database}" TEMPLATE "{template}"')
            self.environment["DATABASE_URL"] = self._server_url(self.database)
        super().start(timeout_seconds=timeout_seconds)
        return self

    @staticmethod
    def _server_url(database: str) -> str:
        return postgres_url(Path(os.environ["EVERYFRAME_TEST_DIR"])).replace("/instagram?", f"/{database}?")

    def _ask_the_server(self, sql: str) -> None:
        import psycopg2

        connection = psycopg2.connect(self._server_url("postgres"))
        try:
            connection.autocommit = True
            connection.cursor().execute(sql)
        finally:
            connection.close()

    def start_valkey(self) -> None:
        if self.valkey is None:
            self.valkey = valkey.start(self.data_dir)
            valkey.wait_until_ready(self.valkey, self.data_dir)

    def stop_valkey(self) -> None:
        if self.valkey is not None:
            valkey.stop(self.valkey)
            self.valkey = None

    def flush_valkey(self) -> None:
        """FLUSHALL: everything in it is gone, queued tasks too."""
        import redis

        with redis.Redis.from_url(valkey_url(self.data_dir)) as client:
            client.flushall()

    def remove(self) -> None:
        with suppress(AssertionError):
            self.stop()
        self.stop_valkey()
        super().remove()
        if self.database:
            self._ask_the_server(f'DROP DATABASE "{self.database}" WITH (FORCE)')


@pytest.fixture(scope="session")
def site():
    """The whole site, started once for all tests that use it, without demo content."""
    running = SharedSite(make_data_dir("site"), RATE_LIMITS="off")
    try:
        yield running.start()
    finally:
        running.remove()
