"""`manage.py up`: the whole site with one command, on one machine."""

import argparse
import errno
import fcntl
import hashlib
import inspect
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.files.storage import storages
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from common import scratch
from instagram import embedded, processes
from instagram.supervisor import Part, PartError, StopRequested, Supervisor, child
from instagram.web import listen

QUEUES = ("media", "video", "feed", "default")
NAMES = ["up", "postgres", "valkey", "web", *QUEUES, "beat", "demo"]

# Every process of the site carries this, with DATA_DIR as its value: the next start finds those that a kill left.
MARK = "EVERYFRAME_UP"

READY_TIMEOUT_SECONDS = 120
MIN_FREE_BYTES = 200 * 1024 * 1024
PREVIOUS_RUN_TIMEOUT_SECONDS = 60

_POSTGRES_NOISE = re.compile(
    r"^LOG:  (?!.*(automatic recovery|could not|crash))"
    r"|^FATAL:  (the database system is|terminating connection due to administrator command)"
)
_VALKEY_NOISE = re.compile(r"Memory overcommit|scheduling shutdown|ready to exit|Transparent Huge|TCP backlog")
_ROOT_WORKER_NOISE = re.compile(
    r"_security_error|SecurityWarning|superuser privileges|User information: uid=|different user using|absolutely not"
)
# /readyz logs what is missing each time that it is asked, which we do until nothing is.
_WEB_NOISE = re.compile(r"Configuration allows spawning up to \d+ Python threads")
_STARTING_NOISE = re.compile(rf"instagram\.health: .* is not ready|Service Unavailable: /readyz|{_WEB_NOISE.pattern}")


class Command(BaseCommand):
    """Start the site and keep it running until Ctrl-C or SIGTERM."""

    help = "Start everything: PostgreSQL, Valkey, web, workers and beat. Ctrl-C stops it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--with-parent", action="store_true", help="stop when the process that started this ends")

    def handle(self, *args: Any, **options: Any) -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
        try:
            Site(parent=os.getppid() if options["with_parent"] else None).run()
        except (CommandError, embedded.ServerError, PartError) as error:
            raise SystemExit(str(error)) from error  # The sentence alone, and exit code 1.
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            raise SystemExit(f"The disk of DATA_DIR ({settings.DATA_DIR}) is full.") from error


class Site:
    """One run of the site."""

    def __init__(self, parent: int | None) -> None:
        self.data_dir = settings.DATA_DIR.absolute()
        self.run_dir = self.data_dir / "run"
        self.begun = time.monotonic()
        self.state = "starting"
        self.listener: socket.socket | None = None
        self.supervisor = Supervisor(names=NAMES, on_change=self.record, parent=parent)
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "instagram.settings",
            "PYTHONUNBUFFERED": "1",
            "DATA_DIR": str(self.data_dir),
            MARK: str(self.data_dir),
        }

    def run(self) -> None:
        """Start, serve and stop. Returns after a requested stop; raises when the site could not be started."""
        print(f"{settings.SITE_NAME} is starting (data in {self.data_dir})", flush=True)
        self.make_data_dir()
        with self.locked():
            self.record()
            self.end_leftovers()
            self.open_port()
            self.check_other_servers()
            self.supervisor.use_signals()
            try:
                self.start()
                self.supervisor.starting = False
                self.state = "ready"
                self.record()
                self.print_welcome()
                while True:
                    self.supervisor.turn(0.5)
            except StopRequested:
                pass
            finally:
                self.stop()

    # --- What must hold before anything is started ---------------------------------------------------------------

    def make_data_dir(self) -> None:
        try:
            self.run_dir.mkdir(parents=True, exist_ok=True)
            probe = self.run_dir / f"probe-{os.getpid()}"
            probe.write_bytes(b"x" * 4096)
            probe.unlink()
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise
            raise CommandError(
                f"DATA_DIR ({self.data_dir}) cannot be written: {error.strerror}. Set DATA_DIR to a folder of your own."
            ) from error
        if shutil.disk_usage(self.data_dir).free < MIN_FREE_BYTES:
            raise CommandError(
                f"The disk of DATA_DIR ({self.data_dir}) is full: at least {MIN_FREE_BYTES // 1024**2} MB must be free."
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold DATA_DIR for this run. The lock ends with this process, however that ends."""
        with (self.run_dir / "up.lock").open("a") as lock:
            deadline = time.monotonic() + PREVIOUS_RUN_TIMEOUT_SECONDS
            while not _lock(lock):
                other = self.recorded()
                if other.get("state") not in {"stopping", "stopped"} or time.monotonic() > deadline:
                    raise CommandError(
                        f"The site already runs on DATA_DIR ({self.data_dir}), process {other.get('pid', '?')}, "
                        f"at {other.get('address', '?')}: stop it, or set another DATA_DIR and PORT."
                    )
                time.sleep(0.1)
            yield

    def end_leftovers(self) -> None:
        """End the processes of a run on this DATA_DIR that was killed before it could."""
        left = list(processes.marked_with(MARK, str(self.data_dir)))
        if left:
            processes.end(left, signal.SIGTERM, patience_seconds=5)
            _done(f"Ended {len(left)} processes that an earlier run left behind")
        scratch.sweep()
        for schedule in self.run_dir.glob("beat*"):
            schedule.unlink()  # Intervals of seconds: nothing to remember, and a kill may have left half a file.

    def open_port(self) -> None:
        """Open the socket that web listens on, and keep it while web is started anew."""
        where = f"{settings.HOST}:{settings.PORT}"
        if settings.PORT > 65535:
            raise CommandError(f"PORT must be at most 65535, not {settings.PORT}.")
        try:
            self.listener = listen(settings.HOST, settings.PORT)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CommandError(
                    f"PORT {settings.PORT} is in use: stop the program that uses it or set PORT."
                ) from error
            if error.errno == errno.EACCES:
                raise CommandError(
                    f"PORT {settings.PORT} may be opened by root only: set PORT to 1024 or more."
                ) from error
            raise CommandError(f"Cannot listen on {where}: {error.strerror}. Set HOST and PORT.") from error

    def check_other_servers(self) -> None:
        """Ask the servers that DATABASE_URL and REDIS_URL name, before anything is started."""
        if url := os.environ.get("DATABASE_URL"):
            import psycopg2

            try:
                connection.ensure_connection()
            except Exception as error:
                if not isinstance(error.__cause__, psycopg2.Error):
                    raise
                _refuse("DATABASE_URL", "PostgreSQL", url, error)
        if url := os.environ.get("REDIS_URL"):
            import redis

            try:
                redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5).ping()
            except (redis.RedisError, ValueError) as error:
                _refuse("REDIS_URL", "Valkey or Redis", url, error)

    # --- Starting ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.start_servers()
        with self.step("Database") as step, self.supervisor.interruptible():
            step.detail = _migrate()
        with self.step("Static files") as step, self.supervisor.interruptible():
            step.detail = _collect_static()
        with self.step("Web, workers and beat") as step:
            self.start_processes()
            self.wait_until_ready()
            self.supervisor.show_output()
            step.detail = f"{settings.WEB_WORKERS} web, {len(QUEUES)} workers"
        self.seed()

    def start_servers(self) -> None:
        postgres = valkey = None
        servers = []
        if not os.environ.get("DATABASE_URL"):
            servers.append("PostgreSQL 18")
        if not os.environ.get("REDIS_URL"):
            servers.append("Valkey 9")
        if not servers:
            return
        with self.step(" and ".join(servers)) as step:
            if not os.environ.get("DATABASE_URL"):
                step.detail = "new" if not (self.data_dir / "postgres").exists() else ""
                postgres = self.supervisor.add(
                    Part(
                        "postgres",
                        lambda: embedded.start_postgres(self.data_dir, output=subprocess.PIPE),
                        stop_signal=signal.SIGINT,
                        patience_seconds=embedded.STOP_TIMEOUT_SECONDS,
                        stage=2,
                        noise=_POSTGRES_NOISE,
                    )
                )
            if not os.environ.get("REDIS_URL"):
                valkey = self.supervisor.add(
                    Part(
                        "valkey",
                        lambda: embedded.start_valkey(self.data_dir, output=subprocess.PIPE),
                        patience_seconds=embedded.STOP_TIMEOUT_SECONDS,
                        stage=1,
                        noise=_VALKEY_NOISE,
                    )
                )
            try:
                with self.supervisor.interruptible():
                    if postgres:
                        embedded.wait_for_postgres(postgres, self.data_dir)
                    if valkey:
                        embedded.wait_for_valkey(valkey, self.data_dir)
            finally:
                self.supervisor.show_output()

    def start_processes(self) -> None:
        level = settings.LOG_LEVEL
        assert self.listener is not None
        web = ["instagram.web", "--host", settings.HOST, "--port", str(settings.PORT)]
        web += ["--fd", str(self.listener.fileno()), "--workers", str(settings.WEB_WORKERS), "--kill-timeout", "8"]
        web += ["--log-level", "info" if level == "DEBUG" else "warning"]
        web += ["--access-log"] if level == "DEBUG" else []
        self.add_python("web", web, insist=True, noise=_STARTING_NOISE, listener=self.listener)
        celery = ["celery", "--quiet", "-A", "instagram"]
        for queue in QUEUES:
            worker = ["worker", "-Q", queue, "-n", f"{queue}@%h", "-c", str(settings.WORKER_CONCURRENCY), "-l", level]
            worker += ["--without-gossip", "--without-mingle"]
            # Django's checks read all addresses and forms, a third of what a worker needs to start. Beat makes them.
            self.add_python(queue, [*celery, "--skip-checks", *worker], patience_seconds=15, noise=_ROOT_WORKER_NOISE)
        self.add_python("beat", [*celery, "beat", "-s", str(self.run_dir / "beat"), "-l", level])

    def add_python(
        self,
        name: str,
        module: list[str],
        *,
        patience_seconds: float = 10,
        insist: bool = False,
        noise: re.Pattern[str] | None = None,
        listener: socket.socket | None = None,
    ) -> None:
        command = [sys.executable, "-m", *module]
        self.supervisor.add(
            Part(
                name,
                lambda: self.child(command, listener=listener),
                patience_seconds=patience_seconds,
                insist=insist,
                noise=noise,
            )
        )

    def child(self, command: list[str], *, listener: socket.socket | None = None) -> subprocess.Popen[bytes]:
        handed_on = [listener.fileno()] if listener else []
        return child(
            command, cwd=settings.BASE_DIR, env=self.environment, last_signal=signal.SIGTERM, handed_on=handed_on
        )

    def wait_until_ready(self) -> None:
        """Until /readyz says that the database, Valkey, the storage and a worker answer."""
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        while (trouble := _trouble()) is not None:
            if time.monotonic() > deadline:
                raise PartError(f"The site was not ready after {READY_TIMEOUT_SECONDS} seconds: {trouble}")
            self.supervisor.turn(0.15)
        for part in self.supervisor.parts:
            if part.noise is _STARTING_NOISE:
                part.noise = _WEB_NOISE

    def seed(self) -> None:
        """Make the demo content once for each database; a run that was interrupted is made good by the next."""
        stamp = self.run_dir / "demo.txt"
        database = hashlib.sha256(os.environ.get("DATABASE_URL", "embedded").encode()).hexdigest()[:16]
        if not settings.DEMO:
            return
        made = stamp.exists() and stamp.read_text() == database
        if made and get_user_model().objects.filter(username="demo").exists():
            return
        connection.close()
        with self.step("Demo content") as step:
            print("… making the demo content, once", flush=True)
            code = self.supervisor.run_once("demo", lambda: self.child([sys.executable, "manage.py", "seed_demo"]))
            if code == 0:
                stamp.write_text(database)
            else:
                step.detail = "not complete, see above; the next start tries again"

    # --- Telling -------------------------------------------------------------------------------------------------

    @contextmanager
    def step(self, name: str) -> Iterator["_Step"]:
        step = _Step()
        begun = time.monotonic()
        yield step
        _done(f"{name}{f' ({step.detail})' if step.detail else ''}", time.monotonic() - begun)

    def print_welcome(self) -> None:
        mail = f"printed here and kept in {settings.EMAIL_FILE_PATH}" if not settings.EMAIL_URL else "sent by EMAIL_URL"
        rows = [("Open", _address())]
        if settings.DEMO and not settings.PRODUCTION:
            rows += [
                ("Sign in as", "demo / demo-everyframe"),
                ("Admin", f"{_address()}/admin/  admin / admin-everyframe"),
            ]
        else:
            rows += [
                ("Sign up", f"{_address()}/accounts/signup/"),
                (
                    "Admin",
                    f"{_address()}/admin/  (make an account: {_short(sys.executable)} manage.py createsuperuser)",
                ),
            ]
        rows += [("Mail", mail), ("Stop", "Ctrl-C")]
        line = "─" * 78
        print(f"\n{line}\n {settings.SITE_NAME} is ready after {time.monotonic() - self.begun:.1f} s\n", flush=True)
        for name, text in rows:
            print(f" {name:<11}{text}")
        print(f"{line}\n", flush=True)

    def record(self) -> None:
        """Write run/up.json: who runs, where, and the process id of each part."""
        parts = {part.name: part.process.pid for part in self.supervisor.parts if part.process and part.runs}
        text = json.dumps({"pid": os.getpid(), "state": self.state, "address": _address(), "parts": parts}, indent=1)
        draft = self.run_dir / "up.json.new"
        try:
            draft.write_text(text)
            draft.replace(self.run_dir / "up.json")
        except OSError as error:
            self.supervisor.say(f"run/up.json could not be written: {error.strerror}")

    def recorded(self) -> dict[str, Any]:
        try:
            found = json.loads((self.run_dir / "up.json").read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    # --- Stopping ------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Web and workers first, which finish what they do; then Valkey, then PostgreSQL."""
        self.state = "stopping"
        self.record()
        if self.listener:
            self.listener.close()
        begun = time.monotonic()
        if self.supervisor.parts:
            print("\nStopping (again to force)", flush=True)
        connection.close()
        self.supervisor.stop()
        processes.end(list(processes.marked_with(MARK, str(self.data_dir))), signal.SIGKILL, patience_seconds=5)
        scratch.sweep()
        self.state = "stopped"
        self.record()
        if self.supervisor.parts:
            _done("Stopped", time.monotonic() - begun)


class _Step:
    detail = ""


def _done(text: str, seconds: float | None = None) -> None:
    print(f"✓ {text:<58} {f'{seconds:5.1f} s' if seconds is not None else ''}".rstrip(), flush=True)


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _refuse(variable: str, what: str, url: str, error: Exception) -> NoReturn:
    """Say that the server of `variable` cannot be used and why, without the password that its URL may hold."""
    parts = urlsplit(url)
    try:
        where = f"{parts.hostname or parts.path or '?'}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        where = parts.hostname or "?"
    reason = " ".join(str(error).split())
    # libpq begins with all that it tried; what follows the last colon says what happened.
    reason = reason.split(" failed: ", 1)[-1].removeprefix("FATAL: ").strip()
    for secret in {parts.password, unquote(parts.password or "")} - {None, ""}:
        reason = reason.replace(str(secret), "…")
    raise CommandError(f"{variable}: cannot use {what} at {where}: {reason.rstrip('.')}.") from None


def _migrate() -> str:
    """Bring the database's schema up to date; return what was done."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", verbosity=0, interactive=False)
    return f"{len(plan)} migrations" if plan else "up to date"


def _collect_static() -> str:
    """Collect the static files unless nothing changed since the last time; return what was done."""
    if settings.DEBUG:
        return "served from their folders"
    # The storage rewrites and bundles files, so its own code counts as one of them.
    rewriter = Path(inspect.getfile(storages["staticfiles"].__class__))
    state = hashlib.sha256(str(settings.STORAGES["staticfiles"]).encode() + rewriter.read_bytes())
    number = 0
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            state.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
            number += 1
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if stamp.exists() and stamp.read_text() == state.hexdigest():
        return "unchanged"
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", verbosity=0, interactive=False)
    stamp.write_text(state.hexdigest())
    return f"{number} files"


def _address() -> str:
    host = settings.HOST if settings.HOST not in {"127.0.0.1", "0.0.0.0", "::", "::1", ""} else "localhost"  # noqa: S104
    return f"http://{host}:{settings.PORT}"


def _short(path: str) -> str:
    """A path as a person in the project's folder would type it."""
    try:
        return str(Path(path).relative_to(settings.BASE_DIR))
    except ValueError:
        return path


def _trouble() -> str | None:
    """Why the site is not ready, in words; None when it is."""
    host = settings.HOST if settings.HOST not in {"0.0.0.0", "::", ""} else "127.0.0.1"  # noqa: S104
    name = next((name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"), "localhost")
    request = urllib.request.Request(
        f"http://{f'[{host}]' if ':' in host else host}:{settings.PORT}/readyz", headers={"Host": name}
    )
    # No proxy of the environment's between us and ourselves.
    opener: Callable[..., Any] = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
    try:
        with opener(request, timeout=5) as answer:
            return None if answer.status == 200 else f"/readyz answered {answer.status}"
    except urllib.error.HTTPError as error:
        return f"/readyz answered {error.code}: {error.read(500).decode(errors='replace')}"
    except OSError as error:
        return f"the web process does not answer ({error})"
