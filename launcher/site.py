"""One run of the complete site, from the checks to the stop."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection

from common import scratch
from launcher import parts, postgres, preflight, processes, run_folder, valkey
from launcher.console import print_done, print_welcome, site_address, step
from launcher.errors import PartError, StopRequested
from launcher.preparation import collect_static, migrate
from launcher.readiness import not_ready_because
from launcher.supervisor import Supervisor

READY_TIMEOUT_SECONDS = 120


class Site:
    """A run of the site. With `parent`, a process id, it stops when the parent process changes."""

    def __init__(self, parent: int | None) -> None:
        self.data_dir = settings.DATA_DIR.absolute()
        self.run_dir = self.data_dir / "run"
        self.begun = time.monotonic()
        self.state = "starting"
        self.listener: socket.socket | None = None
        self.realtime_listener: socket.socket | None = None
        self.supervisor = Supervisor(names=parts.NAMES, on_change=self.write_record, parent=parent)
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "instagram.settings",
            "PYTHONUNBUFFERED": "1",
            "DATA_DIR": str(self.data_dir),
            preflight.DATA_DIR_VARIABLE: str(self.data_dir),
        }

    def run(self) -> None:
        """Start, serve and stop. Returns after a requested stop; raises StartError if the site cannot be started."""
        print(f"{settings.SITE_NAME} is starting (data in {self.data_dir})", flush=True)
        preflight.make_data_dir(self.data_dir)
        with run_folder.locked(self.data_dir):
            self.write_record()
            preflight.end_leftovers(self.data_dir)
            self.listener = preflight.open_port("PORT", settings.PORT)
            self.realtime_listener = preflight.open_realtime_port()
            self.environment["REALTIME_PORT"] = str(self.realtime_listener.getsockname()[1])
            preflight.check_external_servers()
            self.supervisor.use_signals()
            try:
                self.start()
                self.supervisor.is_starting = False
                self.state = "ready"
                self.write_record()
                print_welcome(time.monotonic() - self.begun)
                while True:
                    self.supervisor.turn(0.5)
            except StopRequested:
                pass
            finally:
                self.stop()

    # --- Starting ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.start_servers()
        with step("Database") as current, self.supervisor.interruptible():
            current.detail = migrate()
        with step("Static files") as current, self.supervisor.interruptible():
            current.detail = collect_static()
        with step("Web, sockets, workers and beat") as current:
            self.start_processes()
            self.wait_until_ready()
            self.supervisor.output.flush()
            current.detail = f"{settings.WEB_WORKERS} web, {len(parts.QUEUES)} workers"
        self.make_demo()

    def start_servers(self) -> None:
        """Start PostgreSQL and Valkey, each unless its URL names another server."""
        has_postgres, has_valkey = (not os.environ.get(name) for name in ("DATABASE_URL", "REDIS_URL"))
        names = [*(["PostgreSQL 18"] if has_postgres else []), *(["Valkey 9"] if has_valkey else [])]
        if not names:
            return
        with step(" and ".join(names)) as current:
            postgres_process = valkey_process = None
            if has_postgres:
                current.detail = "new" if not (self.data_dir / "postgres").exists() else ""
                postgres_process = self.supervisor.add(parts.postgres_part(self.data_dir))
            if has_valkey:
                valkey_process = self.supervisor.add(parts.valkey_part(self.data_dir))
            try:
                with self.supervisor.interruptible():
                    if postgres_process:
                        postgres.wait_until_ready(postgres_process, self.data_dir)
                    if valkey_process:
                        valkey.wait_until_ready(valkey_process, self.data_dir)
            finally:
                self.supervisor.output.flush()

    def start_processes(self) -> None:
        assert self.listener is not None
        assert self.realtime_listener is not None
        self.supervisor.add(parts.web_part(self.start_python, self.listener))
        self.supervisor.add(parts.realtime_part(self.start_python, self.realtime_listener))
        for queue in parts.QUEUES:
            self.supervisor.add(parts.worker_part(self.start_python, queue))
        self.supervisor.add(parts.beat_part(self.start_python, self.run_dir))

    def start_python(self, command: list[str], *, inherited_fds: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        return processes.start_child(
            command,
            cwd=settings.BASE_DIR,
            env=self.environment,
            death_signal=signal.SIGTERM,
            inherited_fds=inherited_fds,
        )

    def wait_until_ready(self) -> None:
        """Wait for the readiness page to answer 200. Raises PartError after READY_TIMEOUT_SECONDS."""
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        while (reason := not_ready_because()) is not None:
            if time.monotonic() > deadline:
                raise PartError(f"The site was not ready after {READY_TIMEOUT_SECONDS} seconds: {reason}")
            self.supervisor.turn(0.15)
        for part in self.supervisor.parts:
            if part.noise is parts.WEB_STARTING_NOISE:
                part.set_noise(parts.WEB_NOISE)

    def make_demo(self) -> None:
        """Create the demo content once for each database. A run that was interrupted is completed by the next one."""
        stamp = self.run_dir / "demo.txt"
        database = hashlib.sha256(os.environ.get("DATABASE_URL", "embedded").encode()).hexdigest()[:16]
        if not settings.DEMO:
            return
        is_made = stamp.exists() and stamp.read_text() == database
        if is_made and get_user_model().objects.filter(username="demo").exists():
            return
        connection.close()
        with step("Demo content") as current:
            print("… making the demo content, once", flush=True)
            command = [sys.executable, "manage.py", "seed_demo"]
            code = self.supervisor.run_once("demo", lambda: self.start_python(command))
            if code == 0:
                stamp.write_text(database)
            else:
                current.detail = "not complete, see above; the next start tries again"

    def write_record(self) -> None:
        """Write the state and the process ids of the parts to run/up.json."""
        running = {part.name: part.process.pid for part in self.supervisor.parts if part.process and part.is_running}
        try:
            run_folder.write_record(self.data_dir, state=self.state, address=site_address(), parts=running)
        except OSError as error:
            self.supervisor.say(f"run/up.json could not be written: {error.strerror}")

    # --- Stopping ------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop web and workers, which finish their current work; then Valkey, then PostgreSQL."""
        self.state = "stopping"
        self.write_record()
        for listener in (self.listener, self.realtime_listener):
            if listener:
                listener.close()
        begun = time.monotonic()
        if self.supervisor.parts:
            print("\nStopping (again to force)", flush=True)
        connection.close()
        self.supervisor.stop()
        left = list(processes.with_environment(preflight.DATA_DIR_VARIABLE, str(self.data_dir)))
        processes.end(left, signal.SIGKILL, patience_seconds=5)
        scratch.sweep()
        self.state = "stopped"
        self.write_record()
        if self.supervisor.parts:
            print_done("Stopped", time.monotonic() - begun)
