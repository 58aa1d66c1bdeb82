"""The complete site in a process of its own, for tests in a browser and tests of operation."""

import fcntl
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

from common.local_servers import postgres_url, socket_dir, valkey_url
from launcher import valkey
from tests.servers import PROJECT, SERVER_VARIABLES, WORKER, template_database
from tests.signing_up import SigningUp
from tests.visitors import SIGNING_UP


def free_port() -> int:
    """Return an unused TCP port below the range of outgoing connections."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class RunningSite:
    """`manage.py up` with its own folder and port, and methods to inspect and disturb it."""

    def __init__(self, data_dir: Path, **variables: str) -> None:
        self.data_dir = data_dir
        self.temporary = data_dir / "tmp"
        """The folder for temporary files of its processes."""
        self.port = free_port()
        self.realtime_port = free_port()
        self.base_url = f"http://localhost:{self.port}"
        self.environment = {name: value for name, value in os.environ.items() if name not in SERVER_VARIABLES}
        self.environment |= {
            "DATA_DIR": str(data_dir),
            "PORT": str(self.port),
            "REALTIME_PORT": str(self.realtime_port),
            "DEMO": "0",
            "WEB_WORKERS": "1",
            "TMPDIR": str(self.temporary),
        } | variables
        self.process: subprocess.Popen | None = None
        self.log = Path(tempfile.mkstemp(prefix="everyframe-log-")[1])

    def start(self, *, timeout_seconds: float = 180) -> "RunningSite":
        """Start, and wait for the message that it is ready."""
        self.log.write_text("")
        self.temporary.mkdir(parents=True, exist_ok=True)
        with self._static_files():
            self._start(timeout_seconds)
        return self

    @contextmanager
    def _static_files(self) -> Iterator[None]:
        """Copy the static files that the first site has collected during its start; others wait for it."""
        collected, own = Path(os.environ["EVERYFRAME_TEST_DIR"]) / "static", self.data_dir / "static"
        with collected.with_name("static.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not collected.exists():
                yield
                if own.exists():
                    shutil.copytree(own, made := collected.with_name("static-copied"))
                    made.rename(collected)
                return
        if not own.exists():
            shutil.copytree(collected, own)
        yield

    def _start(self, timeout_seconds: float) -> None:
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

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def parts(self) -> dict[str, int]:
        """Return the process id of each running part."""
        return json.loads((self.data_dir / "run" / "up.json").read_text())["parts"]

    def processes(self) -> list[psutil.Process]:
        """Return the process of `up` and all its descendants."""
        up = psutil.Process(self.process.pid)
        return [up, *up.children(recursive=True)]

    def manage(self, *arguments: str, timeout_seconds: float = 120) -> str:
        """Run a manage.py command on the data of this site; return its output."""
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

    def sql(self, query: str, *values: object, database: str = "") -> list[tuple]:
        """Execute a query in the database of this site, or in another one of its server; return its rows."""
        with self.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def connect(self, database: str = "") -> Iterator[Any]:
        """Connect to the database of this site, or to another one of its server, for one transaction."""
        import psycopg2

        url = self.environment.get("DATABASE_URL") or postgres_url(self.data_dir)
        connection = psycopg2.connect(url.replace("/instagram?", f"/{database}?") if database else url)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def files(self) -> dict[str, set[str]]:
        """Return the keys in each storage, by the name of its folder."""
        folders = {name: self.data_dir / name for name in ("originals", "media", "incoming")}
        return {
            name: {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
            for name, folder in folders.items()
        }

    def kill_part(self, name: str, *, timeout_seconds: float = 30) -> None:
        """Send SIGKILL to a part and all its children; `up` restarts it.

        Waits for the part to run, because `up.json` may still have the id of a process that has just ended.
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
        """Wait until the parts run and /readyz answers 200."""
        import urllib.error
        import urllib.request

        from instagram.health import KEPT_SECONDS

        deadline = time.monotonic() + timeout_seconds
        time.sleep(KEPT_SECONDS + 0.1)  # The previous response is reused for this time.
        while True:
            with suppress(OSError, urllib.error.URLError):
                if set(names) <= set(self.parts()):
                    with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10):
                        return
            assert time.monotonic() < deadline, f"the site did not come back:\n{self.output()}"
            time.sleep(0.2)

    def kill(self) -> None:
        """Send SIGKILL to `up` itself."""
        self.process.kill()
        self.process.wait(10)

    def stop(self, number: signal.Signals = signal.SIGINT, *, timeout_seconds: float = 60) -> int | None:
        """Send SIGINT or another signal, and return the exit code."""
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
        """Stop the site and delete its data."""
        with suppress(AssertionError):
            self.stop()
        self.log.unlink(missing_ok=True)
        shutil.rmtree(self.data_dir, ignore_errors=True)
        sockets = socket_dir(self.data_dir)
        if self.data_dir not in sockets.parents:
            shutil.rmtree(sockets, ignore_errors=True)


class SharedSite(RunningSite):
    """The site that many tests share.

    Tests can stop and flush its Valkey, and `Visitor.sign_up` is quick. Its database is a copy of TEMPLATE in the
    session's server, where nothing waits for the disk.
    """

    def __init__(self, data_dir: Path, **variables: str) -> None:
        super().__init__(data_dir, REDIS_URL=valkey_url(data_dir), **variables)
        self.valkey: subprocess.Popen | None = None
        self.database = ""
        self.signing_up = SigningUp(self.environment)

    def start(self, *, timeout_seconds: float = 180) -> "SharedSite":
        self.start_valkey()
        if not self.database and (template := template_database()):
            self.database = f"site-{WORKER or 'main'}-{self.data_dir.name}"
            self._ask_the_server(f'CREATE DATABASE "{self.database}" TEMPLATE "{template}"')
            self.environment["DATABASE_URL"] = self._server_url(self.database)
        super().start(timeout_seconds=timeout_seconds)
        SIGNING_UP[self.port] = self.signing_up
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
        """Delete everything in Valkey, including queued tasks."""
        import redis

        with redis.Redis.from_url(valkey_url(self.data_dir)) as client:
            client.flushall()

    def remove(self) -> None:
        with suppress(AssertionError):
            self.stop()
        SIGNING_UP.pop(self.port, None)
        self.signing_up.end()
        self.stop_valkey()
        super().remove()
        if self.database:
            self._ask_the_server(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
