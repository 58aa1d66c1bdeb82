"""PgBouncer in transaction mode between the site and the PostgreSQL of the tests."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
from django.db import connection

from common.local_servers import POSTGRES_PORT, ROLE
from launcher import processes
from launcher.postgres_user import can_enter, server_user
from tests.running_site import free_port
from tests.servers import PROJECT, make_data_dir

POOL_SIZE = 2


class PgBouncer:
    """A pool of POOL_SIZE connections of PostgreSQL for any number of clients; `port` is its port on 127.0.0.1."""

    def __init__(self) -> None:
        self.folder = make_data_dir("pgbouncer")
        self.port = free_port()
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it, installing Debian's package if needed. Fails, and says how to install it, if it is missing."""
        found = subprocess.run([PROJECT / "scripts" / "pgbouncer"], stdout=subprocess.PIPE, text=True, check=True)
        program = found.stdout.strip()
        sockets = connection.settings_dict["OPTIONS"]["host"]
        options = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": "transaction",
            "default_pool_size": POOL_SIZE,
            "max_client_conn": 200,
        }
        configuration = self.folder / "pgbouncer.ini"
        configuration.write_text(
            f"[databases]\n* = host={sockets} port={POSTGRES_PORT} user={ROLE}\n[pgbouncer]\n"
            + "".join(f"{name} = {value}\n" for name, value in options.items())
        )
        configuration.chmod(0o644)
        user = server_user(self.folder / "postgres")
        is_closed = user is not None and not can_enter(user, self.folder, Path(sockets))
        log = (self.folder / "log").open("w")
        with log:
            self.process = subprocess.Popen(
                [program, str(configuration)],
                stdout=log,
                stderr=log,
                preexec_fn=processes.child_setup(15, user=user, enters_closed_folders=is_closed),
            )
        deadline = time.monotonic() + 20
        while True:
            try:
                psycopg2.connect(self.url()).close()
                return
            except psycopg2.OperationalError:
                is_starting = self.process.poll() is None and time.monotonic() < deadline
                assert is_starting, (self.folder / "log").read_text()
                time.sleep(0.02)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{ROLE}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def client(self) -> Iterator[psycopg2.extensions.connection]:
        """Another client of the pool."""
        with closing(psycopg2.connect(self.url(str(connection.settings_dict["NAME"])))) as other:
            yield other

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
