"""A second PostgreSQL that streams from the one of the tests, made by pg_basebackup."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection, connections

from common import replicas
from common.databases import REPLICA_PREFIX
from common.local_servers import POSTGRES_PORT, ROLE, socket_dir
from launcher import embedded, postgres, processes
from launcher.postgres_user import can_enter, programs_for, server_user
from tests.servers import make_data_dir

ALIAS = f"{REPLICA_PREFIX}1"


class StreamingReplica:
    """A replica of the whole server of the session, with control over its replay."""

    def __init__(self) -> None:
        self.folder = make_data_dir("replica")
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Copy the server, and start the copy as a replica."""
        self._copy()
        self.process = postgres.start(self.folder, durable=False)
        postgres.wait_until_ready(self.process, self.folder)

    def _copy(self) -> None:
        source = Path(connection.settings_dict["OPTIONS"].get("host") or connection.settings_dict["HOST"])
        user, target = server_user(self.folder / "postgres"), self.folder / "postgres"
        embedded.make_private(target, user)
        setup = processes.child_setup(
            15, user=user, enters_closed_folders=user is not None and not can_enter(user, source / "socket", target)
        )
        command = [str(programs_for(user, self.folder) / "pg_basebackup"), "-h", str(source), "-p", str(POSTGRES_PORT)]
        command += ["-U", ROLE, "-D", str(target), "-R", "-X", "stream", "-c", "fast", "--no-sync"]
        done = subprocess.run(
            command,
            cwd=target,
            env=embedded.clean_environment(),
            preexec_fn=setup,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{ROLE}@/{database}?host={socket_dir(self.folder) / 'pg'}&port={POSTGRES_PORT}"

    def sql(self, query: str, *values: object) -> list[tuple]:
        """Run SQL on a connection of its own to the replica; return the rows."""
        import psycopg2

        with closing(psycopg2.connect(self.url())) as found, found.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Context manager: the replica receives the log and does not replay it."""
        self.sql("SELECT pg_wal_replay_pause()")
        try:
            yield
        finally:
            self.sql("SELECT pg_wal_replay_resume()")

    def kill(self) -> None:
        processes.end(processes.running_in(self.folder / "postgres", "postgres"), 3, patience_seconds=5)

    def stop(self) -> None:
        if self.process is not None:
            postgres.stop(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def settings(self) -> dict:
        """Return its entry of DATABASES."""
        options = connection.settings_dict["OPTIONS"] | {"host": str(socket_dir(self.folder) / "pg")}
        return connection.settings_dict | {"OPTIONS": options, "HOST": "", "TEST": {"MIRROR": "default"}}


@contextmanager
def as_replica(server: StreamingReplica) -> Iterator[None]:
    """Context manager: the site reads from `server` as if READ_DATABASE_URLS named it."""
    connections.settings[ALIAS] = server.settings()
    replicas.replicas.cache_clear()
    try:
        yield
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]
        del connections.settings[ALIAS]
        replicas.replicas.cache_clear()
